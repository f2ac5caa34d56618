import assert from 'node:assert/strict';
import { bracketed, type Endpoint } from '../../src/base/net/endpoint.ts';
import { Secret } from '../../src/base/log/secret.ts';
import { answerChallenge } from '../../src/sip/digest/index.ts';
import {
  createResponse,
  HeaderList,
  parseMessage,
  defaultParseLimits,
  type SipMessage,
  SipRequest,
  SipResponse,
  serialise,
  withToTag,
} from '../../src/sip/message/index.ts';
import type { Network, UdpSocket } from '../../src/sip/transport/index.ts';
import type { TcpStream } from '../../src/sip/transport/ports.ts';
import { seededRandom } from '../kit/seeded-random.ts';

const random = seededRandom(99);

/** A phone or SIP server that says exactly what a test tells it to, and nothing by itself: no retransmission, no ACK. */
export class ScriptedPeer {
  readonly local: Endpoint;
  readonly received: SipMessage[] = [];
  /** Every datagram as it came. */
  readonly datagrams: string[] = [];
  octetsReceived = 0;
  /** Changes what is sent, octet by octet, for a peer that writes no proper SIP. */
  mangle: ((octets: string) => string) | undefined;
  readonly #server: Endpoint;
  readonly #socket: UdpSocket;
  readonly #transport: 'UDP' | 'TCP';
  #seq = 0;

  private constructor(socket: UdpSocket, server: Endpoint, transport: 'UDP' | 'TCP' = 'UDP') {
    this.#socket = socket;
    this.#transport = transport;
    this.local = socket.local;
    this.#server = server;
  }

  static async at(network: Network, local: Endpoint, server: Endpoint): Promise<ScriptedPeer> {
    const peers: ScriptedPeer[] = [];
    const socket = await network.bindUdp(local, (octets) => {
      for (const each of peers) {
        each.octetsReceived += octets.length;
        each.datagrams.push(octets.toString('latin1'));
      }
      const message = parseMessage(octets.toString('latin1'), defaultParseLimits);
      if (message.ok) peers[0]?.received.push(message.value);
    });
    const peer = new ScriptedPeer(socket, server);
    peers.push(peer);
    return peer;
  }

  /** A peer with one TCP connection to the server, over which several users may register. */
  static overTcp(network: Network, localAddress: string, server: Endpoint): ScriptedPeer {
    const stream = network.connectTcp(server, localAddress);
    return ScriptedPeer.#onStream(stream, stream.local, server);
  }

  /** Peers at the other ends of the connections that the server opens to `local`, in the order of their coming. */
  static async listenTcp(network: Network, local: Endpoint, server: Endpoint): Promise<readonly ScriptedPeer[]> {
    const peers: ScriptedPeer[] = [];
    await network.listenTcp(local, (stream) => peers.push(ScriptedPeer.#onStream(stream, local, server)));
    return peers;
  }

  static #onStream(stream: TcpStream, local: Endpoint, server: Endpoint): ScriptedPeer {
    const send = (octets: Buffer): void => stream.write(octets);
    const peer = new ScriptedPeer({ local, send, close: () => stream.destroy() }, server, 'TCP');
    stream.onData = (octets) => {
      const message = parseMessage(octets.toString('latin1'), defaultParseLimits);
      if (message.ok) peer.received.push(message.value);
    };
    return peer;
  }

  /** The newest request with this method. */
  request(method: string): SipRequest {
    const found = this.requests(method).at(-1);
    assert.ok(found, `${this.local.address} got no ${method}: ${this.heard()}`);
    return found;
  }

  requests(method: string): readonly SipRequest[] {
    return this.received.filter((message) => message.kind === 'request').filter((each) => each.method === method);
  }

  /** Statuses of the responses to a method, in the order of their coming. */
  statuses(method: string): readonly number[] {
    return this.responses(method).map(({ status }) => status);
  }

  responses(method: string): readonly SipResponse[] {
    return this.received.filter((message) => message.kind === 'response').filter((each) => each.cseq.method === method);
  }

  response(method: string, status: number): SipResponse {
    const found = this.responses(method).findLast((each) => each.status === status);
    assert.ok(found, `${this.local.address} got no ${status} to ${method}: ${this.heard()}`);
    return found;
  }

  /** Closes the socket, or the connection. */
  close(): void {
    this.#socket.close();
  }

  heard(): string {
    return this.received.map((each) => (each.kind === 'request' ? each.method : `${each.status}`)).join(' ');
  }

  send(message: SipMessage, to: Endpoint = this.#server): void {
    const octets = serialise(message);
    this.#socket.send(Buffer.from(this.mangle?.(octets) ?? octets, 'latin1'), to);
  }

  sendOctets(octets: string): void {
    this.#socket.send(Buffer.from(octets, 'latin1'), this.#server);
  }

  /** A request outside any dialog, from `user`. */
  build(
    method: string,
    uri: string,
    user: string,
    given: { headers?: HeaderList; body?: string; callId?: string; contact?: string } = {},
  ): SipRequest {
    this.#seq++;
    const { port } = this.local;
    const address = bracketed(this.local.address);
    const headers = new HeaderList()
      .append('via', `SIP/2.0/${this.#transport} ${address}:${port};rport;branch=z9hG4bK${random.hex(8)}`)
      .append('max-forwards', '70')
      .append('from', `<sip:${user}@server.example>;tag=${random.hex(4)}`)
      .append('to', method === 'REGISTER' ? `<sip:${user}@server.example>` : `<${uri}>`)
      .append('call-id', given.callId ?? random.hex(8))
      .append('cseq', `${this.#seq} ${method}`)
      .append('contact', given.contact ?? `<sip:${user}@${address}:${port}>`);
    for (const [name, value] of given.headers?.entries() ?? []) headers.append(name, value);
    if (given.body !== undefined) headers.append('content-type', 'application/sdp');
    return new SipRequest(method, uri, headers, given.body ?? '');
  }

  /** The request again with an answer to the challenge that it got. */
  authorised(request: SipRequest, challenge: SipResponse, user: string, password: string): SipRequest {
    const proxy = challenge.status === 407;
    const challenges = challenge.headers.getAll(proxy ? 'proxy-authenticate' : 'www-authenticate');
    const realm = /realm="([^"]*)"/.exec(challenges[0] ?? '')?.[1] ?? '';
    const answer = answerChallenge({
      ...{ challenges, pinnedRealm: realm, username: user, password: new Secret(password) },
      ...{ method: request.method, uri: request.uri, random },
    });
    assert.ok(answer.ok);
    this.#seq++;
    const headers = request.headers.clone();
    headers.set('via', (headers.get('via') ?? '').replace(/branch=\w+/, `branch=z9hG4bK${random.hex(8)}`));
    headers.set('cseq', `${this.#seq} ${request.method}`);
    headers.append(proxy ? 'proxy-authorization' : 'authorization', answer.value);
    return new SipRequest(request.method, request.uri, headers, request.body);
  }

  respond(
    request: SipRequest,
    status: number,
    given: { body?: string; tag?: string; headers?: HeaderList } = {},
  ): void {
    const { port } = this.local;
    const address = bracketed(this.local.address);
    const tagged =
      status === 100
        ? createResponse(request, status)
        : withToTag(createResponse(request, status), given.tag ?? 'peer');
    const { headers } = tagged;
    headers.append('contact', `<sip:${address}:${port}>`);
    for (const [name, value] of given.headers?.entries() ?? []) headers.append(name, value);
    if (given.body !== undefined) headers.append('content-type', 'application/sdp');
    this.send(new SipResponse(tagged.status, tagged.reason, headers, given.body ?? ''));
  }

  /** ACK of a response to `invite`: in its transaction for a refusal, in the dialog for a 2xx. */
  ack(invite: SipRequest, response: SipResponse): void {
    this.send(this.#follow('ACK', invite, response, invite.cseq.seq, response.status >= 300));
  }

  /** The ACK of a 2xx to a re-INVITE of ours in the dialog that `invite` made. */
  inDialogAck(invite: SipRequest, response: SipResponse): SipRequest {
    return this.#follow('ACK', invite, response, response.cseq.seq, false);
  }

  /** A request in the dialog that `invite` of ours and its 2xx made. */
  inDialog(method: string, invite: SipRequest, response: SipResponse, body?: string): SipRequest {
    this.#seq++;
    const request = this.#follow(method, invite, response, this.#seq, false);
    if (body !== undefined)
      request.headers.append('content-type', method === 'INFO' ? 'application/dtmf-relay' : 'application/sdp');
    return new SipRequest(method, request.uri, request.headers, body ?? '');
  }

  /** A request in the dialog that the server's `invite` and our 2xx made. */
  inDialogAsCallee(method: string, invite: SipRequest, body?: string, tag = 'peer'): SipRequest {
    this.#seq += 100;
    const { port } = this.local;
    const address = bracketed(this.local.address);
    const headers = new HeaderList()
      .append('via', `SIP/2.0/UDP ${address}:${port};rport;branch=z9hG4bK${random.hex(8)}`)
      .append('max-forwards', '70')
      .append('from', `${invite.headers.get('to') ?? ''};tag=${tag}`)
      .append('to', invite.headers.get('from') ?? '')
      .append('call-id', invite.callId)
      .append('cseq', `${this.#seq} ${method}`)
      .append('contact', `<sip:${address}:${port}>`);
    if (body !== undefined) headers.append('content-type', 'application/sdp');
    return new SipRequest(method, `sip:${bracketed(this.#server.address)}:${this.#server.port}`, headers, body ?? '');
  }

  cancel(invite: SipRequest): void {
    const headers = new HeaderList()
      .append('via', invite.headers.get('via') ?? '')
      .append('max-forwards', '70')
      .append('from', invite.headers.get('from') ?? '')
      .append('to', invite.headers.get('to') ?? '')
      .append('call-id', invite.callId)
      .append('cseq', `${invite.cseq.seq} CANCEL`);
    this.send(new SipRequest('CANCEL', invite.uri, headers, ''));
  }

  #follow(method: string, invite: SipRequest, response: SipResponse, seq: number, sameBranch: boolean): SipRequest {
    const { port } = this.local;
    const address = bracketed(this.local.address);
    const via = sameBranch
      ? (invite.headers.get('via') ?? '')
      : `SIP/2.0/UDP ${address}:${port};rport;branch=z9hG4bK${random.hex(8)}`;
    const headers = new HeaderList()
      .append('via', via)
      .append('max-forwards', '70')
      .append('from', invite.headers.get('from') ?? '')
      .append('to', response.headers.get('to') ?? '')
      .append('call-id', invite.callId)
      .append('cseq', `${seq} ${method}`)
      .append('contact', `<sip:${address}:${port}>`);
    return new SipRequest(method, invite.uri, headers, '');
  }
}

/** An SDP of one audio stream in PCMU. */
export function sdp(address: string, port = 40_000, lines: readonly string[] = []): string {
  const family = address.includes(':') ? 'IP6' : 'IP4';
  const head = ['v=0', `o=- 1 1 IN ${family} ${address}`, 's=-', `c=IN ${family} ${address}`, 't=0 0'];
  const media = [
    `m=audio ${port} RTP/AVP 0 101`,
    'a=rtpmap:0 PCMU/8000',
    'a=rtpmap:101 telephone-event/8000',
    ...lines,
  ];
  return `${[...head, ...media].join('\r\n')}\r\n`;
}

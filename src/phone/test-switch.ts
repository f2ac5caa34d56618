import { createHash } from 'node:crypto';
import { type Endpoint, formatEndpoint } from '../base/net/endpoint.ts';
import { assert } from '../base/result/assert.ts';
import type { Clock } from '../base/time/clock.ts';
import { buildChallenges, ha1, parseCredentials, verifyDigest } from '../sip/digest/index.ts';
import {
  createResponse,
  defaultParseLimits,
  HeaderList,
  parseContacts,
  parseMessage,
  parseUri,
  type SipMessage,
  SipRequest,
  SipResponse,
  serialise,
  stampTopVia,
  withToTag,
} from '../sip/message/index.ts';
import type { Network, UdpSocket } from '../sip/transport/index.ts';

/** A message as it passed the switch. */
export interface Passed {
  readonly from: Endpoint;
  readonly message: SipMessage;
  /** UTC milliseconds. */
  readonly atMs: number;
}

/**
 * For tests: a registrar and stateless proxy over UDP (RFC 3261 §16.11), which knows nothing of calls. The phones' own
 * transactions and dialogs meet end to end, and a test sees and can lose each message.
 */
export class TestSwitch {
  readonly domain: string;
  readonly realm = 'test';
  readonly passwords = new Map<string, string>();
  readonly bindings = new Map<string, Endpoint>();
  readonly passed: Passed[] = [];
  /** True loses a message that came in. */
  lose: (message: SipMessage, from: Endpoint) => boolean = () => false;
  readonly #clock: Clock;
  #socket: UdpSocket | undefined;
  #nonces = 0;

  constructor(domain: string, clock: Clock) {
    this.domain = domain;
    this.#clock = clock;
  }

  async start(network: Network, local: Endpoint): Promise<Endpoint> {
    this.#socket = await network.bindUdp(local, (octets, remote) => this.#receive(octets.toString('latin1'), remote));
    return this.#socket.local;
  }

  stop(): void {
    this.#socket?.close();
  }

  /** Sends a request of the switch's own. */
  send(request: SipRequest, to: Endpoint): void {
    this.#socket?.send(Buffer.from(serialise(request), 'latin1'), to);
  }

  /** The requests of a method that came from an endpoint, or from anywhere. */
  requests(method: string, from?: Endpoint): readonly SipRequest[] {
    return this.passed.flatMap((one) => {
      const isAsked = from === undefined || formatEndpoint(one.from) === formatEndpoint(from);
      return one.message.kind === 'request' && one.message.method === method && isAsked ? [one.message] : [];
    });
  }

  #receive(octets: string, from: Endpoint): void {
    const parsed = parseMessage(octets, defaultParseLimits);
    assert(parsed.ok, `a phone sent a malformed message: ${octets}`);
    const message = parsed.value;
    if (this.lose(message, from)) return;
    this.passed.push({ from, message, atMs: this.#clock.wallMs() });
    if (message.kind === 'response') return this.#forwardResponse(message);
    stampTopVia(message, from);
    const isFirst = message.toTag === undefined && message.method !== 'ACK' && message.method !== 'CANCEL';
    if (isFirst && !this.#isProven(message)) return this.#challenge(message, from);
    if (message.method === 'REGISTER') this.#register(message, from);
    else this.#forward(message, from);
  }

  #isProven(request: SipRequest): boolean {
    const value = request.headers.get('authorization') ?? request.headers.get('proxy-authorization');
    if (value === undefined) return false;
    const credentials = parseCredentials(value);
    if (!credentials.ok) return false;
    const { username, realm, algorithm } = credentials.value;
    const password = this.passwords.get(username) ?? '';
    return verifyDigest(credentials.value, ha1(username, realm, password, algorithm), request.method, request.body);
  }

  #challenge(request: SipRequest, to: Endpoint): void {
    const status = request.method === 'REGISTER' ? 401 : 407;
    const response = withToTag(createResponse(request, status), 'switch');
    const name = status === 401 ? 'www-authenticate' : 'proxy-authenticate';
    this.#nonces++;
    const challenge = { realm: this.realm, nonce: `nonce${this.#nonces}`, stale: false, qop: true } as const;
    for (const value of buildChallenges({ ...challenge, algorithms: ['MD5'] })) response.headers.append(name, value);
    this.#sendResponse(response, to);
  }

  #register(request: SipRequest, from: Endpoint): void {
    const user = userOf(request.to.uri);
    const response = withToTag(createResponse(request, 200), 'switch');
    const contacts = parseContacts(request.headers);
    assert(contacts.ok && contacts.value !== '*', 'a phone registers one Contact');
    if (contacts.value[0]?.params.get('expires') === '0') {
      this.bindings.delete(user);
    } else {
      this.bindings.set(user, from);
      response.headers.append('contact', request.headers.get('contact') ?? '');
    }
    this.#sendResponse(response, from);
  }

  #forward(request: SipRequest, from: Endpoint): void {
    const to = this.#targetOf(request.uri);
    if (to === undefined) return this.#sendResponse(withToTag(createResponse(request, 404), 'switch'), from);
    const headers = request.headers.clone();
    headers.delete('proxy-authorization');
    // The same for each retransmission, and for the ACK and the CANCEL of an INVITE (RFC 3261 §16.11).
    const branch = createHash('sha256').update(request.topVia.branch).digest('hex').slice(0, 16);
    const own = this.#socket?.local ?? from;
    headers.prepend('via', `SIP/2.0/UDP ${formatEndpoint(own)};branch=z9hG4bK${branch}`);
    this.send(new SipRequest(request.method, request.uri, headers, request.body), to);
  }

  /** A binding for an address of the domain; the address itself for a Contact. */
  #targetOf(uri: string): Endpoint | undefined {
    const parsed = parseUri(uri);
    if (!parsed.ok || parsed.value.scheme === 'tel') return undefined;
    const { user, host, port } = parsed.value;
    return host === this.domain ? this.bindings.get(user) : { address: host, port: port ?? 5060 };
  }

  #forwardResponse(response: SipResponse): void {
    const vias = response.headers.getAll('via').slice(1);
    // The answer to a request of our own.
    if (vias.length === 0) return;
    const headers = new HeaderList();
    for (const via of vias) headers.append('via', via);
    for (const [name, value] of response.headers.entries()) if (name !== 'via') headers.append(name, value);
    const forwarded = new SipResponse(response.status, response.reason, headers, response.body);
    const { received, host, rport, port } = forwarded.topVia;
    this.#sendResponse(forwarded, {
      address: received ?? host,
      port: typeof rport === 'number' ? rport : (port ?? 5060),
    });
  }

  #sendResponse(response: SipResponse, to: Endpoint): void {
    this.#socket?.send(Buffer.from(serialise(response), 'latin1'), to);
  }
}

function userOf(uri: string): string {
  const parsed = parseUri(uri);
  return parsed.ok && parsed.value.scheme !== 'tel' ? parsed.value.user : '';
}

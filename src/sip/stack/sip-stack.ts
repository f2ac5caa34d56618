import type { Endpoint } from '../../base/net/endpoint.ts';
import { sameEndpoint } from '../../base/net/endpoint.ts';
import type { Random } from '../../base/random/random.ts';
import type { Clock } from '../../base/time/clock.ts';
import {
  createResponse,
  HeaderList,
  type ParseError,
  SipRequest,
  type SipResponse,
  serialise,
  stampTopVia,
} from '../message/index.ts';
import {
  type ClientTransactionUser,
  type InviteClientTransaction,
  type InviteServerTransaction,
  type NonInviteServerTransaction,
  type TimerValues,
  TransactionLayer,
} from '../transaction/index.ts';
import type { Flow, PeerIdentity, TransportName } from '../transport/flow.ts';
import type { Admission, PacketSource, TransportHandlers, TransportLimits } from '../transport/limits.ts';
import type { Network, StreamGate } from '../transport/ports.ts';
import { TransportLayer } from '../transport/transport-layer.ts';
import { type Advertise, contactValue, viaValue } from './advertise.ts';
import { type BoundRefusals, defaultBounds, fullBound, type RoomFor, type StackBounds } from './bounds.ts';
import { DialogRegistry } from './dialog-registry.ts';
import { refusalOf } from './sanity.ts';
import { StatelessTag } from './stateless-tag.ts';

const maxAmplification = 3;
/** Between the last answer on a connection and its end. */
const lastWordMs = 200;

/** What the domain is told by the stack. */
export interface StackUser {
  /** Asked before a packet is parsed; a datagram comes with its octets, which hold only until the answer. */
  admit(source: PacketSource, octets?: Buffer): Admission;
  /** Asked before a request that was parsed is worked on in any way; true loses it in silence. Nobody asks without it. */
  ignores?(request: SipRequest, flow: Flow): boolean;
  /** A message that belongs to no transaction or dialog of ours, or has a method that nobody has. */
  onSenseless?(
    what: 'stray response' | 'stray request' | 'unknown method',
    message: SipRequest | SipResponse,
    flow: Flow,
  ): void;
  /** A new request outside any dialog that passed the sanity list; nothing is remembered of it yet. */
  onRequest(request: SipRequest, flow: Flow): void;
  /** Bytes that are no SIP message; they have been answered or dropped already. */
  onMalformed(error: ParseError, flow: Flow): void;
  onKeepAlive(flow: Flow): void;
  onConnectionClosed(flow: Flow): void;
}

export interface StackOptions {
  readonly network: Network;
  /** Where TLS and WebSocket come from and go; without it there is neither. */
  readonly gate?: StreamGate;
  readonly clock: Clock;
  readonly random: Random;
  readonly timers: TimerValues;
  readonly transportLimits: TransportLimits;
  /** What may be remembered at once; `defaultBounds` where it is not given. */
  readonly bounds?: Partial<StackBounds>;
  /** Whether a source has proven lately to be one of ours; asked only at a bound. */
  readonly isKnown?: (flow: Flow) => boolean;
  /**
   * What a SIP server at this address has to prove over TLS; undefined where there is none of ours. Only to SIP servers a
   * connection is opened for an answer whose own has gone.
   */
  readonly serverAt?: (address: string) => PeerIdentity | undefined;
  readonly advertise: Advertise;
  /** Whether answers go to the port that a packet came from, also where no rport asks for it [own.forcerport]. */
  readonly forceRport: () => boolean;
  readonly serverName: string;
  /** Told of a broken invariant: the message that met it is lost, and nothing else. */
  readonly onFault: (error: unknown) => void;
}

/** Joins transport, transactions and dialogs, and is what the domain sends and answers through. */
export class SipStack {
  readonly dialogs = new DialogRegistry();
  readonly bounds: StackBounds;
  readonly boundRefusals: BoundRefusals = {
    ...{ maxTransactions: 0, maxInvitesPerSource: 0, maxDialogs: 0, maxDialogsPerSource: 0 },
  };
  readonly #options: StackOptions;
  readonly #user: StackUser;
  readonly #transport: TransportLayer;
  readonly #transactions: TransactionLayer;
  readonly #statelessTag: StatelessTag;

  constructor(options: StackOptions, user: StackUser) {
    this.#options = options;
    this.#user = user;
    this.bounds = { ...defaultBounds, ...options.bounds };
    this.#statelessTag = new StatelessTag(options.random);
    this.#transactions = new TransactionLayer(options.clock, options.random, options.timers, {
      onRequest: (request, flow) => this.#onRequest(request, flow),
      onAck: (request, flow) => this.dialogs.find(request)?.onAck(request, flow),
      onStrayCancel: (request, flow) => this.reply(request, flow, 481),
      // Without rport the INVITE is answered at its Via's port, so that is where the CANCEL has to point as well.
      mayCancel: (invite, cancel, flow) => sameSource(invite.flow, this.#responseFlow(cancel, flow)),
      answerCancel: (cancel, flow, status) => this.reply(cancel, flow, status),
      answerFlow: (request, flow) => this.#answerFlow(request, flow),
      isLive: (flow) => this.isLive(flow),
      onStrayResponse: (response, flow) => user.onSenseless?.('stray response', response, flow),
    });
    const handlers: TransportHandlers = {
      admit: (source, octets) => user.admit(source, octets),
      onRequest: (request, flow) => this.#guarded(() => this.#receive(request, flow)),
      onResponse: (response, flow) => this.#guarded(() => this.#onResponse(response, flow)),
      onMalformed: (error, flow) => this.#guarded(() => this.#onMalformed(error, flow)),
      onKeepAlive: (flow) => user.onKeepAlive(flow),
      onConnectionClosed: (flow) => this.#guarded(() => this.#onConnectionClosed(flow)),
    };
    const { network, clock, transportLimits, gate } = options;
    this.#transport = new TransportLayer(network, clock, transportLimits, handlers, gate);
  }

  /** @returns the bound endpoint; rejects with the system's error where it cannot be had. */
  listen(transport: TransportName, local: Endpoint): Promise<Endpoint> {
    return this.#transport.listen(transport, local);
  }

  close(): void {
    this.#transactions.close();
    this.#transport.close();
  }

  get transactionCount(): number {
    return this.#transactions.size;
  }

  get answeredCount(): number {
    return this.#transactions.answeredCount;
  }

  /** Whether a request of ours to this address with this branch waits for its answer. */
  awaits(branch: string, address: string): boolean {
    return this.#transactions.awaits(branch, address);
  }

  transportStats(): ReturnType<TransportLayer['stats']> {
    return this.#transport.stats();
  }

  /** A way to `remote`: our UDP socket of its family, a live connection to it, or a new one; TLS wants its `peer`. */
  flowTo(transport: TransportName, remote: Endpoint, local?: Endpoint, peer?: PeerIdentity): Flow | undefined {
    return this.#transport.flowTo(transport, remote, local, peer);
  }

  /** False once the connection of the flow has gone; UDP has none. */
  isLive({ connectionId }: Flow): boolean {
    return connectionId === 0 || this.#transport.flowById(connectionId) !== undefined;
  }

  /** The flow itself while it lives; for a connection that has gone, a new one to the same peer. */
  liveFlow(flow: Flow): Flow {
    if (this.isLive(flow)) return flow;
    return this.#transport.flowTo(flow.transport, flow.remote, undefined, flow.peer) ?? flow;
  }

  /** The peer has proven to be one of ours: its connection no longer makes room for others. Nothing for UDP. */
  trustConnection(flow: Flow): void {
    this.#transport.trust(flow.connectionId);
  }

  /** Ends the connection that a flow is; nothing for UDP. What was written before still goes out. */
  closeConnection(flow: Flow): void {
    if (flow.connectionId === 0) return;
    this.#options.clock.after(lastWordMs, () => this.#transport.closeConnection(flow.connectionId));
  }

  /** See `TransportLayer.knowSource`. */
  knowSource(source: Pick<Flow, 'transport' | 'remote' | 'local'>): void {
    this.#transport.knowSource(source);
  }

  advertised(flow: Flow): Endpoint {
    return this.#options.advertise(flow);
  }

  /** Our Contact on `flow`; `like` is the URI that the dialog was asked for by, whose scheme ours has to match. */
  contact(flow: Flow, user: string, like = ''): string {
    return contactValue(flow, this.#options.advertise(flow), user, like);
  }

  /** A tag that proves: 64 bits of chance (RFC 3261 §19.3 asks for 32). */
  newTag(): string {
    return this.#options.random.hex(8);
  }

  newCallId(): string {
    return this.#options.random.hex(16);
  }

  /** Sends a request other than INVITE and ACK in a transaction of its own. */
  sendRequest(request: SipRequest, flow: Flow, user: ClientTransactionUser): void {
    this.#transactions.startNonInvite(this.#withVia(request, flow), flow, user);
  }

  /** A branch that nobody can guess. Its owner may add to it, behind a full stop. */
  newBranch(): string {
    return this.#transactions.newBranch();
  }

  /** Our Via of a request over `flow`. */
  via(flow: Flow, branch: string): string {
    return viaValue(flow, this.#options.advertise(flow), branch);
  }

  sendInvite(
    request: SipRequest,
    flow: Flow,
    user: ClientTransactionUser,
    branch = this.newBranch(),
  ): InviteClientTransaction {
    return this.#transactions.startInvite(this.#withVia(request, flow, branch), flow, user);
  }

  /**
   * Waits for answers to an INVITE that a server of ours sent before it died, and acknowledges refusals; it is not sent
   * again. For 64 times T1 (RFC 3261 §9.1): it is there to be cancelled.
   */
  adoptInvite(request: SipRequest, flow: Flow, user: ClientTransactionUser): void {
    this.#transactions.adoptInvite(request, flow, user);
  }

  /** Sends a CANCEL: it carries its INVITE's Via already (RFC 3261 §9.1). */
  sendCancel(cancel: SipRequest, flow: Flow, user: ClientTransactionUser): void {
    this.#transactions.startNonInvite(cancel, flow, user);
  }

  /** Sends the ACK of a 2xx; the octets are returned because each retransmitted 2xx is owed the same ACK. */
  sendAck(ack: SipRequest, flow: Flow): string {
    const octets = serialise(this.#withVia(ack, flow));
    flow.send(octets);
    return octets;
  }

  /** Remembers an INVITE and makes the transaction that answers it. */
  openInvite(request: SipRequest, flow: Flow): InviteServerTransaction {
    return this.#transactions.openInviteServer(request, this.#responseFlow(request, flow));
  }

  /** Remembers a request so that its retransmissions get the same answer. */
  openRequest(request: SipRequest, flow: Flow): NonInviteServerTransaction {
    return this.#transactions.openNonInviteServer(request, this.#responseFlow(request, flow));
  }

  /** A response with our tag and name; `headers` go in as they are. */
  response(request: SipRequest, status: number, localTag: string, headers?: HeaderList, reason?: string): SipResponse {
    const plain = createResponse(request, status, reason);
    // A To that could not be read (RFC 4475 has such) goes back as it came, for a tag would make it worse.
    const mayTag = status !== 100 && request.toTag === undefined && request.to.uri !== '';
    if (mayTag) plain.headers.set('to', `${plain.headers.get('to') ?? ''};tag=${localTag}`);
    plain.headers.append('server', this.#options.serverName);
    if (headers !== undefined) plain.headers.appendAll(headers);
    return plain;
  }

  /** Answers once and remembers nothing: for strangers, who are never sent a retransmission (RFC 3261 §8.2.7). */
  reply(request: SipRequest, flow: Flow, status: number, headers?: HeaderList, reason?: string): void {
    if (request.method === 'ACK') return;
    const response = this.response(request, status, this.#statelessTag.of(request, flow), headers, reason);
    const octets = notAmplified(response, flow.receivedOctets ?? 0);
    if (octets !== undefined) this.#responseFlow(request, flow).send(octets);
  }

  #guarded(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#options.onFault(error);
    }
  }

  #receive(request: SipRequest, flow: Flow): void {
    if (this.#user.ignores?.(request, flow) === true) return;
    stampTopVia(request, flow.remote);
    if (flow.verifiedNames !== undefined) this.#takeAlias(request, flow);
    this.#transactions.receiveRequest(request, flow, this.#responseFlow(request, flow));
  }

  /** The peer offers its connection for requests to what its Via names (RFC 5923 §5). */
  #takeAlias({ topVia }: SipRequest, flow: Flow): void {
    if (topVia.params.has('alias')) this.#transport.alias(flow.connectionId, topVia.host, topVia.port ?? 5061);
  }

  #onRequest(request: SipRequest, flow: Flow): void {
    const refusal = refusalOf(request);
    if (refusal !== undefined) {
      if (refusal.status === 501) this.#user.onSenseless?.('unknown method', request, flow);
      this.reply(request, flow, refusal.status, refusal.headers, refusal.reason);
      if (request.toTag !== undefined) this.dialogs.find(request)?.onRefused?.(flow);
      return;
    }
    if (request.toTag !== undefined) {
      const owner = this.dialogs.find(request);
      if (owner === undefined) {
        this.#user.onSenseless?.('stray request', request, flow);
        this.reply(request, flow, 481);
      } else if (this.#hasRoom('dialog', request, flow)) owner.onRequest(request, flow);
      return;
    }
    if (!this.#hasRoom(request.method === 'INVITE' ? 'call' : 'request', request, flow)) return;
    const wouldDial = request.method === 'INVITE' || request.method === 'MESSAGE';
    const goesInCircles = wouldDial && (this.#transactions.isMerged(request) || this.#transactions.isLooped(request));
    if (goesInCircles) return this.reply(request, flow, 482);
    this.#user.onRequest(request, flow);
  }

  /** At a bound the request is answered 503, but for a BYE, which makes room. */
  #hasRoom(what: RoomFor, request: SipRequest, flow: Flow): boolean {
    if (request.method === 'BYE') return true;
    const { address } = flow.remote;
    const load = {
      transactions: this.#transactions.size,
      dialogs: this.dialogs.size,
      invitesOfSource: what === 'call' ? this.#transactions.invitesOf(address) : 0,
      dialogsOfSource: what === 'call' ? this.dialogs.countOf(address) : 0,
    };
    const full = fullBound(this.bounds, load, what, () => this.#options.isKnown?.(flow) ?? true);
    if (full === undefined) return true;
    this.boundRefusals[full]++;
    this.reply(request, flow, 503, new HeaderList().append('retry-after', '5'));
    return false;
  }

  /** What was sent on a connection that has gone will not be answered (RFC 3261 §17.1.4). */
  #onConnectionClosed(flow: Flow): void {
    this.#transactions.connectionClosed(flow.connectionId);
    this.#user.onConnectionClosed(flow);
  }

  #onResponse(response: SipResponse, flow: Flow): void {
    if (this.#transactions.receiveResponse(response, flow)) this.#transport.reserveSocket(flow);
  }

  #onMalformed(error: ParseError, flow: Flow): void {
    const request = error.respondTo;
    if (request !== undefined && request.method !== 'ACK') {
      stampTopVia(request, flow.remote);
      this.reply(request, flow, error.status, undefined, error.reason);
    }
    this.#user.onMalformed(error, flow);
  }

  #withVia(request: SipRequest, flow: Flow, branch = this.newBranch()): SipRequest {
    const headers = request.headers.prepend('via', this.via(flow, branch));
    return new SipRequest(request.method, request.uri, headers, request.body);
  }

  /**
   * RFC 3261 §18.2.2: a final answer whose connection has gone goes over a new one, to where the INVITE came from, at the
   * port of its Via. No name is followed, and no stranger makes us connect to anything.
   */
  #answerFlow(request: SipRequest, flow: Flow): Flow {
    if (this.isLive(flow)) return flow;
    const peer = this.#options.serverAt?.(flow.remote.address);
    if (peer === undefined) return flow;
    const port = request.topVia.port ?? (flow.transport === 'tls' ? 5061 : 5060);
    return this.#transport.flowTo(flow.transport, { address: flow.remote.address, port }, undefined, peer) ?? flow;
  }

  /** RFC 3261 §18.2.2 and RFC 3581 §4: to the packet's source; its port where rport or the setting says so, else the Via's. */
  #responseFlow(request: SipRequest, flow: Flow): Flow {
    if (flow.reliable) return flow;
    const via = request.topVia;
    if (via.rport !== undefined || this.#options.forceRport()) return flow;
    const port = via.port ?? 5060;
    if (port === flow.remote.port) return flow;
    return this.#transport.flowTo('udp', { address: flow.remote.address, port }, flow.local) ?? flow;
  }
}

/** Headers of an answer that a stranger can do without. */
const dispensableHeaders = [
  ...(['server', 'allow', 'allow-events', 'supported'] as const),
  ...(['accept', 'accept-encoding', 'accept-language'] as const),
] as const;

/**
 * The answer within three times the octets of its question, so that nobody's forged address is hit by more than was
 * paid for; undefined where even its bare form is longer. 0 octets asked means a connection, or a peer that is proven.
 */
function notAmplified(response: SipResponse, askedOctets: number): string | undefined {
  const full = serialise(response);
  if (askedOctets === 0 || full.length <= maxAmplification * askedOctets) return full;
  for (const name of dispensableHeaders) response.headers.delete(name);
  const bare = serialise(response);
  return bare.length <= maxAmplification * askedOctets ? bare : undefined;
}

function sameSource(one: Flow, other: Flow): boolean {
  return one.transport === other.transport && sameEndpoint(one.remote, other.remote);
}

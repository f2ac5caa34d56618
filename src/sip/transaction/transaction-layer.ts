import { ExpiryQueue } from '../../base/bounded/expiry-queue.ts';
import { SourceCounts } from '../../base/bounded/source-counts.ts';
import { TextMap } from '../../base/bounded/text-map.ts';
import { formatEndpoint, sameAddress } from '../../base/net/endpoint.ts';
import type { Random } from '../../base/random/random.ts';
import type { Clock } from '../../base/time/clock.ts';
import { parseViaList, type SipRequest, type SipResponse } from '../message/index.ts';
import type { Flow } from '../transport/flow.ts';
import { AnsweredRequests } from './answered-requests.ts';
import { InviteClientTransaction } from './client-invite.ts';
import { NonInviteClientTransaction } from './client-non-invite.ts';
import type { ClientTransactionUser, InviteServerEnvironment, TransactionEnvironment } from './environment.ts';
import { clientKey, mergeKey, responseKey, serverKey } from './key.ts';
import { InviteServerTransaction } from './server-invite.ts';
import { NonInviteServerTransaction } from './server-non-invite.ts';
import { type TimerValues, transactionTimeoutMs } from './timers.ts';

type ClientTransaction = InviteClientTransaction | NonInviteClientTransaction;
type ServerTransaction = InviteServerTransaction | NonInviteServerTransaction;

/** Of the answers that are kept for retransmissions: half a minute of some 4,000 requests a second. */
const maxAnswerOctets = 64 * 1024 * 1024;

/** What this server sends. */
const sentMethods = ['INVITE', 'BYE', 'OPTIONS', 'CANCEL', 'PRACK', 'UPDATE', 'INFO', 'MESSAGE', 'REGISTER'];

/** What the layer hands up: only what no running transaction has absorbed. */
export interface TransactionUser {
  /** A new request other than ACK and CANCEL. Nothing is remembered of it until `openServer`. */
  onRequest(request: SipRequest, flow: Flow): void;
  /** An ACK that belongs to no refused INVITE: that of a 2xx. */
  onAck(request: SipRequest, flow: Flow): void;
  /** A CANCEL whose INVITE is not here. */
  onStrayCancel(request: SipRequest, flow: Flow): void;
  /** A CANCEL that matched by branch; false when its source is not the INVITE's, and it must not act. */
  mayCancel(invite: InviteServerTransaction, cancel: SipRequest, flow: Flow): boolean;
  /** Answers a CANCEL statelessly: 200, or 481 where it may not act. */
  answerCancel(cancel: SipRequest, flow: Flow, status: 200 | 481): void;
  /** See `InviteServerEnvironment.answerFlow`. */
  answerFlow(request: SipRequest, flow: Flow): Flow;
  /** False once the connection of the flow has gone, or was refused. */
  isLive(flow: Flow): boolean;
  /** A response without a transaction, or from elsewhere than its request went to. */
  onStrayResponse(response: SipResponse, flow: Flow): void;
}

/** Only who is at the place that an answer went to gets it again. */
function answeredKey(key: string, flow: Flow): string {
  return `${key}|${formatEndpoint(flow.remote)}`;
}

/** The transaction layer (RFC 3261 §17): matches messages to machines, makes machines, forgets them. */
export class TransactionLayer {
  readonly #clients: TextMap<ClientTransaction>;
  /** Client transactions on connections, by the connection's number: they end with it. */
  readonly #onConnections = new Map<number, Set<ClientTransaction>>();
  readonly #servers: TextMap<ServerTransaction>;
  readonly #answered: AnsweredRequests;
  /** Requests under way by the fields that merged copies share, with the key of their transaction. */
  readonly #merges = new Map<string, string>();
  readonly #invitesBySource = new SourceCounts();
  readonly #timeouts: ExpiryQueue<() => void>;
  #latest: { readonly request: SipRequest; readonly key: string } | undefined;
  readonly #random: Random;
  readonly #user: TransactionUser;
  readonly #clientEnvironment: TransactionEnvironment;
  readonly #serverEnvironment: InviteServerEnvironment;

  constructor(clock: Clock, random: Random, timers: TimerValues, user: TransactionUser) {
    this.#random = random;
    this.#user = user;
    this.#clients = new TextMap(random.below(2 ** 32));
    this.#servers = new TextMap(random.below(2 ** 32));
    const timeoutMs = transactionTimeoutMs(timers);
    this.#answered = new AnsweredRequests(clock, random, timeoutMs, maxAnswerOctets);
    this.#timeouts = new ExpiryQueue(clock, timeoutMs, (expire) => expire());
    const shared: Pick<TransactionEnvironment, 'clock' | 'timers' | 'afterTimeout' | 'keepAnswer'> = {
      clock,
      timers,
      afterTimeout: (expire) => this.#timeouts.push(expire),
      keepAnswer: (key, flow, answer) => this.#answered.remember(answeredKey(key, flow), answer),
    };
    this.#clientEnvironment = { ...shared, forget: (key) => this.#forgetClient(key) };
    this.#serverEnvironment = {
      ...shared,
      forget: (key) => this.#forgetServer(key),
      answerFlow: (request, flow) => user.answerFlow(request, flow),
    };
  }

  /** Transactions that are remembered now, in both roles. */
  get size(): number {
    return this.#clients.size + this.#servers.size;
  }

  /** INVITEs of this source that are remembered now. */
  invitesOf(address: string): number {
    return this.#invitesBySource.of(address);
  }

  /** Whether a request to this address with this branch has no final answer yet, whatever its method. */
  awaits(branch: string, address: string): boolean {
    return sentMethods.some((method) => this.#clients.get(clientKey(branch, method))?.flow.remote.address === address);
  }

  /** A branch that nobody can guess: 96 bits behind the magic cookie (RFC 3261 §8.1.1.7). */
  newBranch(): string {
    return `z9hG4bK${this.#random.hex(12)}`;
  }

  /** Answers that are kept for retransmissions of their requests. */
  get answeredCount(): number {
    return this.#answered.count;
  }

  /** `responseFlow` is where an answer to the request goes. */
  receiveRequest(request: SipRequest, flow: Flow, responseFlow: Flow): void {
    const key = this.#keyOf(request);
    const known = this.#servers.get(key);
    if (request.method === 'ACK') return this.#receiveAck(request, flow, known);
    if (request.method === 'CANCEL') return this.#receiveCancel(request, flow);
    if (known instanceof InviteServerTransaction) return known.receiveInvite();
    if (known !== undefined) return known.receiveRetransmission();
    const answer = flow.reliable ? undefined : this.#answered.find(answeredKey(key, responseFlow));
    if (answer === undefined) this.#user.onRequest(request, flow);
    else responseFlow.send(answer);
  }

  /** @returns whether it answers a request of ours, and so proves where it comes from */
  receiveResponse(response: SipResponse, flow: Flow): boolean {
    const transaction = this.#clients.get(responseKey(response));
    const isOurs = transaction !== undefined && mayAnswer(transaction.flow, flow);
    if (isOurs) transaction.receive(response);
    else this.#user.onStrayResponse(response, flow);
    return isOurs;
  }

  /** Another copy of a request that is under way came over another path (RFC 3261 §8.2.2.2): owed a 482. */
  isMerged(request: SipRequest): boolean {
    const merge = mergeKey(request);
    const underWay = merge === undefined ? undefined : this.#merges.get(merge);
    return underWay !== undefined && underWay !== this.#keyOf(request);
  }

  /** The request carries a branch of ours that still waits for its answer: it came back to us (RFC 3261 §16.3 step 4). */
  isLooped(request: SipRequest): boolean {
    const vias = parseViaList(request.headers.getAll('via'));
    return vias.ok && vias.value.some(({ branch }) => this.#clients.has(clientKey(branch, request.method)));
  }

  /** Remembers an INVITE; `responseFlow` is where its responses go. */
  openInviteServer(request: SipRequest, responseFlow: Flow): InviteServerTransaction {
    const key = this.#keyOf(request);
    this.#invitesBySource.add(responseFlow.remote.address);
    const transaction = new InviteServerTransaction(
      key,
      mergeKey(request),
      request,
      responseFlow,
      this.#serverEnvironment,
    );
    this.#remember(key, transaction);
    return transaction;
  }

  openNonInviteServer(request: SipRequest, responseFlow: Flow): NonInviteServerTransaction {
    const key = this.#keyOf(request);
    const transaction = new NonInviteServerTransaction(key, mergeKey(request), responseFlow, this.#serverEnvironment);
    this.#remember(key, transaction);
    return transaction;
  }

  /** Sends a request whose top Via already carries a branch of ours. */
  startInvite(request: SipRequest, flow: Flow, user: ClientTransactionUser): InviteClientTransaction {
    const key = clientKey(request.topVia.branch, 'INVITE');
    const transaction = new InviteClientTransaction(key, request, flow, this.#clientEnvironment, user);
    this.#rememberClient(key, transaction);
    transaction.start();
    this.#failWithoutConnection(transaction);
    return transaction;
  }

  /** An INVITE that was sent in another life, given up from the start. */
  adoptInvite(request: SipRequest, flow: Flow, user: ClientTransactionUser): void {
    const key = clientKey(request.topVia.branch, 'INVITE');
    const transaction = new InviteClientTransaction(key, request, flow, this.#clientEnvironment, user);
    this.#rememberClient(key, transaction);
    transaction.expire();
  }

  startNonInvite(request: SipRequest, flow: Flow, user: ClientTransactionUser): NonInviteClientTransaction {
    const key = clientKey(request.topVia.branch, request.method);
    const transaction = new NonInviteClientTransaction(key, request, flow, this.#clientEnvironment, user);
    this.#rememberClient(key, transaction);
    transaction.start();
    this.#failWithoutConnection(transaction);
    return transaction;
  }

  /** Nobody will tell of a connection that had gone before: a call is written down between its choice and its INVITE. */
  #failWithoutConnection(transaction: ClientTransaction): void {
    if (this.#user.isLive(transaction.flow)) return;
    this.#clientEnvironment.clock.after(0, () => transaction.fail());
  }

  /** A transport error for every request that waits on this connection (RFC 3261 §17.1.4). */
  connectionClosed(connectionId: number): void {
    const waiting = this.#onConnections.get(connectionId);
    this.#onConnections.delete(connectionId);
    for (const client of waiting ?? []) client.fail();
  }

  /** Ends every transaction without telling anyone, so that no timer is left: for shut-down. */
  close(): void {
    for (const client of [...this.#clients.values()]) client.abandon();
    for (const server of [...this.#servers.values()]) if (server instanceof InviteServerTransaction) server.abandon();
    this.#servers.clear();
    this.#merges.clear();
    this.#answered.clear();
    this.#invitesBySource.clear();
    this.#timeouts.clear();
  }

  #receiveAck(request: SipRequest, flow: Flow, known: ServerTransaction | undefined): void {
    if (known instanceof InviteServerTransaction && known.state !== 'accepted') known.receiveAck();
    else this.#user.onAck(request, flow);
  }

  #receiveCancel(request: SipRequest, flow: Flow): void {
    const invite = this.#servers.get(serverKey(request, 'INVITE'));
    if (!(invite instanceof InviteServerTransaction)) {
      this.#user.onStrayCancel(request, flow);
      return;
    }
    const allowed = this.#user.mayCancel(invite, request, flow);
    this.#user.answerCancel(request, flow, allowed ? 200 : 481);
    if (allowed) invite.receiveCancel(request);
  }

  #rememberClient(key: string, transaction: ClientTransaction): void {
    this.#clients.set(key, transaction);
    const { connectionId } = transaction.flow;
    if (connectionId === 0) return;
    const others = this.#onConnections.get(connectionId);
    if (others === undefined) this.#onConnections.set(connectionId, new Set([transaction]));
    else others.add(transaction);
  }

  #forgetClient(key: string): void {
    const transaction = this.#clients.get(key);
    if (transaction === undefined) return;
    this.#clients.delete(key);
    const { connectionId } = transaction.flow;
    const others = this.#onConnections.get(connectionId);
    others?.delete(transaction);
    if (others?.size === 0) this.#onConnections.delete(connectionId);
  }

  /** The key of a request. It is asked for several times while the request is worked on, and is dear as a fresh string. */
  #keyOf(request: SipRequest): string {
    if (this.#latest?.request !== request) this.#latest = { request, key: serverKey(request) };
    return this.#latest.key;
  }

  #remember(key: string, transaction: ServerTransaction): void {
    this.#servers.set(key, transaction);
    if (transaction.merge !== undefined) this.#merges.set(transaction.merge, key);
  }

  #forgetServer(key: string): void {
    const transaction = this.#servers.get(key);
    if (transaction === undefined) return;
    this.#servers.delete(key);
    if (transaction instanceof InviteServerTransaction) this.#invitesBySource.remove(transaction.flow.remote.address);
    const { merge, flow } = transaction;
    if (merge === undefined) return;
    // What was answered is kept for its retransmissions, and so is the knowledge of its merged copies.
    if (transaction instanceof InviteServerTransaction || flow.reliable) this.#forgetMerge(merge, key);
    else this.#timeouts.push(() => this.#forgetMerge(merge, key));
  }

  #forgetMerge(merge: string, key: string): void {
    if (this.#merges.get(merge) === key) this.#merges.delete(merge);
  }
}

/**
 * A response counts only from the address that its request went to: whoever else knows the branch has read it from
 * somebody's traffic. The port may be another one: an element without RFC 3581 answers from a port of its choice, and
 * a NAT may change it meanwhile (RFC 3261 §18.1.2 matches by branch alone). So may the connection (§18.2.2).
 */
function mayAnswer(asked: Flow, answered: Flow): boolean {
  return asked.transport === answered.transport && sameAddress(asked.remote.address, answered.remote.address);
}

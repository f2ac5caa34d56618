import type { Account } from '../accounts/model.ts';
import { mayUseTransport } from '../accounts/phone-transport.ts';
import type { Endpoint } from '../base/net/endpoint.ts';
import type { Clock, Timer } from '../base/time/clock.ts';
import type { Authenticator } from '../guard/authenticate.ts';
import type { StrangerLog } from '../guard/stranger-log.ts';
import type { Settings } from '../settings/index.ts';
import { HeaderList, parseContacts, parseNameAddrList, parseUri, type SipRequest } from '../sip/message/index.ts';
import type { SipStack } from '../sip/stack/index.ts';
import type { Flow } from '../sip/transport/flow.ts';
import { applyRegister, type RegisterRequest } from './apply.ts';
import { askedContact } from './contact-uri.ts';
import { type Binding, mayRing } from './binding.ts';
import { Bindings } from './bindings.ts';
import type { BindingStore } from './ports.ts';

const sweepMs = 10_000;
/** Less than this is the clock being held right; more is somebody setting it. */
const stepMs = 2000;

/** What the registrar counts for the metrics. */
export interface RegistrarCounts {
  registered: number;
  challenged: number;
  refused: number;
}

/** Answers REGISTER: proves the user, applies the request, remembers, and lets go what expires. */
export class Registrar {
  readonly bindings: Bindings;
  readonly counts: RegistrarCounts = { registered: 0, challenged: 0, refused: 0 };
  readonly #stack: SipStack;
  readonly #authenticator: Authenticator;
  readonly #store: BindingStore;
  readonly #settings: () => Settings;
  readonly #clock: Clock;
  readonly #strangerLog: StrangerLog;
  /** Accounts that registered over a connection, by its number; the lines of a phone share one. */
  readonly #connections = new Map<number, Set<number>>();
  #timers: Timer[] = [];
  /** From the monotonic clock to the wall clock, as it was when that was last set. */
  #wallOffsetMs: number;

  constructor(options: {
    readonly stack: SipStack;
    readonly authenticator: Authenticator;
    readonly store: BindingStore;
    readonly settings: () => Settings;
    readonly clock: Clock;
    readonly strangerLog: StrangerLog;
  }) {
    this.#stack = options.stack;
    this.#authenticator = options.authenticator;
    this.#store = options.store;
    this.#settings = options.settings;
    this.#clock = options.clock;
    this.#strangerLog = options.strangerLog;
    this.#wallOffsetMs = this.#clock.wallMs() - this.#clock.monotonicMs();
    this.bindings = new Bindings(() => options.settings().max_bindings);
  }

  /**
   * Takes over what the store remembered, and starts to let bindings expire and to hold NAT mappings. Bindings over
   * connections are forgotten: those ended with the last server (RFC 5626 §5.3). All phones are known to the gate before
   * they come back at once.
   */
  start(remembered: readonly Binding[]): void {
    for (const binding of remembered) {
      const { transport, sourceAddress, sourcePort, localAddress, localPort } = binding;
      const remote = { address: sourceAddress, port: sourcePort };
      this.#stack.knowSource({ transport, remote, local: { address: localAddress, port: localPort } });
      if (binding.transport !== 'udp') this.#store.remove(binding.key);
      else this.bindings.replace(binding.accountId, [...this.bindings.of(binding.accountId, 0), binding]);
    }
    this.#every(sweepMs, () => this.#sweep());
    this.#every(
      () => this.#settings().nat_keepalive * 1000,
      () => this.#holdMappings(),
    );
  }

  stop(): void {
    for (const timer of this.#timers) timer.cancel();
    this.#timers = [];
  }

  /** The live bindings of an account, highest q first. */
  bindingsOf(account: Account): readonly Binding[] {
    const { stricttransport, allownoauthfork } = this.#settings();
    return this.bindings
      .of(account.id, this.#nowMs())
      .filter((binding) => mayUseTransport(account, binding.transport, stricttransport))
      .filter((binding) => mayRing(binding, allownoauthfork))
      .toSorted((one, other) => other.q - one.q);
  }

  /** How many phones an account has registered. */
  countOf(accountId: number | undefined): number {
    return accountId === undefined ? 0 : this.bindings.of(accountId, this.#nowMs()).length;
  }

  /** Whether an account has a live registration from the source of this flow; on `anyPort`, from its address. */
  isRegisteredAt(accountId: number, { transport, remote }: Flow, anyPort: boolean): boolean {
    return this.bindings
      .of(accountId, this.#nowMs())
      .filter((binding) => binding.transport === transport && binding.sourceAddress === remote.address)
      .some(({ sourcePort }) => anyPort || sourcePort === remote.port);
  }

  /** Whether an account has a live registration from this very address and port, over any transport. */
  isBoundAt(accountId: number, { address, port }: Endpoint): boolean {
    return this.bindings
      .of(accountId, this.#nowMs())
      .some(({ sourceAddress, sourcePort }) => sourceAddress === address && sourcePort === port);
  }

  /** Removes every binding of an account: it was removed or disabled. */
  removeAll(accountId: number): void {
    for (const binding of this.bindings.of(accountId, 0)) this.#store.remove(binding.key);
    this.bindings.replace(accountId, []);
  }

  onRegister(request: SipRequest, flow: Flow): void {
    const identity = this.#authenticator.identify(request, flow);
    if (identity.kind === 'challenge') {
      this.counts.challenged++;
      const headers = this.#authenticator.challengeHeaders(request, flow, identity.stale);
      return this.#stack.reply(request, flow, 401, headers);
    }
    if (identity.kind === 'refused') {
      this.counts.refused++;
      const { reason, userName } = identity;
      const fields = { reason, userName, callId: request.callId };
      this.#strangerLog.refused('registration refused', flow.remote.address, fields);
      return this.#stack.reply(request, flow, 403);
    }
    this.#serve(request, flow, identity.account, identity.by === 'digest');
  }

  #serve(request: SipRequest, flow: Flow, account: Account, isProven: boolean): void {
    const transaction = this.#stack.openRequest(request, flow);
    const answer = (status: number, headers: HeaderList, reason?: string): void =>
      transaction.respond(this.#stack.response(request, status, this.#stack.newTag(), headers, reason));
    const wanted = readRegister(request, flow, account, isProven);
    if (typeof wanted === 'string') return answer(400, new HeaderList(), wanted);
    if (!isOwnAddressOfRecord(request, account)) return answer(403, new HeaderList());
    if (this.bindings.full && this.bindings.of(account.id, this.#nowMs()).length === 0) {
      return answer(503, new HeaderList().append('retry-after', '60'));
    }
    const settings = this.#settings();
    const bounds = {
      minS: settings.min_registration_subscription_time_sec,
      maxS: settings.max_registration_subscription_time_sec,
      defaultS: settings.default_incoming_outgoing_registration_time_sec,
      maxBindings: settings.max_bindings_per_user,
    };
    const nowMs = this.#nowMs();
    this.#dropExpired(this.bindings.of(account.id, 0), nowMs);
    const outcome = applyRegister(this.bindings.of(account.id, nowMs), wanted, bounds, nowMs);
    if (!outcome.ok) {
      const headers = new HeaderList();
      if (outcome.error.status === 423) headers.append('min-expires', String(bounds.minS));
      return answer(outcome.error.status, headers, outcome.error.reason);
    }
    if (settings.stricttransport >= 2 && movesTransport(this.bindings.of(account.id, nowMs), outcome.value.put)) {
      return answer(403, new HeaderList());
    }
    this.bindings.replace(account.id, outcome.value.bindings);
    for (const binding of outcome.value.removed) this.#store.remove(binding.key);
    for (const binding of outcome.value.put) this.#store.put(binding);
    this.counts.registered++;
    if (flow.connectionId !== 0) this.#rememberConnection(flow, account.id);
    const headers = contactHeaders(outcome.value.bindings, nowMs);
    // RFC 3327 §5.3: so that the phone sees by which way it is reached.
    for (const path of request.headers.getAll('path')) headers.append('path', path);
    answer(200, headers);
  }

  #rememberConnection(flow: Flow, accountId: number): void {
    const accounts = this.#connections.get(flow.connectionId);
    if (accounts === undefined) this.#connections.set(flow.connectionId, new Set([accountId]));
    else accounts.add(accountId);
  }

  /** The wall clock, but for steps that have not been followed yet: a phone that registered stays registered through them. */
  #nowMs(): number {
    return this.#clock.monotonicMs() + this.#wallOffsetMs;
  }

  /** What is stored and shown is wall time: when the clock is set, what was granted in its terms moves with it. */
  #followWall(): void {
    const byMs = this.#clock.wallMs() - this.#nowMs();
    if (Math.abs(byMs) < stepMs) return;
    this.#wallOffsetMs += byMs;
    for (const list of [...this.bindings.all()]) {
      const moved = list.map((binding) => ({ ...binding, expiresAtMs: binding.expiresAtMs + byMs }));
      for (const binding of moved) this.#store.put(binding);
      const [first] = moved;
      if (first !== undefined) this.bindings.replace(first.accountId, moved);
    }
  }

  #sweep(): void {
    this.#followWall();
    const nowMs = this.#nowMs();
    for (const list of this.bindings.all()) this.#dropExpired(list, nowMs);
  }

  /** Lets expired bindings of one account go, from the store too. */
  #dropExpired(list: readonly Binding[], nowMs: number): void {
    const expired = list.filter((binding) => binding.expiresAtMs <= nowMs);
    const [first] = expired;
    if (first === undefined) return;
    for (const binding of expired) this.#store.remove(binding.key);
    this.bindings.replace(first.accountId, this.bindings.of(first.accountId, nowMs));
  }

  /** A few octets towards each phone whose contact is not where it sends from: its NAT keeps the way open (RFC 5626 §4.4). */
  #holdMappings(): void {
    for (const list of this.bindings.all()) {
      for (const binding of list) {
        if (binding.transport === 'udp' && isBehindNat(binding)) this.flowOf(binding)?.send('\r\n\r\n');
      }
    }
  }

  /** A phone on a connection is reachable over the connection that it registered on, and no longer than that lives (RFC 5626 §5.3). */
  onConnectionClosed(flow: Flow): void {
    const accounts = this.#connections.get(flow.connectionId) ?? [];
    this.#connections.delete(flow.connectionId);
    for (const accountId of accounts) this.#dropBindingsOn(flow, accountId);
  }

  #dropBindingsOn(flow: Flow, accountId: number): void {
    const all = this.bindings.of(accountId, 0);
    for (const binding of all.filter((one) => isOn(one, flow))) this.#store.remove(binding.key);
    this.bindings.replace(
      accountId,
      all.filter((binding) => !isOn(binding, flow)),
    );
  }

  /** What the phone at the other end of the flow has registered for the account, the first where it registered more. */
  bindingOn(accountId: number, flow: Flow): Binding | undefined {
    return this.bindings.of(accountId, this.#nowMs()).find((binding) => isOn(binding, flow));
  }

  /** The way to the phone of a binding: where its packets came from, whatever its contact says. */
  flowOf(binding: Binding): Flow | undefined {
    const local = { address: binding.localAddress, port: binding.localPort };
    const remote = { address: binding.sourceAddress, port: binding.sourcePort };
    // After a restart with another listen setting, the socket that it registered at may be gone.
    return this.#stack.flowTo(binding.transport, remote, local) ?? this.#stack.flowTo(binding.transport, remote);
  }

  #every(intervalMs: number | (() => number), act: () => void): void {
    const slot = this.#timers.length;
    const arm = (): void => {
      const delayMs = typeof intervalMs === 'number' ? intervalMs : intervalMs();
      this.#timers[slot] = this.#clock.after(delayMs, () => {
        act();
        arm();
      });
    };
    arm();
  }
}

function isOn({ transport, sourceAddress, sourcePort }: Binding, flow: Flow): boolean {
  return transport === flow.transport && sourcePort === flow.remote.port && sourceAddress === flow.remote.address;
}

/** A live registration would be refreshed over another transport than it was made on [protocol.stricttransport]. */
function movesTransport(before: readonly Binding[], put: readonly Binding[]): boolean {
  return put.some(({ key, transport }) => before.some((known) => known.key === key && known.transport !== transport));
}

/** The request in the registrar's terms, or what is wrong with it. */
function readRegister(request: SipRequest, flow: Flow, account: Account, isProven: boolean): RegisterRequest | string {
  const contacts = parseContacts(request.headers);
  if (!contacts.ok) return 'Bad Contact';
  const asked = contacts.value === '*' ? '*' : contacts.value.map(askedContact);
  if (asked !== '*' && !asked.every((contact) => contact !== undefined)) return 'Bad Contact URI';
  const path = parseNameAddrList(request.headers.getAll('path'));
  if (!path.ok) return 'Bad Path';
  const expires = request.headers.get('expires');
  return {
    accountId: account.id,
    user: account.name,
    contacts: asked,
    // A value that is no number counts as the default (RFC 3261 §20.19 leaves it to the recipient).
    expiresS: expires !== undefined && /^\d{1,10}$/.test(expires) ? Number(expires) : undefined,
    callId: request.callId,
    cseq: request.cseq.seq,
    userAgent: (request.headers.get('user-agent') ?? '').slice(0, 200),
    path: path.value.map(({ uri }) => uri),
    transport: flow.transport,
    sourceAddress: flow.remote.address,
    sourcePort: flow.remote.port,
    localAddress: flow.local.address,
    localPort: flow.local.port,
    isProven,
  };
}

/** A user registers for itself only (RFC 3261 §10.3 steps 3 to 5). */
function isOwnAddressOfRecord(request: SipRequest, account: Account): boolean {
  const { toUri } = request;
  return toUri !== undefined && toUri.scheme !== 'tel' && toUri.user === account.name;
}

function contactHeaders(bindings: readonly Binding[], nowMs: number): HeaderList {
  const headers = new HeaderList();
  for (const binding of bindings) {
    const instance = binding.instance === '' ? '' : `;+sip.instance="${binding.instance.replace(/"/g, '')}"`;
    const secondsLeft = Math.max(1, Math.round((binding.expiresAtMs - nowMs) / 1000));
    headers.append('contact', `<${binding.contact}>;expires=${secondsLeft}${instance}`);
  }
  headers.append('date', dateValue(nowMs));
  return headers;
}

let latestDate = { second: Number.NaN, value: '' };

/** The Date header (RFC 3261 §20.17); made once a second, for making it costs as much as reading a request. */
function dateValue(nowMs: number): string {
  const second = Math.floor(nowMs / 1000);
  if (latestDate.second !== second) latestDate = { second, value: new Date(second * 1000).toUTCString() };
  return latestDate.value;
}

function isBehindNat(binding: Binding): boolean {
  const contact = parseUri(binding.contact);
  return contact.ok && contact.value.scheme !== 'tel' && contact.value.host !== binding.sourceAddress;
}

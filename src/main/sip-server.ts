import { parsePrefix } from '../base/net/prefix.ts';
import { createSecretKey } from 'node:crypto';
import { AccountDirectory } from '../accounts/directory.ts';
import type { DirectorySnapshot } from '../accounts/change.ts';
import type { Log } from '../base/log/log.ts';
import type { Random } from '../base/random/random.ts';
import type { Clock, Timer } from '../base/time/clock.ts';
import { guardedClock } from '../base/time/guarded-clock.ts';
import type { Ledger } from '../billing/ledger/ledger.ts';
import { type Ceiling, firstCeiling } from '../billing/ceiling.ts';
import { PriceBook } from '../billing/tariff/price-book.ts';
import type { PriceList } from '../billing/tariff/price-list.ts';
import type { SpendPeaks } from '../billing/limits/spend-peaks.ts';
import type { MeteredCalls } from '../call/money/metered-calls.ts';
import { CallService } from '../call/call-service.ts';
import { MessageService } from '../call/message-service.ts';
import type { CallStore } from '../call/ports.ts';
import { MeanDurations } from '../call/mean-durations.ts';
import { Recovery } from '../call/recovery.ts';
import type { Heartbeat, UnfinishedCall } from '../call/record.ts';
import { trunkPeer } from '../call/trunks/hop-target.ts';
import { SipServers } from '../call/trunks/sip-servers.ts';
import { CallLimits } from '../call/limits/call-limits.ts';
import { joined } from '../call/limits/joined-lifecycle.ts';
import { DialSpeed, PendingCalls } from '../call/limits/pending-calls.ts';
import { LeaseAudit } from '../call/limits/lease-audit.ts';
import { Authenticator } from '../guard/authenticate.ts';
import { findingOf, userAgentOf } from '../guard/findings.ts';
import type { Ban } from '../guard/bans/ban.ts';
import { Guard } from '../guard/guard.ts';
import { type BlockListParts, BlockLists } from '../guard/lists/block-lists.ts';
import { ListedSources } from '../guard/lists/listed-sources.ts';
import type { StoredBlockList } from '../guard/lists/ports.ts';
import type { LimitOrigin } from '../guard/limit.ts';
import type { BanStore, DecisionStore, FirewallDriver } from '../guard/ports.ts';
import { StrangerLog } from '../guard/stranger-log.ts';
import { ConnectionFailures } from '../guard/connection-failures.ts';
import { inputProblem } from '../guard/validate-input.ts';
import type { MediaPlane, RefusedSource } from '../media/index.ts';
import type { Binding } from '../registrar/binding.ts';
import type { BindingStore } from '../registrar/ports.ts';
import { Registrar } from '../registrar/registrar.ts';
import { modeOf, type SettingKey, type Settings } from '../settings/index.ts';
import { HeaderList, type ParseError, type SipRequest } from '../sip/message/index.ts';
import { allowedEvents, allowedMethods, SipStack, type StackBounds } from '../sip/stack/index.ts';
import { defaultTimers } from '../sip/transaction/index.ts';
import { type DnsSource, Locator } from '../sip/resolve/index.ts';
import {
  defaultTransportLimits,
  type Flow,
  type Network,
  type PeerIdentity,
  type StreamGate,
  type TransportName,
} from '../sip/transport/index.ts';
import { honeypotUser, isHit, type Listing, sparesFailure, trustOf } from './guard-trust.ts';
import { mediaFindings } from './media-findings.ts';
import { meteredCalls } from './metered-money.ts';
import { isForUs } from './own-domains.ts';
import { cutOffBy } from './cut-off.ts';
import { advertisedEndpoint, type OwnAddress, reachedFamilies, relayAddress } from './addresses.ts';

const unknownOrigin = (): LimitOrigin => ({ by: 'default', atMs: undefined });
const maxFaultsTold = 100;

/** What the signalling plane is made of. The simulation gives its own network, clock, chance, media and stores. */
export interface SipServerParts {
  readonly network: Network;
  /** Without it there is no TLS and no WebSocket. */
  readonly gate?: StreamGate;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly settings: () => Settings;
  /** Who set each setting; decisions name it. */
  readonly settingOrigin?: (key: SettingKey) => LimitOrigin;
  /** What the SIP stack may remember at once, where it is not the default. */
  readonly bounds?: Partial<StackBounds>;
  readonly realm: string;
  readonly directory: DirectorySnapshot;
  /** Price lists by tariff. */
  readonly priceLists?: Iterable<readonly [tariffId: number, list: PriceList]>;
  /** What no price can go above; that of a new installation when it is not given. */
  readonly ceiling?: Ceiling;
  readonly plane: MediaPlane;
  readonly calls: CallStore;
  /** Number of this start among all starts on the data folder; 0 where there is none. */
  readonly epoch?: number;
  readonly bindings: BindingStore;
  readonly decisions: DecisionStore;
  readonly bans: BanStore;
  /** Drops before this process what is banned; without it the guard does so alone. */
  readonly firewall?: FirewallDriver;
  /** Without it there are no block lists. */
  readonly blockLists?: Pick<BlockListParts, 'store' | 'fetcher' | 'nextTurn' | 'audit'>;
  /** How busy the signalling thread is, from 0 to 1; idle where nobody says. */
  readonly load?: () => number;
  readonly ledger: Ledger;
  readonly peaks?: SpendPeaks;
  /** Who is asked for the records of host names. */
  readonly dns: DnsSource;
  readonly ownAddresses: () => readonly OwnAddress[];
}

/** How much of something there is, and how much there may be. */
export interface Bound {
  readonly used: number;
  readonly max: number;
}

/** Registrar, calls and messages behind one SIP stack: the server without its disk, its command line and its clock. */
export class SipServer {
  readonly directory: AccountDirectory;
  readonly prices: PriceBook;
  readonly stack: SipStack;
  readonly registrar: Registrar;
  readonly calls: CallService;
  readonly authenticator: Authenticator;
  readonly guard: Guard;
  readonly blockLists: BlockLists | undefined;
  readonly strangers: StrangerLog;
  readonly money: MeteredCalls;
  readonly sipServers: SipServers;
  readonly limits: CallLimits;
  readonly audit: LeaseAudit;
  readonly #messages: MessageService;
  readonly #recovery: Recovery;
  /** Closes connections over which challenges are answered wrongly. */
  readonly #authFailures: ConnectionFailures;
  readonly #parts: SipServerParts;
  #settingsTurn: Timer | undefined;

  constructor(parts: SipServerParts) {
    this.#parts = parts;
    const { random, settings, log } = parts;
    let faultsTold = 0;
    const onFault = (error: unknown): void => {
      // Whoever can cause one can cause a million: the first hundred say all that there is to know.
      if (faultsTold++ >= maxFaultsTold) return;
      log.error('broken invariant; one unit of work was stopped', {
        error: error instanceof Error ? error.stack : String(error),
      });
    };
    const clock = guardedClock(parts.clock, onFault);
    this.directory = new AccountDirectory(parts.directory);
    this.prices = new PriceBook(this.directory, parts.priceLists ?? []);
    const strangerLog = new StrangerLog(clock, log);
    this.strangers = strangerLog;
    this.guard = this.#newGuard(clock, strangerLog);
    parts.plane.watchRefused((sources) => this.#onMediaRefused(sources));
    this.blockLists = this.#newBlockLists(clock);
    this.#authFailures = new ConnectionFailures(
      () => modeOf(settings(), 'session_auth_failure_close'),
      log,
      (flow) => this.stack.closeConnection(flow),
    );
    this.stack = new SipStack(
      {
        network: parts.network,
        ...(parts.gate === undefined ? {} : { gate: parts.gate }),
        clock,
        random,
        timers: defaultTimers,
        transportLimits: transportLimits(settings()),
        ...(parts.bounds === undefined ? {} : { bounds: parts.bounds }),
        isKnown: ({ remote }) => this.#isKnown(remote.address),
        serverAt: (address) => this.#serverAt(address),
        advertise: (flow) => advertisedEndpoint(flow, settings(), parts.ownAddresses()),
        forceRport: () => settings().forcerport,
        serverName: 'Ringfence',
        onFault,
      },
      {
        admit: (source, octets) => this.guard.admit(source, octets),
        ignores: (request, flow) => this.#ignores(request, flow),
        onSenseless: (what, message, flow) => this.guard.observe(findingOf(what, flow, { message })),
        onRequest: (request, flow) => this.#onRequest(request, flow),
        onMalformed: (error, flow) => this.guard.observe(findingOf('malformed', flow, malformedBy(error))),
        onKeepAlive: () => {},
        onConnectionClosed: (flow) => {
          this.#authFailures.closed(flow);
          this.registrar.onConnectionClosed(flow);
          this.sipServers.registrations.connectionClosed(flow);
        },
      },
    );
    this.authenticator = new Authenticator({
      directory: this.directory,
      clock,
      settings,
      realm: parts.realm,
      nonceKey: createSecretKey(random.hex(32), 'hex'),
      bootId: random.hex(8),
      random,
      gate: this.guard,
      isRegisteredAt: (accountId, flow, anyPort) => this.registrar.isRegisteredAt(accountId, flow, anyPort),
      onRefused: (flow) => this.#authFailures.failed(flow),
      onAuthenticated: (flow) => {
        this.#authFailures.succeeded(flow);
        this.stack.trustConnection(flow);
        this.stack.knowSource(flow);
      },
    });
    const { stack, authenticator, directory, guard } = this;
    const locator = new Locator<TransportName>({
      ...{ dns: parts.dns, random },
      transports: () => sentOver(settings(), parts.gate !== undefined),
      families: () => reachedFamilies(settings(), parts.ownAddresses()),
    });
    this.sipServers = new SipServers({ directory, locator, stack, clock, random, settings, log });
    this.registrar = new Registrar({
      ...{ stack, authenticator, store: parts.bindings, settings, clock, strangerLog },
    });
    const settingOrigin = parts.settingOrigin ?? unknownOrigin;
    const { periods } = parts.ledger;
    this.limits = new CallLimits({ clock, settings, settingOrigin, directory, periods });
    const { limits } = this;
    this.money = meteredCalls({
      ...{ clock, random, log, settings, settingOrigin, directory, prices: this.prices },
      ...{ ledger: parts.ledger, peaks: parts.peaks, decisions: parts.decisions, epoch: parts.epoch ?? 0 },
      ceiling: parts.ceiling ?? firstCeiling,
    });
    this.#recovery = new Recovery({ stack, store: parts.calls, money: this.money, log });
    const services = {
      ...{ stack, clock, random, settings, directory, authenticator, log },
      ...{
        plane: parts.plane,
        store: parts.calls,
        decisions: parts.decisions,
        ledger: parts.ledger,
        registrar: this.registrar,
        timers: defaultTimers,
      },
      strangerLog,
      guard,
      money: this.money,
      sipServers: this.sipServers,
      lifecycle: joined(this.money, limits),
      settingOrigin,
      limits,
      pending: new PendingCalls(),
      dialSpeed: new DialSpeed(),
      prices: this.prices,
      ceiling: parts.ceiling ?? firstCeiling,
      meanDurations: new MeanDurations(),
      ownAddresses: () => [...parts.ownAddresses().map(({ address }) => address), ...settings().public_address],
      relayAddressFor: (ownAddress: string) => relayAddress(settings(), ownAddress),
    };
    this.calls = new CallService(services);
    this.#messages = new MessageService(services);
    const { lines, serverLines, emergencies } = limits;
    this.audit = new LeaseAudit({
      clock,
      log,
      lines,
      others: [serverLines, emergencies],
      calls: () => this.calls.audited(),
    });
  }

  /** What is remembered now, and what may be at most. */
  bounds(): Readonly<Record<'transactions' | 'dialogs' | 'connections' | 'calls', Bound>> {
    const { max_tcp_connections, max_calls } = this.#parts.settings();
    const { stack } = this;
    return {
      transactions: { used: stack.transactionCount, max: stack.bounds.maxTransactions },
      dialogs: { used: stack.dialogs.size, max: stack.bounds.maxDialogs },
      connections: { used: stack.transportStats().connections, max: max_tcp_connections },
      calls: { used: this.calls.count, max: max_calls },
    };
  }

  /** Binds the sockets of the settings; rejects with the system's error for an address that cannot be had. */
  async listen(): Promise<void> {
    const { listen, udp_port, tcp_port, usetls, localtlsport, wss_port, ws_port } = this.#parts.settings();
    const hasGate = this.#parts.gate !== undefined;
    for (const address of listen) {
      if (udp_port !== 0) await this.stack.listen('udp', { address, port: udp_port });
      if (tcp_port !== 0) await this.stack.listen('tcp', { address, port: tcp_port });
      if (!hasGate) continue;
      if (usetls) await this.stack.listen('tls', { address, port: localtlsport });
      if (usetls && wss_port !== 0) await this.stack.listen('wss', { address, port: wss_port });
      if (ws_port !== 0) await this.stack.listen('ws', { address, port: ws_port });
    }
    this.sipServers.sync();
    this.money.recheck();
    this.audit.start();
  }

  /** The bindings of the last server stand; to be called before the first packet is taken. */
  remember(bindings: readonly Binding[], bans: readonly Ban[] = [], blockLists: readonly StoredBlockList[] = []): void {
    this.guard.start(bans);
    this.blockLists?.start(blockLists);
    // A user is known at as many places as it has bindings, so those come first.
    this.registrar.start(bindings);
    for (const { sourceAddress, sourcePort, user, userAgent } of bindings) {
      this.guard.remember(sourceAddress, sourcePort, user, userAgent);
    }
  }

  /** Ends the calls that the last server left behind. */
  async endDeadCalls(left: {
    readonly unfinishedCalls: readonly UnfinishedCall[];
    readonly lastHeartbeat: Heartbeat | undefined;
  }): Promise<void> {
    await this.#recovery.endDeadCalls(left.unfinishedCalls, left.lastHeartbeat);
  }

  /** The ledger goes on after a halt: dead calls that waited for it are charged, unless they were before. */
  ledgerResumed(unfinished: readonly UnfinishedCall[]): Promise<void> {
    this.money.balancesReloaded();
    return this.#recovery.ledgerResumed(unfinished);
  }

  /** An account changed: cached log-ins go, and of one that may no longer call, bindings and running calls too. */
  accountChanged(accountId: number): void {
    this.sipServers.sync();
    this.authenticator.purge(accountId);
    this.limits.talk.accountChanged(accountId);
    const account = this.directory.accountById(accountId);
    this.money.recheck(accountId);
    if (account?.enabled === true) {
      if (account.money.lockedBy !== '') this.calls.endCallsOf(accountId);
      return;
    }
    this.registrar.removeAll(accountId);
    this.calls.endCallsOf(accountId);
  }

  /** Takes out the entries of a subject; of an address also those of its ports and users. @returns their keys */
  liftBans(subject: string): readonly string[] {
    const { bans } = this.guard;
    const own = [...bans.all()].filter((ban) => ban.subject === subject);
    const narrow = bans.concerning(subject).filter(({ scope }) => scope !== 'prefix' && scope !== 'address');
    const keys = [...new Set([...own, ...narrow].map(({ key }) => key))];
    for (const key of keys) this.guard.lift(key);
    return keys;
  }

  /** A setting changed that holds at once. */
  settingsChanged(): void {
    this.sipServers.sync();
    this.#settingsTurn ??= this.#parts.clock.after(0, () => {
      // One profile changes many settings: running calls learn of them together.
      this.#settingsTurn = undefined;
      this.money.recheck();
    });
  }

  close(): void {
    this.#settingsTurn?.cancel();
    this.sipServers.close();
    this.audit.stop();
    this.registrar.stop();
    this.guard.stop();
    this.blockLists?.stop();
    this.stack.close();
  }

  #onRequest(request: SipRequest, flow: Flow): void {
    if (!isForUs(request, this.#parts)) {
      this.guard.observe(findingOf('other domain', flow, { message: request, user: request.uri }));
      return this.stack.reply(request, flow, 403);
    }
    const wrong = inputProblem(request, this.#parts.settings().validateinput);
    if (wrong !== undefined) {
      this.guard.observe(findingOf('bad value', flow, { message: request }));
      this.strangers.refused('input refused', flow.remote.address, { ...wrong, callId: request.callId });
      return this.stack.reply(request, flow, 400, undefined, `Bad ${wrong.field}`);
    }
    switch (request.method) {
      case 'REGISTER':
        return this.registrar.onRegister(request, flow);
      case 'INVITE':
        return this.calls.onInvite(request, flow);
      case 'MESSAGE':
        return this.#messages.onMessage(request, flow);
      case 'OPTIONS':
        return this.#onOptions(request, flow);
      case 'SUBSCRIBE':
      case 'PUBLISH':
        return this.stack.reply(request, flow, 489, new HeaderList().append('allow-events', allowedEvents));
      case 'REFER':
        return this.stack.reply(request, flow, 405, new HeaderList().append('allow', allowedMethods));
      default:
        return this.stack.reply(request, flow, 481);
    }
  }

  #newGuard(clock: Clock, strangerLog: StrangerLog): Guard {
    const { random, settings, bans, load = idle, ownAddresses, log, firewall } = this.#parts;
    return new Guard({
      ...{ clock, random, settings, strangerLog, load, log },
      ...(firewall === undefined ? {} : { firewall }),
      store: bans,
      marks: {
        isOwnNonce: (nonce, remote) => this.authenticator.isOwnNonce(nonce, remote),
        isOwnTag: (tag, { address }) => this.stack.dialogs.isOpen(tag, address),
        isOwnBranch: (branch, { address }) => this.stack.awaits(branch, address),
      },
      bindingsOf: (name) => this.registrar.countOf(this.directory.accountByName(name)?.id),
      isUser: (name) =>
        this.directory.accountByName(name) !== undefined || this.directory.numberOwner(name) !== undefined,
      trustOf: (address) => trustOf(address, settings(), ownAddresses(), this.#listing(address)),
      holdsTrusted: (network) => this.#holdsTrusted(network),
      sparesFailure: (kind, address) => sparesFailure(kind, address, settings(), ownAddresses()),
      isBoundAt: (user, remote) => {
        const account = this.directory.accountByName(user);
        return account !== undefined && this.registrar.isBoundAt(account.id, remote);
      },
      isListed: (address) => this.#listing(address) !== 'none',
      listed: () => this.blockLists?.sources ?? ListedSources.none,
      onBan: (ban) => this.#onBan(ban),
    });
  }

  #newBlockLists(clock: Clock): BlockLists | undefined {
    const { random, settings, log, blockLists, ownAddresses } = this.#parts;
    if (blockLists === undefined) return undefined;
    return new BlockLists({
      ...{ clock, random, settings, log },
      ...blockLists,
      ownAddresses: () => [...ownAddresses().map(({ address }) => address), ...settings().public_address],
      cutOffBy: (sources) =>
        cutOffBy(sources, {
          bindings: this.registrar.bindings.all(),
          calls: this.calls.calls(),
          accounts: this.directory.accounts(),
          resolved: (accountId) => this.sipServers.addresses.addressesOf(accountId),
          isSpared: (address) => this.guard.spares(address),
        }),
      onChange: () => this.#onListsChanged(),
    });
  }

  #onListsChanged(): void {
    const { blockLists } = this;
    const settings = this.#parts.settings();
    if (blockLists === undefined || !settings.end_calls_of_banned) return;
    if (modeOf(settings, 'block_lists') !== 'enforce') return;
    this.#endCallsFrom((address) => blockLists.concerning(address).length > 0 && !this.guard.spares(address));
  }

  #endCallsFrom(isStopped: (address: string, port: number) => boolean): void {
    for (const call of this.calls.calls()) {
      const { sourceAddress, sourcePort } = call.record.cdr;
      if (!isStopped(sourceAddress, sourcePort) || this.guard.isAllowed(sourceAddress)) continue;
      call.end('source banned', 'system');
    }
  }

  /** What the SIP server at an address has to prove over TLS. */
  #serverAt(address: string): PeerIdentity | undefined {
    const listed = this.directory.sipServersAt(address).find(({ enabled }) => enabled);
    const { trunk } = listed ?? this.sipServers.addresses.serverAt(address) ?? {};
    return trunk && trunkPeer(trunk);
  }

  /** Whether a network that would be banned holds us, or a SIP server. */
  #holdsTrusted(network: string): boolean {
    const range = parsePrefix(network);
    if (!range.ok) return false;
    const servers = this.directory.sipServers().filter(({ enabled }) => enabled);
    const addresses = [
      ...this.#parts.ownAddresses().map(({ address }) => address),
      ...servers.flatMap(({ authIp, trunk }) => [...authIp, trunk?.host ?? '']),
      ...this.sipServers.addresses.all(),
    ];
    return addresses.some((address) => range.value.contains(address));
  }

  /** Whether an address is that of a SIP server, or of a traffic sender. */
  #listing(address: string): Listing {
    const isServer = this.directory.sipServersAt(address).some(({ enabled }) => enabled);
    if (isServer || this.sipServers.addresses.serverAt(address) !== undefined) return 'sip server';
    return this.directory.isListed(address) ? 'traffic sender' : 'none';
  }

  /** Devices that are refused, and names that nobody should know, get no answer, and nothing is done for them. */
  #ignores(request: SipRequest, flow: Flow): boolean {
    const userAgent = userAgentOf(request);
    const isRefused = this.guard.devices.refuses(userAgent) || this.guard.bans.agentBan(userAgent) !== undefined;
    if (isRefused) {
      this.guard.observe(findingOf('blocked device', flow, { message: request }));
      return true;
    }
    const user = honeypotUser(request, this.#parts.settings());
    if (user === undefined || this.#isKnown(flow.remote.address)) return false;
    this.guard.observe(findingOf('honeypot', flow, { message: request, user }));
    return true;
  }

  /** Media that was no call's own, or too much of it, was dropped by the other plane. */
  #onMediaRefused(sources: readonly RefusedSource[]): void {
    for (const source of sources) {
      for (const finding of mediaFindings(source)) this.guard.observe(finding);
      const { address, port, fault, packets } = source;
      this.strangers.refused(mediaFaultWords[fault], address, { port, packets });
    }
  }

  /** A ban ends no call by itself, unless a setting says so [own.end-calls-of-banned]. */
  #onBan({ scope, subject }: Ban): void {
    if (!this.#parts.settings().end_calls_of_banned) return;
    this.#endCallsFrom((address, port) => isHit(scope, subject, address, port));
  }

  /** Authenticated lately from this address, or listed with it: served on when strangers are not. */
  #isKnown(address: string): boolean {
    if (this.guard.hasProven(address) || this.directory.isListed(address)) return true;
    return this.sipServers.addresses.serverAt(address) !== undefined;
  }

  /** A stranger that asks for names that nobody has is looking for one that somebody has. */
  #countQuestion(request: SipRequest, flow: Flow): void {
    const user = request.requestUri?.scheme === 'tel' ? '' : (request.requestUri?.user ?? '');
    const { directory, guard } = this;
    if (user === '' || this.#isKnown(flow.remote.address)) return;
    if (directory.accountByName(user) !== undefined || directory.numberOwner(user) !== undefined) return;
    guard.observe(findingOf('unknown number', flow, { message: request, user }));
  }

  /** Says what we can do, to anybody (RFC 3261 §11.2): it costs one answer, no longer than the question allows. */
  #onOptions(request: SipRequest, flow: Flow): void {
    this.#countQuestion(request, flow);
    const headers = new HeaderList().append('allow', allowedMethods).append('accept', 'application/sdp');
    this.stack.reply(request, flow, 200, headers);
  }
}

const mediaFaultWords = {
  foreign: 'media of a stranger dropped',
  'over rate': 'media over the rate of its codec dropped',
} as const satisfies Readonly<Record<RefusedSource['fault'], string>>;

function idle(): number {
  return 0;
}

/** Transports that SIP servers may be reached over where nobody says which, the preferred one first. */
function sentOver({ udp_port, tcp_port }: Settings, hasGate: boolean): readonly TransportName[] {
  const isOn = { udp: udp_port !== 0, tcp: tcp_port !== 0, tls: hasGate };
  return (['udp', 'tcp', 'tls'] as const).filter((transport) => isOn[transport]);
}

function transportLimits(settings: Settings): typeof defaultTransportLimits {
  return {
    ...defaultTransportLimits,
    message: { ...defaultTransportLimits.message, maxMessageOctets: settings.max_message_octets },
    maxConnections: settings.max_tcp_connections,
    maxConnectionsPerSource: settings.max_tcp_connections_per_source,
    maxReservedSockets: settings.reserved_udp_sockets,
    idleTimeoutMs: settings.tcp_idle_timeout * 1000,
    halfMessageTimeoutMs: settings.max_half_message_time * 1000,
  };
}

function malformedBy({ respondTo }: ParseError): { message?: SipRequest } {
  return respondTo === undefined ? {} : { message: respondTo };
}

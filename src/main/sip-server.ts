import { createSecretKey } from 'node:crypto';
import type { DirectorySnapshot } from '../accounts/change.ts';
import { AccountDirectory } from '../accounts/directory.ts';
import type { Log } from '../base/log/log.ts';
import type { Random } from '../base/random/random.ts';
import type { Clock, Timer } from '../base/time/clock.ts';
import { guardedClock } from '../base/time/guarded-clock.ts';
import { type Ceiling, firstCeiling } from '../billing/ceiling.ts';
import type { Ledger } from '../billing/ledger/ledger.ts';
import type { SpendPeaks } from '../billing/limits/spend-peaks.ts';
import { PriceBook } from '../billing/tariff/price-book.ts';
import type { PriceList } from '../billing/tariff/price-list.ts';
import { CallService } from '../call/call-service.ts';
import { CallLimits } from '../call/limits/call-limits.ts';
import { joined } from '../call/limits/joined-lifecycle.ts';
import { LeaseAudit } from '../call/limits/lease-audit.ts';
import { DialSpeed, PendingCalls } from '../call/limits/pending-calls.ts';
import { MeanDurations } from '../call/mean-durations.ts';
import { MessageService } from '../call/message-service.ts';
import type { CallCharges } from '../call/money/call-charges.ts';
import type { MeteredCalls } from '../call/money/metered-calls.ts';
import type { CallStore } from '../call/ports.ts';
import type { Heartbeat, UnfinishedCall } from '../call/record.ts';
import { Recovery } from '../call/recovery.ts';
import type { CallServices } from '../call/services.ts';
import { type FileStop, fileStops } from '../call/stopped-calls.ts';
import { SipServers } from '../call/trunks/sip-servers.ts';
import { Authenticator } from '../guard/authenticate.ts';
import type { Ban } from '../guard/bans/ban.ts';
import { ConnectionFailures } from '../guard/connection-failures.ts';
import { findingOf } from '../guard/findings.ts';
import { Guard } from '../guard/guard.ts';
import type { LimitOrigin } from '../guard/limit.ts';
import { type BlockListParts, BlockLists } from '../guard/lists/block-lists.ts';
import { ListedSources } from '../guard/lists/listed-sources.ts';
import type { CutOff, StoredBlockList } from '../guard/lists/ports.ts';
import type { BanStore, DecisionStore, FirewallDriver } from '../guard/ports.ts';
import { StrangerLog } from '../guard/stranger-log.ts';
import type { MediaPlane } from '../media/index.ts';
import type { Binding } from '../registrar/binding.ts';
import type { BindingStore } from '../registrar/ports.ts';
import { Registrar } from '../registrar/registrar.ts';
import { modeOf, type SettingKey, type Settings } from '../settings/index.ts';
import type { ParseError, SipRequest } from '../sip/message/index.ts';
import { type DnsSource, Locator } from '../sip/resolve/index.ts';
import { SipStack, type StackBounds } from '../sip/stack/index.ts';
import { defaultTimers } from '../sip/transaction/index.ts';
import { defaultTransportLimits, type Network, type StreamGate, type TransportName } from '../sip/transport/index.ts';
import { AddressOwners } from './address-owners.ts';
import { advertisedEndpoint, type OwnAddress, reachedFamilies, relayAddress } from './addresses.ts';
import { CallsOfBanned } from './calls-of-banned.ts';
import { cutOffBy, cutOffByBan, type Served } from './cut-off.ts';
import { sparesFailure, trustOf } from './guard-trust.ts';
import { watchRefusedMedia } from './media-findings.ts';
import { type CallsMoney, callsMoney } from './metered-money.ts';
import { RequestRouter } from './request-router.ts';

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
  readonly charges: CallCharges;
  readonly sipServers: SipServers;
  readonly limits: CallLimits;
  readonly audit: LeaseAudit;
  readonly #requests: RequestRouter;
  readonly #recovery: Recovery;
  readonly #owners: AddressOwners;
  readonly #callsOfBanned: CallsOfBanned;
  /** Closes connections over which challenges are answered wrongly. */
  readonly #authFailures: ConnectionFailures;
  readonly #parts: SipServerParts;
  /** The clock whose timers cannot end the process. */
  readonly #clock: Clock;
  #settingsTurn: Timer | undefined;

  /** The parts are made from the outside in; what one asks of a later one, it asks when the first packet comes. */
  constructor(parts: SipServerParts) {
    this.#parts = parts;
    const { settings, log, ownAddresses } = parts;
    const onFault = tellingFaults(log);
    const clock = guardedClock(parts.clock, onFault);
    this.#clock = clock;
    this.directory = new AccountDirectory(parts.directory);
    const { directory } = this;
    this.prices = new PriceBook(directory, parts.priceLists ?? []);
    this.strangers = new StrangerLog(clock, log);
    this.#owners = new AddressOwners({
      ...{ directory, ownAddresses },
      resolved: () => this.sipServers.addresses,
      hasProven: (address) => this.guard.hasProven(address),
    });
    this.guard = this.#newGuard();
    const { guard, strangers } = this;
    watchRefusedMedia(parts.plane, guard, strangers);
    this.blockLists = this.#newBlockLists();
    this.#authFailures = new ConnectionFailures(
      () => modeOf(settings(), 'session_auth_failure_close'),
      log,
      (flow) => this.stack.closeConnection(flow),
    );
    this.stack = this.#newStack(onFault);
    const { stack } = this;
    this.authenticator = this.#newAuthenticator();
    this.sipServers = this.#newSipServers();
    this.registrar = new Registrar({
      ...{ stack, clock, settings, authenticator: this.authenticator },
      ...{ store: parts.bindings, strangerLog: strangers },
    });
    const { periods } = parts.ledger;
    const settingOrigin = this.#settingOrigin;
    const fileStop = fileStops({ clock, random: parts.random, log, decisions: parts.decisions });
    this.limits = new CallLimits({ clock, settings, settingOrigin, directory, periods, fileStop });
    const { calls: money, dead, charges } = this.#newMoney(fileStop);
    this.money = money;
    this.charges = charges;
    this.#recovery = new Recovery({ stack, store: parts.calls, money: dead, log });
    const services = this.#callServices();
    this.calls = new CallService(services);
    const { calls, registrar } = this;
    this.#callsOfBanned = new CallsOfBanned({ settings, calls, guard });
    this.#requests = new RequestRouter({
      ...{ stack, guard, strangers, directory, registrar, calls },
      messages: new MessageService(services),
      names: { realm: parts.realm, settings, ownAddresses },
      isKnown: (address) => this.#owners.isKnown(address),
    });
    const { lines, serverLines, emergencies } = this.limits;
    const audited = () => calls.audited();
    this.audit = new LeaseAudit({ clock, log, lines, others: [serverLines, emergencies], calls: audited });
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

  /** Whom a ban by hand would cut off. */
  cutOffBy(ban: Pick<Ban, 'scope' | 'subject'>): CutOff {
    return cutOffByBan(ban, this.#served());
  }

  #served(): Omit<Served, 'isSpared'> {
    return {
      bindings: this.registrar.bindings.all(),
      calls: this.calls.calls(),
      accounts: this.directory.accounts(),
      resolved: (accountId) => this.sipServers.addresses.addressesOf(accountId),
    };
  }

  /** A setting changed that holds at once. */
  settingsChanged(): void {
    this.sipServers.sync();
    this.#settingsTurn ??= this.#parts.clock.after(0, () => {
      // One profile changes many settings: running calls learn of them together.
      this.#settingsTurn = undefined;
      this.limits.talk.settingsChanged();
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

  get #settingOrigin(): (key: SettingKey) => LimitOrigin {
    return this.#parts.settingOrigin ?? unknownOrigin;
  }

  #newGuard(): Guard {
    const { random, settings, bans, load = idle, ownAddresses, log, firewall } = this.#parts;
    const owners = this.#owners;
    return new Guard({
      ...{ clock: this.#clock, random, settings, strangerLog: this.strangers, load, log },
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
      trustOf: (address) => trustOf(address, settings(), ownAddresses(), owners.listing(address)),
      holdsTrusted: (network) => owners.holdsTrusted(network),
      sparesFailure: (kind, address) => sparesFailure(kind, address, settings(), ownAddresses()),
      isBoundAt: (user, remote) => {
        const account = this.directory.accountByName(user);
        return account !== undefined && this.registrar.isBoundAt(account.id, remote);
      },
      isListed: (address) => owners.listing(address) !== 'none',
      listed: () => this.blockLists?.sources ?? ListedSources.none,
      onBan: (ban) => this.#callsOfBanned.onBan(ban),
    });
  }

  #newBlockLists(): BlockLists | undefined {
    const { random, settings, log, blockLists } = this.#parts;
    if (blockLists === undefined) return undefined;
    const lists: BlockLists = new BlockLists({
      ...{ clock: this.#clock, random, settings, log },
      ...blockLists,
      ownAddresses: () => this.#addressesOfOurs(),
      cutOffBy: (sources) =>
        cutOffBy(sources, { ...this.#served(), isSpared: (address) => this.guard.spares(address) }),
      onChange: () => this.#callsOfBanned.onListsChanged(lists),
    });
    return lists;
  }

  #newStack(onFault: (error: unknown) => void): SipStack {
    const { network, gate, random, settings, bounds, ownAddresses } = this.#parts;
    const { guard } = this;
    return new SipStack(
      {
        ...{ network, clock: this.#clock, random, timers: defaultTimers, serverName: 'Ringfence', onFault },
        ...(gate === undefined ? {} : { gate }),
        ...(bounds === undefined ? {} : { bounds }),
        transportLimits: transportLimits(settings()),
        isKnown: ({ remote }) => this.#owners.isKnown(remote.address),
        serverAt: (address) => this.#owners.serverAt(address),
        advertise: (flow) => advertisedEndpoint(flow, settings(), ownAddresses()),
        forceRport: () => settings().forcerport,
      },
      {
        admit: (source, octets) => guard.admit(source, octets),
        ignores: (request, flow) => this.#requests.ignores(request, flow),
        onSenseless: (what, message, flow) => guard.observe(findingOf(what, flow, { message })),
        onRequest: (request, flow) => this.#requests.onRequest(request, flow),
        onMalformed: (error, flow) => guard.observe(findingOf('malformed', flow, malformedBy(error))),
        onKeepAlive: () => {},
        onConnectionClosed: (flow) => {
          this.#authFailures.closed(flow);
          this.registrar.onConnectionClosed(flow);
          this.sipServers.registrations.connectionClosed(flow);
        },
      },
    );
  }

  #newAuthenticator(): Authenticator {
    const { random, settings, realm } = this.#parts;
    return new Authenticator({
      ...{ directory: this.directory, clock: this.#clock, settings, realm, random, gate: this.guard },
      nonceKey: createSecretKey(random.hex(32), 'hex'),
      bootId: random.hex(8),
      isRegisteredAt: (accountId, flow, anyPort) => this.registrar.isRegisteredAt(accountId, flow, anyPort),
      onRefused: (flow) => this.#authFailures.failed(flow),
      onAuthenticated: (flow) => {
        this.#authFailures.succeeded(flow);
        this.stack.trustConnection(flow);
        this.stack.knowSource(flow);
      },
    });
  }

  #newSipServers(): SipServers {
    const { random, settings, log, dns, gate, ownAddresses } = this.#parts;
    const locator = new Locator<TransportName>({
      ...{ dns, random },
      transports: () => sentOver(settings(), gate !== undefined),
      families: () => reachedFamilies(settings(), ownAddresses()),
    });
    const { directory, stack } = this;
    return new SipServers({ directory, locator, stack, clock: this.#clock, random, settings, log });
  }

  #newMoney(fileStop: FileStop): CallsMoney {
    const { log, settings, ledger, peaks, epoch = 0, ceiling = firstCeiling } = this.#parts;
    const { directory, prices } = this;
    return callsMoney({
      ...{ clock: this.#clock, log, settings, settingOrigin: this.#settingOrigin, directory, prices },
      ...{ ledger, peaks, fileStop, epoch, ceiling },
    });
  }

  #callServices(): CallServices {
    const { random, settings, log, plane, calls, decisions, ledger, ceiling = firstCeiling } = this.#parts;
    const { stack, directory, authenticator, registrar, guard, money, sipServers, limits, prices } = this;
    return {
      ...{ stack, clock: this.#clock, random, settings, settingOrigin: this.#settingOrigin, directory, log },
      ...{ authenticator, registrar, guard, money, sipServers, limits, prices, ceiling },
      ...{ plane, store: calls, decisions, ledger, timers: defaultTimers, strangerLog: this.strangers },
      lifecycle: joined(money, limits),
      pending: new PendingCalls(),
      dialSpeed: new DialSpeed(),
      meanDurations: new MeanDurations(),
      ownAddresses: () => this.#addressesOfOurs(),
      relayAddressFor: (ownAddress) => relayAddress(settings(), ownAddress),
    };
  }

  /** Those of the machine, and those that the world sees. */
  #addressesOfOurs(): readonly string[] {
    const { ownAddresses, settings } = this.#parts;
    return [...ownAddresses().map(({ address }) => address), ...settings().public_address];
  }
}

/** Says what broke. Whoever can cause one fault can cause a million: the first hundred say all that there is to know. */
function tellingFaults(log: Log): (error: unknown) => void {
  let told = 0;
  return (error) => {
    if (told++ >= maxFaultsTold) return;
    const details = { error: error instanceof Error ? error.stack : String(error) };
    log.error('broken invariant; one unit of work was stopped', details);
  };
}

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

import type { Log } from '../base/log/log.ts';
import { type AddressWords, addressText, readAddressWords } from '../base/net/address-words.ts';
import type { Endpoint } from '../base/net/endpoint.ts';
import { rangeHolds } from '../base/net/prefix.ts';
import type { Random } from '../base/random/random.ts';
import type { Clock, Timer } from '../base/time/clock.ts';
import { modeOf, type Settings } from '../settings/index.ts';
import type { Admission, PacketSource } from '../sip/transport/index.ts';
import { type Ban, banKey, placeOf, userAtAddress } from './bans/ban.ts';
import { BanList, type OwnKind, ownKind, type Standing } from './bans/ban-list.ts';
import { Repeaters } from './bans/repeaters.ts';
import { FirewallFeed } from './bans/firewall-feed.ts';
import { Budgets } from './budgets.ts';
import { DeviceNames } from './device-names.ts';
import { rowLimit } from './detections.ts';
import { answersChallenge, Detector, type Verdict } from './detector.ts';
import { type Evidence, type Finding, FindingCounts, type FindingKind, type FindingObserver } from './findings.ts';
import { type Attempt, Guesses } from './guesses.ts';
import { KnownSources } from './known-sources.ts';
import type { ListedSources } from './lists/listed-sources.ts';
import type { BanStore, FirewallDriver } from './ports.ts';
import { isRegister, type OwnMarks, proofIn } from './raw-proof.ts';
import type { StrangerLog } from './stranger-log.ts';
import { KeyedHash } from './table/keyed-hash.ts';
import { OctetRate } from './table/octet-rate.ts';
import { RecentTimes } from './table/recent-times.ts';
import { WindowCounts } from './table/window-counts.ts';
import { Unanswered } from './unanswered.ts';

/**
 * What a packet has proven: P0, that its sender receives at its address (a connection; on UDP a nonce, tag or branch of
 * ours); P1, that its address authenticated lately; P2, nothing.
 */
export type Proof = 'P0' | 'P1' | 'P2';

/** Why a packet was lost before it was read. */
export type Loss = 'banned' | 'block list' | 'shed' | 'whitelist' | 'network speed' | 'strangers' | 'known' | 'proven';

/** What the guard needs to know of the rest of the server. */
export interface GuardParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly settings: () => Settings;
  readonly strangerLog: StrangerLog;
  readonly store: BanStore;
  readonly marks: OwnMarks;
  /** Whether an account or number of ours has this name. */
  readonly isUser: (name: string) => boolean;
  /** Live registrations of a user. */
  readonly bindingsOf: (user: string) => number;
  /** Why detections spare an address, by the settings that trust addresses, or because it is our own. */
  readonly trustOf: (address: string) => string | undefined;
  /** Whether a network holds an address of ours, or of a SIP server. */
  readonly holdsTrusted: (network: string) => boolean;
  /** Whether a failure of this kind is not held against this address [auth.trusted-segment-exemption]. */
  readonly sparesFailure: (kind: FindingKind, address: string) => boolean;
  /** Whether this user has a live binding that was made from this very address and port. */
  readonly isBoundAt: (user: string, remote: Endpoint) => boolean;
  /** Whether calls come from this address without a password, as those of carriers do. */
  readonly isListed: (address: string) => boolean;
  /** How busy the signalling thread is, from 0 to 1. */
  readonly load: () => number;
  /** Drops before this process what is banned; without it the guard does so alone. */
  readonly firewall?: FirewallDriver;
  readonly log: Log;
  /** The addresses of all block lists. */
  readonly listed: () => ListedSources;
  /** A ban holds from now on. */
  readonly onBan: (ban: Ban) => void;
}

/** Where a packet came from, and what stands for and against it. */
interface Source {
  readonly remote: Endpoint;
  readonly isKnown: boolean;
  readonly isKnownPort: boolean;
  readonly isShed: boolean;
  readonly nowMs: number;
}

const tickMs = 1000;
const answeredCapacity = 65_536;
const answeredRole = 700;
const listedRole = 702;
const untrustedRole = 703;
const listedCapacity = 4096;
const listedForMs = 1000;
const allUnanswered = 701;
const unansweredWindowMs = 90_000;
const allTimes = 10;
/** What the guard lists by itself, of each kind. */
const mostOwn: Readonly<Record<OwnKind, number>> = { ban: 100_000, user: 20_000, shed: 20_000, report: 20_000 };
const day = 24 * 3_600_000;

/**
 * Stands before everything: asked for each packet before it is read, told of everything that is seen of its sender
 * afterwards. Nothing here waits, and nothing that strangers can fill grows.
 */
export class Guard implements FindingObserver {
  readonly bans: BanList;
  readonly devices: DeviceNames;
  readonly findings = new FindingCounts();
  /** Packets that were served, by proof. */
  readonly served: Record<Proof, number> = { P0: 0, P1: 0, P2: 0 };
  readonly lost: Record<Loss, number> = {
    ...{ banned: 0, 'block list': 0, shed: 0, whitelist: 0, 'network speed': 0, strangers: 0, known: 0, proven: 0 },
  };
  readonly known: KnownSources;
  readonly #parts: GuardParts;
  readonly #hash: KeyedHash;
  readonly #detector: Detector;
  readonly #budgets: Budgets;
  readonly #guesses: Guesses;
  readonly #speed = new OctetRate();
  readonly #unanswered = new Unanswered();
  readonly #answered = new RecentTimes(answeredCapacity);
  /** Sources of block lists that nothing spares, and when that was last looked at. */
  readonly #blocked = new RecentTimes(listedCapacity);
  readonly #untrusted = new RecentTimes(listedCapacity);
  readonly #allUnanswered = new WindowCounts(8);
  readonly #repeaters: Repeaters;
  readonly #words: AddressWords = new Uint32Array(4);
  /** Filled in anew for each message, so that none is made for one that is dropped. */
  readonly #message: { words: AddressWords; port: number; evidence: Evidence; user: string } = {
    ...{ words: this.#words, port: 0, evidence: 'none', user: '' },
  };
  readonly #firewall: FirewallFeed | undefined;
  #strangersRest = false;
  /** How the packet that is being looked at proved its sender. */
  #provenBy: Evidence = 'none';
  #timer: Timer | undefined;
  #clearedAtMs = 0;

  constructor(parts: GuardParts) {
    this.#parts = parts;
    const { clock, random, settings } = parts;
    const hash = new KeyedHash(random);
    this.#hash = hash;
    const { firewall: driver, log } = parts;
    const feed = driver && new FirewallFeed({ clock, log, driver, bans: () => this.bans.all() });
    this.#firewall = feed;
    this.bans = new BanList(clock, hash, (kind, ban) => feed?.changed(kind, ban));
    this.devices = new DeviceNames(settings);
    this.known = new KnownSources({ hash, settings, bindingsOf: parts.bindingsOf });
    this.#repeaters = new Repeaters((key) => this.#forgetRepeater(key));
    this.#budgets = new Budgets(hash, settings);
    this.#guesses = new Guesses(hash, this.known);
    this.#detector = new Detector({
      ...{ clock, settings, hash, known: this.known, load: parts.load },
      spared: (words) => this.#spared(words),
      holdsTrusted: parts.holdsTrusted,
      decide: (verdict) => this.#carryOut(verdict),
    });
  }

  /** Takes over the bans of the last server, and begins to look at the time. */
  start(bans: readonly Ban[] = []): void {
    const nowMs = this.#parts.clock.wallMs();
    for (const ban of bans) {
      if (ban.by === 'guard' && ban.scope !== 'user at address') this.#repeaters.remember(ban);
      if (ban.untilMs === undefined || ban.untilMs > nowMs) this.bans.put(ban);
      else if (!this.#repeaters.has(ban.key)) this.#parts.store.remove([ban.key]);
    }
    this.#firewall?.start();
    this.#repeaters.forgetOld(nowMs);
    this.#clearedAtMs = this.#parts.clock.monotonicMs();
    this.#tick();
  }

  stop(): void {
    this.#firewall?.stop();
    this.#timer?.cancel();
  }

  /** Whether a packet is read. `octets` are those of a datagram; nothing is made for one that is dropped. */
  admit({ transport, remote, octets: length }: PacketSource, octets?: Buffer): Admission {
    const words = this.#words;
    const isUdp = transport === 'udp';
    if (!readAddressWords(remote.address, words)) return isUdp ? 'drop' : 'close';
    const nowMs = this.#parts.clock.monotonicMs();
    const standing = this.bans.standingOf(words, remote.port, nowMs);
    const loss =
      standing === 'ban'
        ? 'banned'
        : this.#isBlocked(words, remote.address, nowMs)
          ? 'block list'
          : this.#lossOf(remote, isUdp, standing, length, octets, nowMs);
    if (loss === undefined) return 'serve';
    this.lost[loss]++;
    return isUdp ? 'drop' : 'close';
  }

  /** A source that says what was seen of it. */
  observe(finding: Finding): void {
    const { kind, address, port, user, userAgent, evidence } = finding;
    this.findings.observe(finding);
    const words = this.#words;
    if (!readAddressWords(address, words)) return;
    const nowMs = this.#parts.clock.monotonicMs();
    if (answersChallenge.has(kind)) {
      this.#pairKey(words, port);
      this.#answered.set(this.#hash.high, this.#hash.low, nowMs);
    }
    if (kind === 'authenticated') {
      this.known.authenticated({ words, port, user, userAgent }, nowMs);
      this.#detector.forgive(words, user);
      return;
    }
    if (kind === 'challenged') {
      this.#unanswered.add(words, port, finding.transport !== 'udp', nowMs);
      if (user !== '' && !this.#parts.isUser(user)) {
        this.#detector.count('unknown number', { words, port, evidence, user }, finding.isRegister);
      }
      return;
    }
    if (this.#parts.sparesFailure(kind, address)) return;
    // A phone that is bound there has the password: whoever fails in its name repeats what it heard of it.
    if (user !== '' && answersChallenge.has(kind) && this.#parts.isBoundAt(user, finding)) return;
    this.#guesses.failed(kind, this.#attempt(user, userAgent), this.#parts.settings().max_guesses_per_user, nowMs);
    this.#detector.observe(finding);
    if (answersChallenge.has(kind)) this.known.failed({ words, port, user, userAgent });
  }

  /**
   * Whether credentials for `user` are looked at: `ask` challenges again without looking, `refuse` refuses as a wrong
   * password would be.
   */
  look({ address, port }: Endpoint, user: string, userAgent: string): 'verify' | 'ask' | 'refuse' {
    const words = this.#words;
    if (!readAddressWords(address, words)) return 'ask';
    const nowMs = this.#parts.clock.monotonicMs();
    if (this.#isBan('user', user)) return 'refuse';
    // Somebody else behind the same NAT may have failed in this user's name.
    if (this.known.isOwnPort(words, port, user, nowMs)) return 'verify';
    if (this.#isBan('user at address', userAtAddress(user, address))) return 'refuse';
    const settings = this.#parts.settings();
    const limitOf = (key: GuessRule): number => (modeOf(settings, key) === 'off' ? 0 : settings[key]);
    const limits = { perUser: limitOf('max_guesses_per_user'), perAddress: limitOf('max_failed_users_per_address') };
    const mayTry = this.#guesses.mayTry(this.#attempt(user, userAgent), limits, nowMs);
    if (mayTry === 'yes') return 'verify';
    const rule = mayTry === 'user' ? 'max_guesses_per_user' : 'max_failed_users_per_address';
    this.#reportGuessing(rule, mayTry === 'user' ? user : address);
    return modeOf(settings, rule) === 'enforce' ? 'ask' : 'verify';
  }

  #attempt(user: string, userAgent: string): Attempt {
    return { words: this.#words, user, userAgent, isAllowed: this.bans.isAllowed(this.#words) };
  }

  /** The operator is told of whom so many guess at, and from where; of names that nobody has there is nothing to tell. */
  #reportGuessing(rule: GuessRule, subject: string): void {
    const { settings, isUser } = this.#parts;
    const scope = rule === 'max_guesses_per_user' ? 'user' : 'address';
    if (scope === 'user' && !isUser(subject)) return;
    if (this.bans.get(scope, subject) !== undefined) return;
    const reason = `${settings()[rule]} ${guessWords[rule]}`;
    this.#report({ scope, subject, rule, reason, evidence: 'none' });
  }

  #report(said: Pick<Ban, 'scope' | 'subject' | 'rule' | 'reason' | 'evidence'>): void {
    const atMs = this.#parts.clock.wallMs();
    this.#makeRoom('report');
    const key = banKey(said.scope, said.subject);
    this.put({ key, action: 'report', ...said, count: 1, by: 'guard', atMs, untilMs: atMs + day });
  }

  /** A binding that outlived a restart: its phone is known. */
  remember(address: string, port: number, user: string, userAgent: string): void {
    if (!readAddressWords(address, this.#words)) return;
    this.known.authenticated({ words: this.#words, port, user, userAgent }, this.#parts.clock.monotonicMs());
  }

  /** Whether somebody authenticated from this address in the last hour. */
  hasProven(address: string): boolean {
    return readAddressWords(address, this.#words) && this.known.hasProven(this.#words, this.#parts.clock.monotonicMs());
  }

  /** Whether no detection and no block list stops this address: it is allowed, trusted or our own. */
  spares(address: string): boolean {
    return readAddressWords(address, this.#words) && this.#spared(this.#words) !== undefined;
  }

  /** Whether an operator has said that this address is never banned. */
  isAllowed(address: string): boolean {
    return readAddressWords(address, this.#words) && this.bans.isAllowed(this.#words);
  }

  /** Lists a ban, or replaces that of its subject. */
  put(ban: Ban): void {
    this.bans.put(ban);
    if (ban.action === 'ban' || ban.action === 'allow') this.#parts.store.put(ban);
    if (ban.action === 'ban') this.#parts.onBan(ban);
  }

  /** Takes an entry out, with what was counted against it. @returns undefined where there is none */
  lift(key: string): Ban | undefined {
    const ban = this.bans.remove(key);
    if (ban === undefined) return undefined;
    this.#parts.store.remove([key]);
    this.#repeaters.delete(key);
    const place = placeOf(ban);
    this.#detector.forget(place);
    this.#guesses.forget(place);
    return ban;
  }

  /**
   * Takes out what names a subject; of an address also what its ports and users did there, and the ranges around it that
   * the guard has stopped by itself. A range that an operator has banned stays. @returns the keys
   */
  liftAbout(subject: string): readonly string[] {
    const named = [...this.bans.all()].filter((ban) => ban.subject === subject || placeOf(ban).user === subject);
    const there = this.bans.concerning(subject).filter(({ scope, by }) => scope !== 'prefix' || by === 'guard');
    const keys = [...new Set([...named, ...there].map(({ key }) => key))];
    for (const key of keys) this.lift(key);
    return keys;
  }

  /** Takes out all that detections and operators have banned; what is allowed stays. */
  liftAll(): number {
    const lifted = [...this.bans.all()].filter(({ action }) => action !== 'allow');
    for (const { key } of lifted) this.bans.remove(key);
    this.#parts.store.remove([...new Set([...lifted.map(({ key }) => key), ...this.#repeaters.clear()])]);
    this.#detector.clear();
    this.#guesses.clear();
    this.#allUnanswered.clear();
    return lifted.length;
  }

  /** How many of a detection's signs an address has within its window. */
  countOf(key: Parameters<Detector['countOf']>[0], address: string): number {
    return this.#detector.countOf(key, address);
  }

  /** The limit of maxsubsipauthrequest that holds now; it follows the load where it is adaptive. */
  rowLimit(): number {
    return rowLimit(this.#parts.settings(), this.#parts.load());
  }

  /** Memory of the tables that strangers can fill; it never changes. */
  get octets(): number {
    const tables = [
      this.#blocked,
      this.#untrusted,
      this.#detector,
      this.#budgets,
      this.#guesses,
      this.known,
      this.#unanswered,
      this.#answered,
    ];
    return tables.reduce((sum, { octets }) => sum + octets, 0);
  }

  #lossOf(
    remote: Endpoint,
    isUdp: boolean,
    standing: Standing,
    length: number,
    octets: Buffer | undefined,
    nowMs: number,
  ): Loss | undefined {
    const words = this.#words;
    const settings = this.#parts.settings();
    const { sip_whitelist: only } = settings;
    if (only.length > 0 && !only.some((range) => rangeHolds(range, remote.address))) return 'whitelist';
    if (!this.#speed.take(length, settings.maxnetworkspeed, nowMs)) return 'network speed';
    const isKnown = this.known.hasProven(words, nowMs);
    const isKnownPort = isKnown && this.known.hasProvenAt(words, remote.port, nowMs);
    this.#provenBy = isUdp ? 'none' : 'connection';
    const source = { remote, isKnown, isKnownPort, isShed: standing === 'shed', nowMs };
    const loss = isUdp ? this.#lossOfDatagram(source, octets) : this.#lossOfStream(source, length);
    if (settings.maxsubsmscount > 0 && !isKnownPort && !(isKnown && settings.treatusersasknownip)) {
      this.#message.port = remote.port;
      this.#message.evidence = this.#provenBy;
      this.#detector.count('message', this.#message, false);
    }
    return loss;
  }

  #lossOfDatagram(source: Source, octets: Buffer | undefined): Loss | undefined {
    const words = this.#words;
    const { isKnown, isShed, nowMs } = source;
    if (isKnown) {
      if (this.#budgets.takeKnown(words, nowMs)) return this.#serve('P1');
      return this.#isProven(source, octets) ? this.#serve('P0') : 'known';
    }
    const isFree = isShed
      ? this.#budgets.takeShed(words, octets !== undefined && isRegister(octets), nowMs)
      : this.#budgets.takeStranger(words, this.#strangersRest, nowMs);
    if (isFree) return this.#serve('P2');
    if (this.#isProven(source, octets)) return this.#serve('P0');
    return isShed ? 'shed' : 'strangers';
  }

  /** Whether a block list stops a source. Who is allowed or trusted is asked about once a second: it costs more than the list. */
  #isBlocked(words: AddressWords, address: string, nowMs: number): boolean {
    if (!this.#parts.listed().holds(words)) return false;
    const mode = modeOf(this.#parts.settings(), 'block_lists');
    if (mode === 'off') return false;
    this.#hash.address(words, listedRole);
    const { high, low } = this.#hash;
    if (nowMs - this.#blocked.get(high, low) < listedForMs) return mode === 'enforce';
    if (this.#spared(words) !== undefined) return false;
    this.#blocked.set(high, low, nowMs);
    if (mode === 'enforce') return true;
    const said = { detection: 'block_lists', reason: 'a block list names it', evidence: 'none' } as const;
    this.#carryOut({ ...said, action: 'report', scope: 'address', subject: address, address, lastsMs: undefined });
    return false;
  }

  #serve(proof: Proof): undefined {
    this.served[proof]++;
    return undefined;
  }

  #lossOfStream({ remote, isKnownPort, nowMs }: Source, length: number): Loss | undefined {
    if (length === 0) return this.#serve('P0');
    const { address, port } = remote;
    if (this.#budgets.takeProven(this.#words, port, { isTrusted: false, isKnownPort }, nowMs)) return this.#serve('P0');
    const isTrusted = this.#mayTrust(address, nowMs);
    return isTrusted && this.#budgets.takeTrusted(this.#words, false, nowMs) ? this.#serve('P0') : 'proven';
  }

  /** What does not fit the budget of its address may prove itself, or come from where much is expected. */
  #isProven({ remote, isKnownPort, isShed, nowMs }: Source, octets: Buffer | undefined): boolean {
    const { address, port } = remote;
    const proof = octets === undefined ? undefined : proofIn(octets, remote, this.#parts.marks);
    const isTrusted = this.#mayTrust(address, nowMs);
    if (proof === undefined) return isTrusted && this.#budgets.takeTrusted(this.#words, isShed, nowMs);
    if (proof === 'nonce') this.#provenBy = 'nonce';
    return this.#budgets.takeProven(this.#words, port, { isTrusted, isKnownPort }, nowMs);
  }

  /** Whether much is expected from there. Of who is not trusted it is asked once a second: a flood would ask for each packet. */
  #mayTrust(address: string, nowMs: number): boolean {
    this.#hash.address(this.#words, untrustedRole);
    const { high, low } = this.#hash;
    if (nowMs - this.#untrusted.get(high, low) < listedForMs) return false;
    if (this.#parts.isListed(address) || this.#parts.trustOf(address) !== undefined) return true;
    this.#untrusted.set(high, low, nowMs);
    return false;
  }

  /** Whether an operator has banned the number that a call shows as its caller's, written with or without `+`. */
  isCallerBanned(number: string): boolean {
    const digits = number.replace(/^\+/, '');
    return this.#isBan('caller number', digits) || this.#isBan('caller number', `+${digits}`);
  }

  #isBan(scope: Ban['scope'], subject: string): boolean {
    return this.bans.get(scope, subject)?.action === 'ban';
  }

  #spared(words: AddressWords): string | undefined {
    if (this.bans.isAllowed(words)) return 'on the list of allowed addresses';
    return this.#parts.trustOf(addressText(words));
  }

  #pairKey(words: AddressWords, port: number): void {
    this.#hash.address(words, answeredRole);
    this.#hash.extend(this.#hash.high, this.#hash.low, port);
  }

  #carryOut(verdict: Finished): void {
    const { detection, action, scope, subject, address, reason, evidence, lastsMs } = verdict;
    const { clock, settings, strangerLog } = this.#parts;
    const key = banKey(scope, subject);
    const present = this.bans.get(scope, subject);
    if (present !== undefined && (present.action === action || present.action === 'allow')) return;
    // What is banned stays so, whatever else is seen of it, and a report stops nothing that is shed.
    if (present?.action === 'ban' || (present !== undefined && action === 'report')) return;
    if (action === 'report') {
      this.#report({ scope, subject, rule: detection, reason, evidence });
    } else {
      const nowMs = clock.wallMs();
      // Whose address may be forged is not stopped for longer each time that somebody forges it.
      const count = action === 'ban' && lastsMs === undefined ? this.#repeaters.next(key, nowMs) : 1;
      this.#makeRoom(ownKind(action, scope) ?? 'ban');
      const said = { rule: detection, reason, evidence, count, by: 'guard', atMs: nowMs };
      this.put({ key, action, scope, subject, ...said, untilMs: endOf(settings(), count, lastsMs, nowMs) });
    }
    const { count = 1 } = this.bans.get(scope, subject) ?? {};
    const fields = { rule: detection, subject, scope, reason, evidence, count };
    strangerLog.refused(actionWords[action], address, fields);
  }

  /** What the guard lists by itself is bounded: the oldest of its kind go, some at once. */
  #makeRoom(kind: OwnKind): void {
    const most = mostOwn[kind];
    if (this.bans.ownCount(kind) < most) return;
    const keys = this.bans.oldestOwn(kind, Math.ceil(most / 256));
    for (const key of keys) this.bans.remove(key);
    if (kind === 'ban' || kind === 'user') this.#parts.store.remove(keys);
  }

  /** The row of a ban that is over outlives it, so that a repeater is one after a restart too. */
  #forgetRepeater(key: string): void {
    if (!this.bans.has(key)) this.#parts.store.remove([key]);
  }

  #tick(): void {
    const { clock, settings, store } = this.#parts;
    this.#timer = clock.after(tickMs, () => this.#tick());
    const nowMs = clock.monotonicMs();
    this.#budgets.follow(this.#parts.load());
    this.#unanswered.settle(nowMs, ({ words, port, isConnection }, challengedAtMs) => {
      this.#pairKey(words, port);
      if (this.#answered.get(this.#hash.high, this.#hash.low) >= challengedAtMs) return;
      this.#allUnanswered.add(allUnanswered, 0, unansweredWindowMs, nowMs);
      const evidence = isConnection ? 'connection' : 'none';
      this.#detector.count('unanswered', { words, port, evidence, user: '' }, false);
    });
    const most = settings().fastauthsubswrongusermsg * allTimes;
    this.#strangersRest = most > 0 && this.#allUnanswered.count(allUnanswered, 0, unansweredWindowMs, nowMs) > most;
    this.#repeaters.forgetOld(clock.wallMs());
    const over = this.bans.takeExpired().filter(({ key }) => !this.#repeaters.has(key));
    if (over.length > 0) store.remove(over.map(({ key }) => key));
    const resetMs = settings().reenabledosblocked * 1000;
    if (resetMs > 0 && nowMs - this.#clearedAtMs >= resetMs) {
      this.#detector.clear();
      this.#clearedAtMs = nowMs;
    }
  }
}

type GuessRule = 'max_guesses_per_user' | 'max_failed_users_per_address';

const guessWords = {
  max_guesses_per_user: 'failed passwords within an hour; new devices elsewhere are asked again without a look',
  max_failed_users_per_address: 'failed users within an hour; only known devices are looked at',
} as const satisfies Readonly<Record<GuessRule, string>>;

/** What a detection wants done, or what a block list would have done. */
type Finished = Omit<Verdict, 'detection'> & { readonly detection: Verdict['detection'] | 'block_lists' };

const actionWords = {
  ban: 'source banned',
  shed: 'source shed: its address may be forged',
  report: 'source would be stopped',
} as const;

/** When a ban ends that begins now; longer for each time that it is not the first. */
function endOf(settings: Settings, count: number, lastsMs: number | undefined, nowMs: number): number | undefined {
  if (lastsMs !== undefined) return nowMs + lastsMs;
  const { reenabledosblocked, ban_escalation, ban_time_max } = settings;
  if (reenabledosblocked === 0) return undefined;
  const longest = Math.max(reenabledosblocked, ban_time_max);
  return nowMs + Math.min(longest, reenabledosblocked * ban_escalation ** (count - 1)) * 1000;
}

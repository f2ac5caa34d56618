import type { Log } from '../base/log/log.ts';
import { type AddressWords, addressText, readAddressWords } from '../base/net/address-words.ts';
import type { Endpoint } from '../base/net/endpoint.ts';
import type { Random } from '../base/random/random.ts';
import type { Timer } from '../base/time/clock.ts';
import { modeOf, type Settings } from '../settings/index.ts';
import type { Admission, PacketSource } from '../sip/transport/index.ts';
import { type Ban, banKey, placeOf, userAtAddress } from './bans/ban.ts';
import { BanList, type OwnKind, ownKind } from './bans/ban-list.ts';
import { Repeaters } from './bans/repeaters.ts';
import { FirewallFeed } from './bans/firewall-feed.ts';
import { DeviceNames } from './device-names.ts';
import { rowLimit } from './detections.ts';
import { answersChallenge, Detector, type Verdict } from './detector.ts';
import { type Finding, FindingCounts, type FindingKind, type FindingObserver } from './findings.ts';
import { type Attempt, Guesses } from './guesses.ts';
import { KnownSources } from './known-sources.ts';
import type { BanStore, FirewallDriver } from './ports.ts';
import { type Loss, PacketGate, type PacketGateParts, type Proof } from './packet-gate.ts';
import type { StrangerLog } from './stranger-log.ts';
import { KeyedHash } from './table/keyed-hash.ts';
import { RecentTimes } from './table/recent-times.ts';
import { WindowCounts } from './table/window-counts.ts';
import { Unanswered } from './unanswered.ts';

/** What the guard needs to know of the rest of the server. */
export interface GuardParts
  extends Pick<PacketGateParts, 'clock' | 'settings' | 'marks' | 'trustOf' | 'isListed' | 'listed'> {
  readonly random: Random;
  readonly strangerLog: StrangerLog;
  readonly store: BanStore;
  /** Whether an account or number of ours has this name. */
  readonly isUser: (name: string) => boolean;
  /** Live registrations of a user. */
  readonly bindingsOf: (user: string) => number;
  /** Whether a network holds an address of ours, or of a SIP server. */
  readonly holdsTrusted: (network: string) => boolean;
  /** Whether a failure of this kind is not held against this address [auth.trusted-segment-exemption]. */
  readonly sparesFailure: (kind: FindingKind, address: string) => boolean;
  /** Whether this user has a live binding that was made from this very address and port. */
  readonly isBoundAt: (user: string, remote: Endpoint) => boolean;
  /** How busy the signalling thread is, from 0 to 1. */
  readonly load: () => number;
  /** Drops before this process what is banned; without it the guard does so alone. */
  readonly firewall?: FirewallDriver;
  readonly log: Log;
  /** A ban holds from now on. */
  readonly onBan: (ban: Ban) => void;
}

const tickMs = 1000;
const answeredCapacity = 65_536;
const answeredRole = 700;
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
  readonly known: KnownSources;
  readonly #parts: GuardParts;
  readonly #hash: KeyedHash;
  readonly #detector: Detector;
  readonly #gate: PacketGate;
  readonly #guesses: Guesses;
  readonly #unanswered = new Unanswered();
  readonly #answered = new RecentTimes(answeredCapacity);
  readonly #allUnanswered = new WindowCounts(8);
  readonly #repeaters: Repeaters;
  readonly #words: AddressWords = new Uint32Array(4);
  readonly #firewall: FirewallFeed | undefined;
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
    this.#guesses = new Guesses(hash, this.known);
    this.#detector = new Detector({
      ...{ clock, settings, hash, known: this.known, load: parts.load },
      spared: (words) => this.#spared(words),
      holdsTrusted: parts.holdsTrusted,
      decide: (verdict) => this.#carryOut(verdict),
    });
    this.#gate = new PacketGate({
      ...{ clock, settings, hash, bans: this.bans, known: this.known, marks: parts.marks },
      ...{ trustOf: parts.trustOf, isListed: parts.isListed, listed: parts.listed },
      spared: (words) => this.#spared(words),
      onMessage: (message) => this.#detector.count('message', message, false),
      onObserved: (address) => this.#reportListed(address),
    });
  }

  /** Packets that were served, by proof. */
  get served(): Readonly<Record<Proof, number>> {
    return this.#gate.served;
  }

  get lost(): Readonly<Record<Loss, number>> {
    return this.#gate.lost;
  }

  /** Whether a packet is read. `octets` are those of a datagram, which hold only until the answer. */
  admit(source: PacketSource, octets?: Buffer): Admission {
    return this.#gate.admit(source, octets);
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

  /** A block list names who is served because lists are only observed. */
  #reportListed(address: string): void {
    const said = { detection: 'block_lists', reason: 'a block list names it', evidence: 'none' } as const;
    this.#carryOut({ ...said, action: 'report', scope: 'address', subject: address, address, lastsMs: undefined });
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
    const tables = [this.#gate, this.#detector, this.#guesses, this.known, this.#unanswered, this.#answered];
    return tables.reduce((sum, { octets }) => sum + octets, 0);
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
    this.#unanswered.settle(nowMs, ({ words, port, isConnection }, challengedAtMs) => {
      this.#pairKey(words, port);
      if (this.#answered.get(this.#hash.high, this.#hash.low) >= challengedAtMs) return;
      this.#allUnanswered.add(allUnanswered, 0, unansweredWindowMs, nowMs);
      const evidence = isConnection ? 'connection' : 'none';
      this.#detector.count('unanswered', { words, port, evidence, user: '' }, false);
    });
    const most = settings().fastauthsubswrongusermsg * allTimes;
    const unanswered = this.#allUnanswered.count(allUnanswered, 0, unansweredWindowMs, nowMs);
    this.#gate.follow(this.#parts.load(), most > 0 && unanswered > most);
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

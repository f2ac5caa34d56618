import { BoundedMap } from '../base/bounded/bounded-map.ts';
import { type AddressWords, addressText, readAddressWords } from '../base/net/address-words.ts';
import type { Endpoint } from '../base/net/endpoint.ts';
import { parsePrefix } from '../base/net/prefix.ts';
import type { Random } from '../base/random/random.ts';
import type { Clock, Timer } from '../base/time/clock.ts';
import { modeOf, type Settings } from '../settings/index.ts';
import type { Admission, PacketSource } from '../sip/transport/index.ts';
import { type Ban, banKey } from './bans/ban.ts';
import { BanList, type Standing } from './bans/ban-list.ts';
import { Budgets } from './budgets.ts';
import { DeviceNames } from './device-names.ts';
import { rowLimit } from './detections.ts';
import { answersChallenge, Detector, type Verdict } from './detector.ts';
import { type Evidence, type Finding, FindingCounts, type FindingKind, type FindingObserver } from './findings.ts';
import { Guesses } from './guesses.ts';
import { KnownSources } from './known-sources.ts';
import type { BanStore } from './ports.ts';
import { carriesProof, type OwnMarks } from './raw-proof.ts';
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
export type Loss = 'banned' | 'shed' | 'whitelist' | 'network speed' | 'strangers' | 'known' | 'proven';

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
  /** Why detections spare an address, by the settings that trust addresses, or because it is our own. */
  readonly trustOf: (address: string) => string | undefined;
  /** Whether a failure of this kind is not held against this address [auth.trusted-segment-exemption]. */
  readonly sparesFailure: (kind: FindingKind, address: string) => boolean;
  /** Whether calls come from this address without a password, as those of carriers do. */
  readonly isListed: (address: string) => boolean;
  /** How busy the signalling thread is, from 0 to 1. */
  readonly load: () => number;
  /** A ban holds from now on. */
  readonly onBan: (ban: Ban) => void;
}

const tickMs = 1000;
const answeredCapacity = 65_536;
const answeredRole = 700;
const allUnanswered = 701;
const unansweredWindowMs = 90_000;
const allTimes = 10;
const maxSheds = 20_000;
const maxOwnBans = 100_000;
const maxRepeaters = 20_000;
const repeatMs = 30 * 24 * 3_600_000;
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
    ...{ banned: 0, shed: 0, whitelist: 0, 'network speed': 0, strangers: 0, known: 0, proven: 0 },
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
  readonly #allUnanswered = new WindowCounts(8);
  readonly #repeaters = new BoundedMap<string, { readonly count: number; readonly atMs: number }>(maxRepeaters);
  readonly #words: AddressWords = new Uint32Array(4);
  /** Filled in anew for each message, so that none is made for one that is dropped. */
  readonly #message: { words: AddressWords; port: number; evidence: Evidence; user: string } = {
    ...{ words: this.#words, port: 0, evidence: 'none', user: '' },
  };
  #strangersRest = false;
  #timer: Timer | undefined;
  #clearedAtMs = 0;

  constructor(parts: GuardParts) {
    this.#parts = parts;
    const { clock, random, settings } = parts;
    const hash = new KeyedHash(random);
    this.#hash = hash;
    this.bans = new BanList(clock, hash);
    this.devices = new DeviceNames(settings);
    this.known = new KnownSources(hash);
    this.#budgets = new Budgets(hash, settings);
    this.#guesses = new Guesses(hash, this.known);
    this.#detector = new Detector({
      ...{ clock, settings, hash, known: this.known, load: parts.load },
      spared: (words) => this.#spared(words),
      decide: (verdict) => this.#carryOut(verdict),
    });
  }

  /** Takes over the bans of the last server, and begins to look at the time. */
  start(bans: readonly Ban[] = []): void {
    for (const ban of bans) this.bans.put(ban);
    this.#clearedAtMs = this.#parts.clock.monotonicMs();
    this.#tick();
  }

  stop(): void {
    this.#timer?.cancel();
  }

  /** Whether a packet is read. `octets` are those of a datagram; nothing is made for one that is dropped. */
  admit({ transport, remote, octets: length }: PacketSource, octets?: Buffer): Admission {
    const words = this.#words;
    const isUdp = transport === 'udp';
    if (!readAddressWords(remote.address, words)) return isUdp ? 'drop' : 'close';
    const standing = this.bans.standingOf(words, remote.port);
    const loss = standing === 'ban' ? 'banned' : this.#lossOf(words, remote, isUdp, standing, length, octets);
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
      this.known.authenticated(words, port, user, userAgent, nowMs);
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
    this.#guesses.failed(kind, { words, user, userAgent }, nowMs);
    this.#detector.observe(finding);
  }

  /**
   * Whether credentials for `user` are looked at: `ask` challenges again without looking, `refuse` refuses as a wrong
   * password would be.
   */
  look({ address }: Endpoint, user: string, userAgent: string): 'verify' | 'ask' | 'refuse' {
    const words = this.#words;
    if (!readAddressWords(address, words)) return 'ask';
    if (this.#isUserStopped(user, address)) return 'refuse';
    const settings = this.#parts.settings();
    const limits = {
      perUser: modeOf(settings, 'max_guesses_per_user') === 'enforce' ? settings.max_guesses_per_user : 0,
      perAddress:
        modeOf(settings, 'max_failed_users_per_address') === 'enforce' ? settings.max_failed_users_per_address : 0,
    };
    const mayGuess = this.#guesses.mayTry({ words, user, userAgent }, limits, this.#parts.clock.monotonicMs());
    return mayGuess ? 'verify' : 'ask';
  }

  /** A binding that outlived a restart: its phone is known. */
  remember(address: string, port: number, user: string, userAgent: string): void {
    if (!readAddressWords(address, this.#words)) return;
    this.known.authenticated(this.#words, port, user, userAgent, this.#parts.clock.monotonicMs());
  }

  /** Whether somebody authenticated from this address in the last hour. */
  hasProven(address: string): boolean {
    return readAddressWords(address, this.#words) && this.known.hasProven(this.#words, this.#parts.clock.monotonicMs());
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
    this.#detector.forget(addressOf(ban));
    return ban;
  }

  /** Takes out all that detections and operators have banned; what is allowed stays. */
  liftAll(): number {
    const lifted = [...this.bans.all()].filter(({ action }) => action !== 'allow');
    for (const { key } of lifted) this.bans.remove(key);
    this.#parts.store.remove(lifted.map(({ key }) => key));
    this.#repeaters.clear();
    this.#detector.clear();
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
    const tables = [this.#detector, this.#budgets, this.#guesses, this.known, this.#unanswered, this.#answered];
    return tables.reduce((sum, { octets }) => sum + octets, 0);
  }

  #lossOf(
    words: AddressWords,
    remote: Endpoint,
    isUdp: boolean,
    standing: Standing,
    length: number,
    octets: Buffer | undefined,
  ): Loss | undefined {
    const settings = this.#parts.settings();
    const nowMs = this.#parts.clock.monotonicMs();
    if (settings.sip_whitelist.length > 0 && !isWithin(settings.sip_whitelist, remote.address)) return 'whitelist';
    if (!this.#speed.take(length, settings.maxnetworkspeed, nowMs)) return 'network speed';
    const isKnown = this.known.hasProven(words, nowMs);
    if (settings.maxsubsmscount > 0 && !(isKnown && this.#isKnownPort(words, remote.port, settings, nowMs))) {
      this.#message.port = remote.port;
      this.#message.evidence = isUdp ? 'none' : 'connection';
      this.#detector.count('message', this.#message, false);
    }
    if (!isUdp) return this.#lossOfStream(words, remote, length, nowMs);
    if (isKnown) {
      if (this.#budgets.takeKnown(words, nowMs)) return this.#serve('P1');
      return this.#isProven(words, remote, octets, nowMs) ? this.#serve('P0') : 'known';
    }
    const isShed = standing === 'shed';
    const isFree = isShed
      ? this.#budgets.takeShed(words, nowMs)
      : this.#budgets.takeStranger(words, this.#strangersRest, nowMs);
    if (isFree) return this.#serve('P2');
    if (this.#isProven(words, remote, octets, nowMs)) return this.#serve('P0');
    return isShed ? 'shed' : 'strangers';
  }

  #serve(proof: Proof): undefined {
    this.served[proof]++;
    return undefined;
  }

  #lossOfStream(words: AddressWords, { address, port }: Endpoint, length: number, nowMs: number): Loss | undefined {
    if (length === 0 || this.#budgets.takeProven(words, port, false, nowMs)) return this.#serve('P0');
    return this.#mayTrust(address) && this.#budgets.takeProven(words, port, true, nowMs) ? this.#serve('P0') : 'proven';
  }

  /** What does not fit the budget of strangers may prove itself, or come from where much is expected. */
  #isProven(words: AddressWords, remote: Endpoint, octets: Buffer | undefined, nowMs: number): boolean {
    const { address, port } = remote;
    if (octets !== undefined && carriesProof(octets, remote, this.#parts.marks)) {
      return this.#budgets.takeProven(words, port, false, nowMs);
    }
    return this.#mayTrust(address) && this.#budgets.takeProven(words, port, true, nowMs);
  }

  #mayTrust(address: string): boolean {
    return this.#parts.isListed(address) || this.#parts.trustOf(address) !== undefined;
  }

  #isKnownPort(words: AddressWords, port: number, settings: Settings, nowMs: number): boolean {
    return settings.treatusersasknownip || this.known.hasProvenAt(words, port, nowMs);
  }

  #isUserStopped(user: string, address: string): boolean {
    if (this.bans.userEntries === 0) return false;
    return this.#isBan('user', user) || this.#isBan('user at address', `${user} from ${address}`);
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

  #carryOut({ detection, action, scope, subject, address, reason, evidence, lastsMs }: Verdict): void {
    const { clock, settings, strangerLog } = this.#parts;
    const key = banKey(scope, subject);
    const present = this.bans.get(scope, subject);
    if (present !== undefined && (present.action === action || present.action === 'allow')) return;
    // What is banned stays so, whatever else is seen of it.
    if (present?.action === 'ban') return;
    const before = this.#repeaters.get(key);
    const nowMs = clock.wallMs();
    const isRepeater = before !== undefined && nowMs - before.atMs < repeatMs;
    const count = isRepeater ? before.count + 1 : 1;
    const untilMs = endOf(settings(), count, lastsMs, nowMs);
    if (action !== 'report') this.#repeaters.set(key, { count, atMs: nowMs });
    this.#makeRoom(action);
    const untilShown = action === 'report' ? nowMs + day : untilMs;
    const said = { rule: detection, reason, evidence, count, by: 'guard', atMs: nowMs, untilMs: untilShown };
    this.put({ key, action, scope, subject, ...said });
    const fields = { rule: detection, subject, scope, reason, evidence, count };
    strangerLog.refused(actionWords[action], address, fields);
  }

  /** What the guard lists by itself is bounded: the oldest of its kind goes. */
  #makeRoom(action: Verdict['action']): void {
    const most = action === 'ban' ? maxOwnBans : maxSheds;
    if (this.bans.countOf(action) < most) return;
    for (const ban of this.bans.all()) {
      if (ban.action !== action || ban.by !== 'guard') continue;
      this.bans.remove(ban.key);
      if (action === 'ban') this.#parts.store.remove([ban.key]);
      return;
    }
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
    this.#strangersRest = most > 0 && this.#allUnanswered.count(allUnanswered, 0, unansweredWindowMs, nowMs) > most;
    const over = this.bans.takeExpired();
    if (over.length > 0) store.remove(over.map(({ key }) => key));
    const resetMs = settings().reenabledosblocked * 1000;
    if (resetMs > 0 && nowMs - this.#clearedAtMs >= resetMs) {
      this.#detector.clear();
      this.#clearedAtMs = nowMs;
    }
  }
}

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

/** The address that a ban is about, for its counts. */
function addressOf({ scope, subject }: Ban): string {
  if (scope === 'address and port') return subject.replace(/^\[(.*)\]:\d+$|:\d+$/, '$1');
  if (scope === 'user at address') return subject.slice(subject.lastIndexOf(' ') + 1);
  return subject.replace(/\/\d+$/, '');
}

function isWithin(ranges: readonly string[], address: string): boolean {
  return ranges.some((range) => {
    const prefix = parsePrefix(range);
    return prefix.ok && prefix.value.contains(address);
  });
}

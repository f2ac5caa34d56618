import { type AddressWords, addressText, isIpv4Words, maskWords, readAddressWords } from '../base/net/address-words.ts';
import { formatEndpoint } from '../base/net/endpoint.ts';
import type { Clock } from '../base/time/clock.ts';
import { modeOf, type Settings } from '../settings/index.ts';
import { type BanPlace, type BanScope, userAtAddress } from './bans/ban.ts';
import { type Detection, type DetectionKey, detections, failing, logInFailures, type Sign } from './detections.ts';
import type { Evidence, Finding, FindingKind } from './findings.ts';
import type { KnownSources, SourceWidth } from './known-sources.ts';
import type { KeyedHash } from './table/keyed-hash.ts';
import { RecentTimes } from './table/recent-times.ts';
import { WindowCounts } from './table/window-counts.ts';

const counterCapacity = 65_536;
const markerCapacity = 65_536;
const provenPorts = 3;
const offendersOfPrefix = 3;
/** A port that is stopped with its address must itself have done a tenth of it. */
const ownShare = 10;

const detectionRole = 1000;
const provenRole = 2000;
const portsRole = 3000;
const pairRole = 4000;
const userRole = 5000;
const childrenRole = 6000;
const provenChildrenRole = 7000;

/** Widths at which an IPv6 source is counted, each with how many times the limit of an address it may have. */
const ipv6Widths = [
  [128, 1],
  [64, 1],
  [56, 4],
  [48, 16],
] as const satisfies readonly (readonly [SourceWidth, number])[];
const ipv4Widths = [[128, 1]] as const;

/** What a detection wants done. */
export interface Verdict {
  readonly detection: DetectionKey;
  /** `ban`: the source is proven. `shed`: its address may be forged. `report`: nothing is done, for `why`. */
  readonly action: 'ban' | 'shed' | 'report';
  readonly scope: BanScope;
  readonly subject: string;
  readonly address: string;
  readonly reason: string;
  readonly evidence: Evidence;
  readonly lastsMs: number | undefined;
}

/** What the detector asks about a source. */
export interface DetectorParts {
  readonly clock: Clock;
  readonly settings: () => Settings;
  readonly hash: KeyedHash;
  readonly known: KnownSources;
  /** How busy the server is, from 0 to 1. */
  readonly load: () => number;
  /** Never stopped by a detection: on the allow list, trusted by the settings, or ourselves. The reason, if so. */
  readonly spared: (words: AddressWords) => string | undefined;
  /** Whether a network holds an address of ours, or of a SIP server. */
  readonly holdsTrusted: (network: string) => boolean;
  readonly decide: (verdict: Verdict) => void;
}

/** One sign of one source, with what is known of its sender. */
interface Observation {
  readonly words: AddressWords;
  readonly port: number;
  readonly evidence: Evidence;
  readonly user: string;
  /** Whether it is a wrong log-in of a user with a device, or at an address, that are its own. */
  readonly isOwn?: boolean;
}

/** Counts what is seen of sources against the table of detections, and says whom to stop, how widely and why. */
export class Detector {
  readonly #parts: DetectorParts;
  readonly #counters = new WindowCounts(counterCapacity);
  /**
   * Users, ports and addresses that were counted once already, of proven sources and of others apart: what anybody can
   * send in anybody's name pushes out nothing that counts for a ban, and hides nothing from it.
   */
  readonly #markers = new RecentTimes(markerCapacity);
  readonly #unprovenMarkers = new RecentTimes(markerCapacity);
  readonly #bySign = new Map<Sign, readonly { readonly detection: Detection; readonly index: number }[]>();
  readonly #forgiving: readonly { readonly detection: Detection; readonly index: number }[];
  readonly #masked: AddressWords = new Uint32Array(4);
  readonly #words: AddressWords = new Uint32Array(4);

  constructor(parts: DetectorParts) {
    this.#parts = parts;
    const rows = detections.map((detection, index) => ({ detection, index }));
    for (const row of rows) {
      for (const sign of row.detection.counts) this.#bySign.set(sign, [...(this.#bySign.get(sign) ?? []), row]);
    }
    this.#forgiving = rows.filter(({ detection }) => detection.forgives === true);
  }

  get octets(): number {
    return this.#counters.octets + this.#markers.octets + this.#unprovenMarkers.octets;
  }

  /** Counts a finding, and decides if that was one too many. */
  observe({ kind, address, port, evidence, user, userAgent, isRegister }: Finding): void {
    if (!readAddressWords(address, this.#words)) return;
    const seen: Observation = { words: this.#words, port, evidence, user, isOwn: this.#isOwn(kind, user, userAgent) };
    this.count(kind, seen, isRegister);
    const { known, clock } = this.#parts;
    // A stranger's message was counted when it came; of the others, only those that fail are.
    if (failing.has(kind) && known.hasProvenAt(seen.words, port, clock.monotonicMs()))
      this.count('message', seen, false);
  }

  /** Counts one sign against every detection that counts it. */
  count(sign: Sign, seen: Observation, isRegister: boolean): void {
    const rows = this.#bySign.get(sign);
    if (rows === undefined) return;
    for (const { detection, index } of rows) {
      if (detection.scope === 'user at address' && (!isRegister || seen.user === '')) continue;
      if (detection.scope === 'address' && seen.isOwn === true) continue;
      this.#countRow(detection, index, seen);
    }
  }

  /** A user that fails on its own device, or where it logged in within a day, has an old password: it guesses at nobody. */
  #isOwn(kind: FindingKind, user: string, userAgent: string): boolean {
    if (user === '' || !logInFailures.has(kind)) return false;
    const { known, clock } = this.#parts;
    const nowMs = clock.monotonicMs();
    return known.isDevice({ words: this.#words, user, userAgent }, nowMs) || known.isHome(this.#words, user, nowMs);
  }

  /** The user proved itself: what it had failed before is forgiven, and nothing of anybody else. */
  forgive(words: AddressWords, user: string): void {
    const { hash } = this.#parts;
    const nowMs = this.#parts.clock.monotonicMs();
    for (const { detection, index } of this.#forgiving) {
      this.#userKey(words, index, user);
      const { high, low } = hash;
      const own = this.#counters.count(high, low, detection.windowMs(this.#parts.settings()), nowMs);
      if (own === 0) continue;
      this.#counters.forget(high, low);
      if (detection.scope !== 'address') continue;
      for (const [width] of widthsOf(words)) {
        for (const role of [detectionRole, provenRole]) {
          this.#rowKey(words, width, role + index);
          this.#counters.subtract(hash.high, hash.low, own);
        }
      }
    }
  }

  /** What a detection has counted of an address; for tests, and for `bans explain`. */
  countOf(key: DetectionKey, address: string): number {
    const index = detections.findIndex((detection) => detection.key === key);
    const detection = detections[index];
    if (detection === undefined || !readAddressWords(address, this.#words)) return 0;
    this.#rowKey(this.#words, 128, detectionRole + index);
    const { hash, clock, settings } = this.#parts;
    return this.#counters.count(hash.high, hash.low, detection.windowMs(settings()), clock.monotonicMs());
  }

  /** Forgets what was counted of an address, and of the port or user there that an entry was about: it was lifted. */
  forget({ address = '', port, user }: BanPlace): void {
    const words = this.#words;
    if (!readAddressWords(address, words)) return;
    for (let index = 0; index < detections.length; index++) {
      for (const [width] of widthsOf(words)) {
        for (const role of [detectionRole, provenRole]) {
          this.#rowKey(words, width, role + index);
          this.#forgetKey();
        }
      }
      if (port !== undefined) {
        this.#pairKey({ words, port }, index);
        this.#forgetKey();
      }
      if (user !== undefined) {
        this.#userKey(words, index, user);
        this.#forgetKey();
      }
    }
  }

  #forgetKey(): void {
    this.#counters.forget(this.#parts.hash.high, this.#parts.hash.low);
  }

  /** Begins all counts anew. */
  clear(): void {
    this.#counters.clear();
  }

  #countRow(detection: Detection, index: number, seen: Observation): void {
    const settings = this.#parts.settings();
    const limit = detection.limit(settings, this.#parts.load());
    if (limit <= 0 || modeOf(settings, detection.key) === 'off') return;
    const windowMs = detection.windowMs(settings);
    const nowMs = this.#parts.clock.monotonicMs();
    const isNew = detection.distinct !== true || this.#isFirst(index, seen, windowMs, nowMs);
    if (detection.distinct === true && !this.#isFirstOf(index, seen, windowMs, nowMs)) return;
    if (detection.forgives === true && seen.user !== '') {
      this.#userKey(seen.words, index, seen.user);
      const own = this.#add(windowMs, nowMs);
      if (detection.scope === 'user at address') {
        if (isTooMany(detection, own, limit)) this.#stopUser(detection, seen, own, limit);
        return;
      }
    }
    if (detection.scope === 'address and port') return this.#countPair(detection, index, seen, limit, windowMs, nowMs);
    for (const [width, times] of widthsOf(seen.words)) {
      this.#countWidth({ detection, index, isNew, width, limit: limit * times, windowMs, nowMs }, seen);
    }
  }

  #countPair(
    detection: Detection,
    index: number,
    seen: Observation,
    limit: number,
    windowMs: number,
    nowMs: number,
  ): void {
    this.#pairKey(seen, index);
    const count = this.#add(windowMs, nowMs);
    if (!isTooMany(detection, count, limit)) return;
    const { settings } = this.#parts;
    const isProven = seen.evidence !== 'none' || settings().ban_unproven;
    const reason = reasonOf(detection, count, limit, windowMs);
    this.#decidePair(detection, seen, isProven ? 'ban' : 'shed', reason);
  }

  #decidePair(detection: Detection, seen: Observation, action: Verdict['action'], reason: string): void {
    const { words, port } = seen;
    const subject = formatEndpoint({ address: addressText(words), port });
    this.#decide(detection, seen, { action, scope: 'address and port', subject, reason });
  }

  #countWidth(row: CountedRow, seen: Observation): void {
    const { detection, index, isNew, width, limit, windowMs, nowMs } = row;
    const isProven = seen.evidence !== 'none';
    this.#rowKey(seen.words, width, detectionRole + index);
    const count = this.#add(windowMs, nowMs, isNew ? 1 : 0);
    let proven = 0;
    let ports = 0;
    let ownCount = 0;
    // Flood of a stranger is the one sign that every packet gives: it keeps no books of ports.
    if (isProven) {
      this.#rowKey(seen.words, width, provenRole + index);
      proven = this.#add(windowMs, nowMs);
      ports = this.#countOnce(seen, width, portsRole + index, seen.port, windowMs, nowMs);
      if (width === 128) {
        this.#pairKey(seen, index);
        ownCount = this.#add(windowMs, nowMs);
      }
    }
    const children = (isProven ? provenChildrenRole : childrenRole) + index;
    const offenders = width === 128 ? 0 : this.#countOnce(seen, width, children, childOf(seen, width), windowMs, nowMs);
    if (!isTooMany(detection, count, limit) || (width !== 128 && offenders < offendersOfPrefix)) return;
    const { known, settings } = this.#parts;
    const reason = reasonOf(detection, count, limit, windowMs);
    const whole =
      width === 128
        ? ({ scope: 'address', subject: addressText(seen.words) } as const)
        : ({ scope: 'prefix', subject: this.#prefixText(seen.words, width) } as const);
    if (settings().ban_unproven) return this.#decide(detection, seen, { action: 'ban', ...whole, reason });
    if (!isProven || !isTooMany(detection, proven, limit)) {
      if (!isProven) this.#decide(detection, seen, { action: 'shed', ...whole, reason });
      return;
    }
    // A connection comes from another port each time, and three ports are the address: unless others are known there.
    const isWide = seen.evidence === 'connection' || ports >= provenPorts;
    if (isWide && !known.hasProven(seen.words, nowMs, width)) {
      return this.#decide(detection, seen, { action: 'ban', ...whole, reason });
    }
    if (width !== 128 || ownCount * ownShare < limit) return;
    this.#decidePair(detection, seen, 'ban', reason);
  }

  #stopUser(detection: Detection, seen: Observation, count: number, limit: number): void {
    const subject = userAtAddress(seen.user, addressText(seen.words));
    const reason = reasonOf(detection, count, limit, detection.windowMs(this.#parts.settings()));
    this.#decide(detection, seen, { action: 'ban', scope: 'user at address', subject, reason });
  }

  #decide(
    detection: Detection,
    seen: Observation,
    wanted: Pick<Verdict, 'action' | 'scope' | 'subject' | 'reason'>,
  ): void {
    const { settings, spared, holdsTrusted, decide } = this.#parts;
    const current = settings();
    const lastsMs = detection.lastsMs?.(current);
    const base = { detection: detection.key, address: addressText(seen.words), evidence: seen.evidence, lastsMs };
    const report = (why: string): void =>
      decide({ ...base, ...wanted, action: 'report', reason: `${wanted.reason}; ${why}` });
    if (modeOf(current, detection.key) === 'observe') return report(`only observed [mode.${detection.key}]`);
    const why = wanted.scope === 'user at address' ? undefined : spared(seen.words);
    if (why !== undefined) return report(why);
    if (wanted.scope === 'prefix' && holdsTrusted(wanted.subject))
      return report('a SIP server, or this server, is within');
    const accounts = this.#accountsWithin(wanted, seen);
    const shared = current.shared_address_accounts;
    if (shared > 0 && accounts >= shared) return report(`shared by ${accounts} accounts, not banned`);
    decide({ ...base, ...wanted });
  }

  /** How many accounts a verdict would cut off, as far as that can be known: one port can be a gateway's. */
  #accountsWithin({ scope, subject }: Pick<Verdict, 'scope' | 'subject'>, { words, port }: Observation): number {
    const { known, clock } = this.#parts;
    const nowMs = clock.monotonicMs();
    if (scope === 'address') return known.accountsAt(words, nowMs);
    if (scope === 'prefix') return known.accountsAt(words, nowMs, widthOf(subject));
    return scope === 'address and port' && known.hasProvenAt(words, port, nowMs) ? known.accountsAt(words, nowMs) : 0;
  }

  /** Whether this user was not counted against this address within the window, in the name of whom ever. */
  #isFirst(index: number, { words, user }: Observation, windowMs: number, nowMs: number): boolean {
    this.#userKey(words, index, user);
    const { high, low } = this.#parts.hash;
    return [this.#markers, this.#unprovenMarkers].every((markers) => nowMs - markers.get(high, low) >= windowMs);
  }

  /** The same among what proves as much as this; from now on it was. */
  #isFirstOf(index: number, seen: Observation, windowMs: number, nowMs: number): boolean {
    this.#userKey(seen.words, index, seen.user);
    const { high, low } = this.#parts.hash;
    const markers = this.#markersOf(seen);
    const isFirst = nowMs - markers.get(high, low) >= windowMs;
    if (isFirst) markers.set(high, low, nowMs);
    return isFirst;
  }

  /** Counts different `what` of a source. */
  #countOnce(seen: Observation, width: number, role: number, what: number, windowMs: number, nowMs: number): number {
    const { hash } = this.#parts;
    const markers = this.#markersOf(seen);
    this.#rowKey(seen.words, width, role);
    const { high, low } = hash;
    hash.extend(high, low, what);
    if (nowMs - markers.get(hash.high, hash.low) < windowMs) {
      return this.#counters.count(high, low, windowMs, nowMs);
    }
    markers.set(hash.high, hash.low, nowMs);
    return this.#counters.add(high, low, windowMs, nowMs);
  }

  #markersOf({ evidence }: Observation): RecentTimes {
    return evidence === 'none' ? this.#unprovenMarkers : this.#markers;
  }

  #add(windowMs: number, nowMs: number, amount = 1): number {
    return this.#counters.add(this.#parts.hash.high, this.#parts.hash.low, windowMs, nowMs, amount);
  }

  #rowKey(words: AddressWords, width: number, role: number): void {
    const { hash } = this.#parts;
    if (width === 128) hash.address(words, width);
    else {
      this.#masked.set(words);
      maskWords(this.#masked, width);
      hash.address(this.#masked, width);
    }
    hash.extend(hash.high, hash.low, role);
  }

  #pairKey({ words, port }: Pick<Observation, 'words' | 'port'>, index: number): void {
    const { hash } = this.#parts;
    this.#rowKey(words, 128, pairRole + index);
    hash.extend(hash.high, hash.low, port);
  }

  #userKey(words: AddressWords, index: number, user: string): void {
    const { hash } = this.#parts;
    this.#rowKey(words, 128, userRole + index);
    const { high, low } = hash;
    hash.text(user, userRole);
    hash.extend(hash.high ^ high, hash.low ^ low, userRole);
  }

  #prefixText(words: AddressWords, width: number): string {
    this.#masked.set(words);
    maskWords(this.#masked, width);
    return `${addressText(this.#masked)}/${width}`;
  }
}

interface CountedRow {
  readonly detection: Detection;
  readonly index: number;
  /** Whether it was not counted before, proven or not. */
  readonly isNew: boolean;
  readonly width: SourceWidth;
  readonly limit: number;
  readonly windowMs: number;
  readonly nowMs: number;
}

/** The kinds of findings that say who somebody is or is not, after a challenge was answered. */
export const answersChallenge: ReadonlySet<FindingKind> = new Set<FindingKind>([
  'authenticated',
  'wrong password',
  'unknown user',
  'account disabled',
  'address not permitted',
  'wrong transport',
  'digest uri',
  'refused user',
  'unverified',
  'previous password',
]);

function isTooMany({ atLimit }: Detection, count: number, limit: number): boolean {
  return atLimit === true ? count >= limit : count > limit;
}

function widthsOf(words: AddressWords): typeof ipv4Widths | typeof ipv6Widths {
  return isIpv4Words(words) ? ipv4Widths : ipv6Widths;
}

/** What tells the parts of a prefix apart: addresses of a /64, /64s of a /56, /56s of a /48. */
function childOf({ words }: Observation, width: SourceWidth): number {
  const network = words[1] ?? 0;
  if (width === 48) return (network & 0xffffff00) | 0;
  if (width === 56) return network | 0;
  return (Math.imul(words[2] ?? 0, 0x9e3779b1) ^ Math.imul(words[3] ?? 0, 0x85ebca6b)) | 0;
}

function widthOf(prefix: string): SourceWidth {
  const bits = Number(prefix.slice(prefix.indexOf('/') + 1));
  return ipv6Widths.find(([width]) => width === bits)?.[0] ?? 128;
}

function reasonOf({ sees }: Detection, count: number, limit: number, windowMs: number): string {
  return `${count} ${sees} within ${windowMs / 1000} s, limit ${limit}`;
}

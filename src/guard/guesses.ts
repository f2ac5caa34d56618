import type { AddressWords } from '../base/net/address-words.ts';
import type { FindingKind } from './findings.ts';
import type { KnownSources } from './known-sources.ts';
import type { KeyedHash } from './table/keyed-hash.ts';
import { RecentTimes } from './table/recent-times.ts';
import { WindowCounts } from './table/window-counts.ts';

const hourMs = 3_600_000;
const capacity = 32_768;
const userRole = 800;
const addressRole = 801;
const pairRole = 802;

/** Who tries to be whom, with what kind of device. */
export interface Attempt {
  readonly words: AddressWords;
  readonly user: string;
  readonly userAgent: string;
}

export interface GuessLimits {
  /** Failures for one user from devices that are not its own, within an hour; 0 or less is no limit. */
  readonly perUser: number;
  /** Users that fail within an hour at an address where somebody is known; 0 or less is no limit. */
  readonly perAddress: number;
}

const guesses: ReadonlySet<FindingKind> = new Set<FindingKind>(['wrong password', 'unknown user', 'digest uri']);

/**
 * Failed passwords by user, whoever sends them: what bounds guesses that are spread over more sources than can be
 * counted. A user's own devices are never in its way, and a name that nobody has is counted like any other.
 */
export class Guesses {
  readonly #hash: KeyedHash;
  readonly #known: KnownSources;
  readonly #counts = new WindowCounts(capacity);
  readonly #seen = new RecentTimes(capacity);

  constructor(hash: KeyedHash, known: KnownSources) {
    this.#hash = hash;
    this.#known = known;
  }

  get octets(): number {
    return this.#counts.octets + this.#seen.octets;
  }

  failed(kind: FindingKind, attempt: Attempt, nowMs: number): void {
    const { words, user, userAgent } = attempt;
    if (!guesses.has(kind) || this.#known.isDevice(words, user, userAgent, nowMs)) return;
    const hash = this.#hash;
    hash.text(user, userRole);
    this.#counts.add(hash.high, hash.low, hourMs, nowMs);
    const { high: userHigh, low: userLow } = hash;
    hash.address(words, addressRole);
    const { high, low } = hash;
    hash.extend(high ^ userHigh, low ^ userLow, pairRole);
    if (nowMs - this.#seen.get(hash.high, hash.low) < hourMs) return;
    this.#seen.set(hash.high, hash.low, nowMs);
    this.#counts.add(high, low, hourMs, nowMs);
  }

  /** Whether the password of this attempt is looked at. */
  mayTry({ words, user, userAgent }: Attempt, { perUser, perAddress }: GuessLimits, nowMs: number): boolean {
    const hash = this.#hash;
    hash.text(user, userRole);
    const isGuessed = perUser > 0 && this.#counts.count(hash.high, hash.low, hourMs, nowMs) >= perUser;
    hash.address(words, addressRole);
    const isGuessing = perAddress > 0 && this.#counts.count(hash.high, hash.low, hourMs, nowMs) >= perAddress;
    if (!isGuessed && !(isGuessing && this.#known.hasProven(words, nowMs))) return true;
    return this.#known.isDevice(words, user, userAgent, nowMs);
  }
}

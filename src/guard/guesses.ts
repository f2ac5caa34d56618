import { type AddressWords, readAddressWords } from '../base/net/address-words.ts';
import type { BanPlace } from './bans/ban.ts';
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
const deviceRole = 803;
const homeRole = 804;
/** Of the accounts of a shared address, this share may fail beside the limit: many people make more mistakes. */
const mistakenShare = 20;

/** Who tries to be whom, with what kind of device. */
export interface Attempt {
  readonly words: AddressWords;
  readonly user: string;
  readonly userAgent: string;
  /** Whether an operator allows the address: new devices there have a pot of their own too. */
  readonly isAllowed: boolean;
}

/** `user`, `address`: not looked at, because of so many failures for that user, or at that address. */
export type MayTry = 'yes' | 'user' | 'address';

export interface GuessLimits {
  /** Failures for one user within an hour; 0 or less is no limit. */
  readonly perUser: number;
  /** Users that fail within an hour at an address where somebody is known; 0 or less is no limit. */
  readonly perAddress: number;
}

const guesses: ReadonlySet<FindingKind> = new Set<FindingKind>(['wrong password', 'unknown user', 'digest uri']);

/**
 * Failed passwords by user, whoever sends them: what bounds guesses that are spread over more sources than can be
 * counted. They are counted in three pots of the same size, so that nobody uses up what is for the user: each of its
 * devices has one, each address at which it has logged in within a day, or which an operator allows, has one for new
 * devices there, and the rest of the world has one together. A name that nobody has is counted like any other.
 */
export class Guesses {
  readonly #hash: KeyedHash;
  readonly #known: KnownSources;
  readonly #counts = new WindowCounts(capacity);
  readonly #seen = new RecentTimes(capacity);
  readonly #words: AddressWords = new Uint32Array(4);

  constructor(hash: KeyedHash, known: KnownSources) {
    this.#hash = hash;
    this.#known = known;
  }

  get octets(): number {
    return this.#counts.octets + this.#seen.octets;
  }

  failed(kind: FindingKind, attempt: Attempt, perUser: number, nowMs: number): void {
    if (!guesses.has(kind)) return;
    const hash = this.#hash;
    this.#findPot(attempt, perUser, nowMs);
    this.#counts.add(hash.high, hash.low, hourMs, nowMs);
    const { words, user } = attempt;
    if (this.#known.isDevice(attempt, nowMs)) return;
    hash.text(user, userRole);
    const { high: userHigh, low: userLow } = hash;
    hash.address(words, addressRole);
    const { high, low } = hash;
    hash.extend(high ^ userHigh, low ^ userLow, pairRole);
    if (nowMs - this.#seen.get(hash.high, hash.low) < hourMs) return;
    this.#seen.set(hash.high, hash.low, nowMs);
    this.#counts.add(high, low, hourMs, nowMs);
  }

  /** Whether the password of this attempt is looked at. */
  mayTry(attempt: Attempt, { perUser, perAddress }: GuessLimits, nowMs: number): MayTry {
    if (perUser > 0 && !this.#findPot(attempt, perUser, nowMs)) return 'user';
    if (perAddress <= 0 || this.#known.isDevice(attempt, nowMs)) return 'yes';
    const hash = this.#hash;
    const { words } = attempt;
    hash.address(words, addressRole);
    const failing = this.#counts.count(hash.high, hash.low, hourMs, nowMs);
    const most = perAddress + Math.floor(this.#known.accountsAt(words, nowMs) / mistakenShare);
    return failing < most || !this.#known.hasProven(words, nowMs) ? 'yes' : 'address';
  }

  /** An operator lets a user, or an address, in again: guesses from the world, or there, are counted from the first. */
  forget({ user, address = '' }: BanPlace): void {
    const hash = this.#hash;
    if (user !== undefined) {
      hash.text(user, userRole);
      this.#counts.forget(hash.high, hash.low);
    }
    if (!readAddressWords(address, this.#words)) return;
    hash.address(this.#words, addressRole);
    this.#counts.forget(hash.high, hash.low);
  }

  clear(): void {
    this.#counts.clear();
  }

  /** Leaves the key of the first pot of this attempt that has room. @returns false where none has */
  #findPot(attempt: Attempt, most: number, nowMs: number): boolean {
    const hash = this.#hash;
    const { words, user, isAllowed } = attempt;
    if (this.#known.isDevice(attempt, nowMs)) {
      this.#known.deviceKey(attempt);
      hash.extend(hash.high, hash.low, deviceRole);
      if (this.#hasRoom(most, nowMs)) return true;
    }
    if (isAllowed || this.#known.isHome(words, user, nowMs)) {
      hash.address(words, homeRole);
      const { high, low } = hash;
      hash.text(user, homeRole);
      hash.extend(hash.high ^ high, hash.low ^ low, homeRole);
      if (this.#hasRoom(most, nowMs)) return true;
    }
    hash.text(user, userRole);
    return this.#hasRoom(most, nowMs);
  }

  #hasRoom(most: number, nowMs: number): boolean {
    return this.#counts.count(this.#hash.high, this.#hash.low, hourMs, nowMs) < most;
  }
}

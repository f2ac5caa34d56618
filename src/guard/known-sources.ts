import { type AddressWords, isIpv4Words, maskWords } from '../base/net/address-words.ts';
import type { KeyedHash } from './table/keyed-hash.ts';
import { RecentTimes } from './table/recent-times.ts';
import { WindowCounts } from './table/window-counts.ts';

const provenMs = 3_600_000;
const deviceMs = 30 * 24 * 3_600_000;
const dayMs = 24 * 3_600_000;
const capacity = 65_536;

const addressRole = 300;
const portRole = 301;
const accountRole = 302;
const deviceRole = 303;

/**
 * Who has proven a password, lately and from where: addresses (for an hour), addresses with their port, devices (a user
 * with the name of its device in its network, for 30 days), and how many accounts an address has. Every table has its
 * size from the start, and only who proves a password gets into it.
 */
export class KnownSources {
  readonly #hash: KeyedHash;
  readonly #addresses = new RecentTimes(capacity);
  readonly #ports = new RecentTimes(capacity);
  readonly #devices = new RecentTimes(capacity);
  readonly #accounts = new RecentTimes(capacity);
  readonly #accountCounts = new WindowCounts(16_384);
  readonly #network: AddressWords = new Uint32Array(4);

  constructor(hash: KeyedHash) {
    this.#hash = hash;
  }

  /** Somebody proved to be `user` there. */
  authenticated(words: AddressWords, port: number, user: string, userAgent: string, nowMs: number): void {
    const hash = this.#hash;
    hash.address(words, addressRole);
    const { high, low } = hash;
    this.#addresses.set(high, low, nowMs);
    hash.extend(high, low, portRole + port * 512);
    this.#ports.set(hash.high, hash.low, nowMs);
    this.#deviceKey(words, user, userAgent);
    this.#devices.set(hash.high, hash.low, nowMs);
    hash.text(user, accountRole);
    hash.extend(hash.high ^ high, hash.low ^ low, accountRole);
    const isNew = nowMs - this.#accounts.get(hash.high, hash.low) >= dayMs;
    if (!isNew) return;
    this.#accounts.set(hash.high, hash.low, nowMs);
    this.#accountCounts.add(high, low, dayMs, nowMs);
  }

  /** Whether somebody has proven a password at this address within the last hour. */
  hasProven(words: AddressWords, nowMs: number): boolean {
    this.#hash.address(words, addressRole);
    return nowMs - this.#addresses.get(this.#hash.high, this.#hash.low) < provenMs;
  }

  /** The same for this very port. */
  hasProvenAt(words: AddressWords, port: number, nowMs: number): boolean {
    this.#hash.address(words, addressRole);
    this.#hash.extend(this.#hash.high, this.#hash.low, portRole + port * 512);
    return nowMs - this.#ports.get(this.#hash.high, this.#hash.low) < provenMs;
  }

  /** Whether this user has logged in from this network with a device of this name within 30 days. */
  isDevice(words: AddressWords, user: string, userAgent: string, nowMs: number): boolean {
    this.#deviceKey(words, user, userAgent);
    return nowMs - this.#devices.get(this.#hash.high, this.#hash.low) < deviceMs;
  }

  /** Accounts that logged in from there within a day. */
  accountsAt(words: AddressWords, nowMs: number): number {
    this.#hash.address(words, addressRole);
    return this.#accountCounts.count(this.#hash.high, this.#hash.low, dayMs, nowMs);
  }

  get octets(): number {
    const times = [this.#addresses, this.#ports, this.#devices, this.#accounts];
    return times.reduce((sum, table) => sum + table.octets, this.#accountCounts.octets);
  }

  /** A phone that gets a new address keeps its network: /24 of IPv4, /48 of IPv6. */
  #deviceKey(words: AddressWords, user: string, userAgent: string): void {
    const hash = this.#hash;
    this.#network.set(words);
    maskWords(this.#network, isIpv4Words(words) ? 120 : 48);
    hash.address(this.#network, deviceRole);
    const { high, low } = hash;
    hash.text(user, deviceRole);
    hash.extend(hash.high ^ high, hash.low ^ low, deviceRole);
    const { high: userHigh, low: userLow } = hash;
    hash.text(userAgent, deviceRole);
    hash.extend(hash.high ^ userHigh, hash.low ^ userLow, deviceRole);
  }
}

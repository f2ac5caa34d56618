import { type AddressWords, isIpv4Words, maskWords } from '../base/net/address-words.ts';
import type { Settings } from '../settings/index.ts';
import type { KeyedHash } from './table/keyed-hash.ts';
import { RecentTimes } from './table/recent-times.ts';
import { WindowCounts } from './table/window-counts.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const deviceMs = 30 * dayMs;
/** A phone refreshes its registration before it ends; one that is a little late is still known. */
const lateShare = 1.1;
/** Places beside those of its bindings that an account may be known at. */
const sparePlaces = 4;
const capacity = 65_536;

const addressRole = 300;
const portRole = 301;
const accountRole = 302;
const deviceRole = 303;
const loginRole = 304;
const placeRole = 305;
const countRole = 306;

const ipv4Widths = [128] as const;
const ipv6Widths = [128, 64, 56, 48] as const;

/** Width of an address, or of the IPv6 networks that are counted beside it. */
export type SourceWidth = (typeof ipv6Widths)[number];

/** Somebody who proved a password. */
export interface Login {
  readonly words: AddressWords;
  readonly port: number;
  readonly user: string;
  readonly userAgent: string;
}

/** What the table has to be told of the server. */
export interface KnownSourcesParts {
  readonly hash: KeyedHash;
  readonly settings: () => Settings;
  /** Live registrations of a user. */
  readonly bindingsOf: (user: string) => number;
}

/**
 * Who has proven a password, lately and from where: addresses (as long as a registration lasts, an hour at least),
 * addresses with their port, devices (a user with the name of its device in its network, for 30 days), and how many
 * accounts an address has. Every table has its size from the start, and only who proves a password gets into it.
 *
 * One account is known at as many addresses, ports and devices as it has bindings, and four more: whoever shares one
 * password among a thousand machines makes five of them known, and pushes nobody out of the tables.
 */
export class KnownSources {
  readonly #parts: KnownSourcesParts;
  readonly #addresses = new RecentTimes(capacity);
  readonly #ports = new RecentTimes(capacity);
  readonly #devices = new RecentTimes(capacity);
  /** Of a user: its addresses, and its addresses with a port. */
  readonly #logins = new RecentTimes(capacity);
  readonly #accounts = new RecentTimes(capacity);
  readonly #accountCounts = new WindowCounts(16_384);
  /** When a place of a user was counted last, and how many there are. */
  readonly #places = new RecentTimes(capacity);
  readonly #placeCounts = new WindowCounts(32_768);
  readonly #network: AddressWords = new Uint32Array(4);

  constructor(parts: KnownSourcesParts) {
    this.#parts = parts;
  }

  /** How long an address is known after a password was proven there. */
  get provenMs(): number {
    return Math.max(hourMs, this.#parts.settings().max_registration_subscription_time_sec * 1000 * lateShare);
  }

  /** Somebody proved to be `user` there. */
  authenticated(login: Login, nowMs: number): void {
    const { hash, bindingsOf } = this.#parts;
    const { words, port, user } = login;
    const most = bindingsOf(user) + sparePlaces;
    this.#addressKey(words, 128);
    const { high, low } = hash;
    if (!this.#hasPlace(user, addressRole, high, low, most, nowMs)) return;
    for (const width of isIpv4Words(words) ? ipv4Widths : ipv6Widths) this.#loggedIn(words, width, user, nowMs);
    this.#loginKey(high, low, user, 0);
    this.#logins.set(hash.high, hash.low, nowMs);
    hash.extend(high, low, portRole + port * 512);
    const { high: portHigh, low: portLow } = hash;
    if (this.#hasPlace(user, portRole, portHigh, portLow, most, nowMs)) {
      this.#ports.set(portHigh, portLow, nowMs);
      this.#loginKey(high, low, user, port);
      this.#logins.set(hash.high, hash.low, nowMs);
    }
    this.deviceKey(login);
    const { high: deviceHigh, low: deviceLow } = hash;
    if (this.#hasPlace(user, deviceRole, deviceHigh, deviceLow, most, nowMs)) {
      this.#devices.set(deviceHigh, deviceLow, nowMs);
    }
  }

  /** The user failed from there: that port is no longer taken for its own. */
  failed({ words, port, user }: Login): void {
    const { hash } = this.#parts;
    this.#addressKey(words, 128);
    this.#loginKey(hash.high, hash.low, user, port);
    this.#logins.forget(hash.high, hash.low);
  }

  /** Whether somebody has proven a password at this address lately, or in its network of that width. */
  hasProven(words: AddressWords, nowMs: number, width: SourceWidth = 128): boolean {
    this.#addressKey(words, width);
    const { hash } = this.#parts;
    return nowMs - this.#addresses.get(hash.high, hash.low) < this.provenMs;
  }

  /** The same for this very port. */
  hasProvenAt(words: AddressWords, port: number, nowMs: number): boolean {
    const { hash } = this.#parts;
    this.#addressKey(words, 128);
    hash.extend(hash.high, hash.low, portRole + port * 512);
    return nowMs - this.#ports.get(hash.high, hash.low) < this.provenMs;
  }

  /** Whether this user has logged in from this network with a device of this name within 30 days. */
  isDevice(device: Omit<Login, 'port'>, nowMs: number): boolean {
    const { hash } = this.#parts;
    this.deviceKey(device);
    return nowMs - this.#devices.get(hash.high, hash.low) < deviceMs;
  }

  /** Whether this user has logged in from this address within a day, with whatever device. */
  isHome(words: AddressWords, user: string, nowMs: number): boolean {
    const { hash } = this.#parts;
    this.#addressKey(words, 128);
    this.#loginKey(hash.high, hash.low, user, 0);
    return nowMs - this.#logins.get(hash.high, hash.low) < dayMs;
  }

  /** Whether this user has logged in from this very port lately, and has not failed there since. */
  isOwnPort(words: AddressWords, port: number, user: string, nowMs: number): boolean {
    const { hash } = this.#parts;
    this.#addressKey(words, 128);
    this.#loginKey(hash.high, hash.low, user, port);
    return nowMs - this.#logins.get(hash.high, hash.low) < this.provenMs;
  }

  /** Accounts that logged in from there within a day. */
  accountsAt(words: AddressWords, nowMs: number, width: SourceWidth = 128): number {
    const { hash } = this.#parts;
    this.#addressKey(words, width);
    return this.#accountCounts.count(hash.high, hash.low, dayMs, nowMs);
  }

  get octets(): number {
    const times = [this.#addresses, this.#ports, this.#devices, this.#logins, this.#accounts, this.#places];
    return times.reduce((sum, table) => sum + table.octets, this.#accountCounts.octets + this.#placeCounts.octets);
  }

  #loggedIn(words: AddressWords, width: SourceWidth, user: string, nowMs: number): void {
    const { hash } = this.#parts;
    this.#addressKey(words, width);
    const { high, low } = hash;
    this.#addresses.set(high, low, nowMs);
    hash.text(user, accountRole);
    hash.extend(hash.high ^ high, hash.low ^ low, accountRole);
    if (nowMs - this.#accounts.get(hash.high, hash.low) < dayMs) return;
    this.#accounts.set(hash.high, hash.low, nowMs);
    this.#accountCounts.add(high, low, dayMs, nowMs);
  }

  /** Whether a place is among the `most` that this user is known at, or becomes one of them. */
  #hasPlace(user: string, role: number, high: number, low: number, most: number, nowMs: number): boolean {
    const { hash } = this.#parts;
    const windowMs = this.provenMs;
    hash.text(user, placeRole + role);
    const { high: userHigh, low: userLow } = hash;
    hash.extend(userHigh ^ high, userLow ^ low, placeRole);
    const { high: placeHigh, low: placeLow } = hash;
    if (nowMs - this.#places.get(placeHigh, placeLow) < windowMs) return true;
    hash.extend(userHigh, userLow, countRole);
    if (this.#placeCounts.count(hash.high, hash.low, windowMs, nowMs) >= most) return false;
    this.#placeCounts.add(hash.high, hash.low, windowMs, nowMs);
    this.#places.set(placeHigh, placeLow, nowMs);
    return true;
  }

  #addressKey(words: AddressWords, width: SourceWidth): void {
    const { hash } = this.#parts;
    if (width === 128) return hash.address(words, addressRole);
    this.#network.set(words);
    maskWords(this.#network, width);
    hash.address(this.#network, addressRole + width);
  }

  /** A user at an address, with a port or without. */
  #loginKey(high: number, low: number, user: string, port: number): void {
    const { hash } = this.#parts;
    hash.text(user, loginRole);
    hash.extend(hash.high ^ high, hash.low ^ low, loginRole + port * 512);
  }

  /** Leaves the key of a device in the hash. A phone that gets a new address keeps its network: /24 of IPv4, /48 of IPv6. */
  deviceKey({ words, user, userAgent }: Omit<Login, 'port'>): void {
    const { hash } = this.#parts;
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

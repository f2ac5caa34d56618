import { type AddressWords, isIpv4Words, maskWords } from '../base/net/address-words.ts';
import type { Settings } from '../settings/index.ts';
import type { KeyedHash } from './table/keyed-hash.ts';
import { TokenBucket, TokenBuckets } from './table/token-buckets.ts';

const capacity = 65_536;
const shedRole = 500;
const provenRole = 501;
const trustedRole = 502;
const provenAddressRole = 503;
const registerRole = 504;
/** Of an offender that may be somebody else: a challenge a second, by which the true owner can prove itself. */
const trickleRate = 1;
const trickleBurst = 3;
/** While too many challenges are not answered, strangers together have a tenth. */
const restShare = 10;
const trustedTimes = 10;
/** Of what a listed sender may send, this part is left while its address is shed: 100 a second. */
const guessableShare = 40;
/** From here on the signalling thread is too busy, or no longer. */
const [busy, atEase] = [0.9, 0.7];
const leastShare = 0.1;
/** All ports of an address that prove themselves, and at which nobody has logged in, have what ten ports have. */
const portsOfAddress = 10;

/**
 * The budgets of packets, by what they have proven. Each has its own buckets: whatever strangers send uses up what is for
 * strangers, and nothing else.
 */
export class Budgets {
  readonly #hash: KeyedHash;
  readonly #settings: () => Settings;
  readonly #sources = new TokenBuckets(capacity);
  readonly #provenSources = new TokenBuckets(capacity);
  readonly #strangers = new TokenBucket();
  readonly #known = new TokenBucket();
  readonly #network: AddressWords = new Uint32Array(4);
  /** Of what packets without proof have together. */
  #share = 1;

  constructor(hash: KeyedHash, settings: () => Settings) {
    this.#hash = hash;
    this.#settings = settings;
  }

  get octets(): number {
    return this.#sources.octets + this.#provenSources.octets;
  }

  /**
   * Told once a second how busy the signalling thread is, from 0 to 1. While it cannot keep up, packets that prove nothing
   * have less and less together, down to a tenth: their number is what a flood can choose, and reading one costs far more
   * than dropping it. What proves itself keeps all it has.
   */
  follow(load: number): void {
    if (load > busy) this.#share = Math.max(leastShare, this.#share / 4);
    else if (load < atEase) this.#share = Math.min(1, this.#share * 1.25);
  }

  /** A packet of who has proven nothing; `rests` while strangers are held back. */
  takeStranger(words: AddressWords, rests: boolean, nowMs: number): boolean {
    const { stranger_rate, stranger_rate_per_source: own } = this.#settings();
    this.#sourceKey(words);
    if (!this.#sources.take(this.#hash.high, this.#hash.low, own, own * 10, nowMs)) return false;
    const all = (rests ? stranger_rate / restShare : stranger_rate) * this.#share;
    return this.#strangers.take(all, all * 2, nowMs);
  }

  /** The same of one that is shed: a REGISTER, by which its true owner comes back, has a trickle to itself. */
  takeShed(words: AddressWords, isRegister: boolean, nowMs: number): boolean {
    this.#sourceKey(words);
    this.#hash.extend(this.#hash.high, this.#hash.low, isRegister ? registerRole : shedRole);
    return (
      this.#sources.take(this.#hash.high, this.#hash.low, trickleRate, trickleBurst, nowMs) &&
      this.takeStranger(words, false, nowMs)
    );
  }

  /** A packet from an address at which somebody has proven a password lately. */
  takeKnown(words: AddressWords, nowMs: number): boolean {
    const { known_rate, known_rate_per_source: own } = this.#settings();
    this.#sourceKey(words);
    const isWithin = this.#sources.take(this.#hash.high, this.#hash.low, own, own * 5, nowMs);
    const all = known_rate * this.#share;
    return isWithin && this.#known.take(all, all * 2, nowMs);
  }

  /**
   * A packet that proves itself, or comes over a connection: each address and port has its own. Where nobody has logged in
   * from that port, those of all ports of the address have a bound too: ports cost a stranger nothing.
   */
  takeProven(
    words: AddressWords,
    port: number,
    from: { isTrusted: boolean; isKnownPort: boolean },
    nowMs: number,
  ): boolean {
    const own = this.#settings().proven_rate_per_source * (from.isTrusted ? trustedTimes : 1);
    this.#hash.address(words, provenRole);
    this.#hash.extend(this.#hash.high, this.#hash.low, port);
    const isWithin = this.#provenSources.take(this.#hash.high, this.#hash.low, own, own * 5, nowMs);
    if (!isWithin || from.isKnownPort) return isWithin;
    const ofAddress = own * portsOfAddress;
    this.#sourceKey(words);
    this.#hash.extend(this.#hash.high, this.#hash.low, provenAddressRole);
    return this.#provenSources.take(this.#hash.high, this.#hash.low, ofAddress, ofAddress * 5, nowMs);
  }

  /**
   * A packet that proves nothing, in the name of an address from which much is expected: all its ports together. While it
   * is shed, somebody may be forging it to find its tech prefix: a hundred a second are calls enough, and guesses few.
   */
  takeTrusted(words: AddressWords, isShed: boolean, nowMs: number): boolean {
    const own = (this.#settings().proven_rate_per_source * trustedTimes) / (isShed ? guessableShare : 1);
    this.#sourceKey(words);
    this.#hash.extend(this.#hash.high, this.#hash.low, trustedRole);
    return this.#sources.take(this.#hash.high, this.#hash.low, own, own * 5, nowMs);
  }

  /** One IPv4 address, or the /64 that one customer has. */
  #sourceKey(words: AddressWords): void {
    if (isIpv4Words(words)) return this.#hash.address(words, 128);
    this.#network.set(words);
    maskWords(this.#network, 64);
    this.#hash.address(this.#network, 64);
  }
}

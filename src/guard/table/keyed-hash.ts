import type { AddressWords } from '../../base/net/address-words.ts';
import type { Random } from '../../base/random/random.ts';

/** A stranger's name can be as long as a message, and is hashed many times. */
const maxTextLength = 128;

/**
 * HalfSipHash-1-3 with 64 bits of key and of result. A table that finds its places by it can be steered by nobody who
 * does not know the key, and a key of 64 bits stands for its source: that two of a million share one is a chance of one
 * in forty million. The result is left in `high` and `low`, so that nothing is made for each packet.
 */
export class KeyedHash {
  high = 0;
  low = 0;
  readonly #key0: number;
  readonly #key1: number;
  #v0 = 0;
  #v1 = 0;
  #v2 = 0;
  #v3 = 0;

  constructor(random: Random) {
    this.#key0 = random.below(2 ** 32) | 0;
    this.#key1 = random.below(2 ** 32) | 0;
  }

  /** An address with a small number beside it, such as a port or the length of a prefix. */
  address(words: AddressWords, beside: number): void {
    this.#start();
    // IPv4 differs in its last word only.
    if (words[0] !== 0 || words[1] !== 0 || words[2] !== 0xffff) {
      this.#mix(words[0] ?? 0);
      this.#mix(words[1] ?? 0);
      this.#mix(words[2] ?? 0);
    }
    this.#mix(words[3] ?? 0);
    this.#finish(beside);
  }

  /** Nothing that anybody is called is longer than what is read of the text; of the rest only its length counts. */
  text(text: string, beside: number): void {
    this.#start();
    const read = Math.min(text.length, maxTextLength);
    let word = 0;
    for (let index = 0; index < read; index++) {
      word = (word << 8) | (text.charCodeAt(index) & 0xff);
      if ((index & 3) === 3) this.#mix(word);
    }
    this.#mix(word);
    this.#mix(text.length);
    this.#finish(beside);
  }

  /** The last result with one more number: a counter of its own for each rule, or each pair of two things. */
  extend(high: number, low: number, beside: number): void {
    this.#start();
    this.#mix(high);
    this.#mix(low);
    this.#finish(beside);
  }

  #start(): void {
    this.#v0 = this.#key0;
    this.#v1 = this.#key1 ^ 0xee;
    this.#v2 = 0x6c796765 ^ this.#key0;
    this.#v3 = 0x74656462 ^ this.#key1;
  }

  #mix(word: number): void {
    this.#v3 ^= word;
    this.#round();
    this.#v0 ^= word;
  }

  #finish(beside: number): void {
    this.#mix(beside);
    this.#v2 ^= 0xee;
    this.#round();
    this.#round();
    this.#round();
    this.low = (this.#v1 ^ this.#v3) >>> 0;
    this.#v1 ^= 0xdd;
    this.#round();
    this.#round();
    this.#round();
    this.high = (this.#v1 ^ this.#v3) >>> 0;
  }

  #round(): void {
    let v0 = (this.#v0 + this.#v1) | 0;
    let v1 = rotate(this.#v1, 5) ^ v0;
    v0 = rotate(v0, 16);
    let v2 = (this.#v2 + this.#v3) | 0;
    let v3 = rotate(this.#v3, 8) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = rotate(v3, 7) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = rotate(v1, 13) ^ v2;
    v2 = rotate(v2, 16);
    this.#v0 = v0;
    this.#v1 = v1;
    this.#v2 = v2;
    this.#v3 = v3;
  }
}

function rotate(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}

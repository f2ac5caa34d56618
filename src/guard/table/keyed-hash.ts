import type { AddressWords } from '../../base/net/address-words.ts';
import type { Random } from '../../base/random/random.ts';

/** A stranger's name can be as long as a message, and is hashed many times. */
const maxTextLength = 128;

/**
 * HalfSipHash-1-3 with 64 bits of key and of result. A table that finds its places by it can be steered by nobody who
 * does not know the key, and a key of 64 bits stands for its source: that two of a million share one is a chance of one
 * in forty million. The result is left in `high` and `low`, signed words, so that nothing is made for each packet.
 */
export class KeyedHash {
  high = 0;
  low = 0;
  readonly #key0: number;
  readonly #key1: number;
  readonly #input = new Int32Array(maxTextLength / 4 + 3);

  constructor(random: Random) {
    this.#key0 = random.below(2 ** 32) | 0;
    this.#key1 = random.below(2 ** 32) | 0;
  }

  /** An address with a small number beside it, such as a port or the length of a prefix. */
  address(words: AddressWords, beside: number): void {
    const input = this.#input;
    // IPv4 differs in its last word only.
    const isIpv4 = words[0] === 0 && words[1] === 0 && words[2] === 0xffff;
    let length = 0;
    for (let index = isIpv4 ? 3 : 0; index < 4; index++) input[length++] = words[index] ?? 0;
    input[length++] = beside;
    this.#digest(length);
  }

  /** Nothing that anybody is called is longer than what is read of the text; of the rest only its length counts. */
  text(text: string, beside: number): void {
    const input = this.#input;
    const read = Math.min(text.length, maxTextLength);
    let length = 0;
    let word = 0;
    for (let index = 0; index < read; index++) {
      word = (word << 8) | (text.charCodeAt(index) & 0xff);
      if ((index & 3) === 3) input[length++] = word;
    }
    input[length++] = word;
    input[length++] = text.length;
    input[length++] = beside;
    this.#digest(length);
  }

  /** The last result with one more number: a counter of its own for each rule, or each pair of two things. */
  extend(high: number, low: number, beside: number): void {
    const input = this.#input;
    input[0] = high;
    input[1] = low;
    input[2] = beside;
    this.#digest(3);
  }

  /**
   * Hashes the first words of the input. Each takes one round, and then three are for each half of the result; they are one
   * loop, so that the state stays in registers.
   */
  #digest(length: number): void {
    const input = this.#input;
    let v0 = this.#key0;
    let v1 = this.#key1 ^ 0xee;
    let v2 = 0x6c796765 ^ this.#key0;
    let v3 = 0x74656462 ^ this.#key1;
    for (let step = 0; step < length + 6; step++) {
      const word = step < length ? (input[step] ?? 0) : 0;
      if (step === length) v2 ^= 0xee;
      else if (step === length + 3) {
        this.low = v1 ^ v3;
        v1 ^= 0xdd;
      }
      v3 ^= word;
      v0 = (v0 + v1) | 0;
      v1 = rotate(v1, 5) ^ v0;
      v0 = rotate(v0, 16);
      v2 = (v2 + v3) | 0;
      v3 = rotate(v3, 8) ^ v2;
      v0 = (v0 + v3) | 0;
      v3 = rotate(v3, 7) ^ v0;
      v2 = (v2 + v1) | 0;
      v1 = rotate(v1, 13) ^ v2;
      v2 = rotate(v2, 16);
      v0 ^= word;
    }
    this.high = v1 ^ v3;
  }
}

function rotate(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}

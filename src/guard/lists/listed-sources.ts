import { type AddressWords, isIpv4Words } from '../../base/net/address-words.ts';
import { ipv4Ranges, ipv6Ranges, type PrefixSet } from './prefix-set.ts';

/** Ranges that one step of a long work goes over: below a millisecond. */
const perStep = 500;

/**
 * Every address of all block lists, to be asked for each packet: ranges that neither overlap nor touch, found by halving.
 * Never changed; a refresh makes a new one. 8 octets a range of IPv4, 32 of IPv6.
 */
export class ListedSources {
  readonly #ipv4: Uint32Array;
  readonly #ipv6: Uint32Array;

  private constructor(ipv4: Uint32Array, ipv6: Uint32Array) {
    this.#ipv4 = ipv4;
    this.#ipv6 = ipv6;
  }

  static readonly none = new ListedSources(new Uint32Array(0), new Uint32Array(0));

  /** All that the sets hold; a work of many steps. */
  static *of(sets: readonly PrefixSet[]): Generator<undefined, ListedSources> {
    return new ListedSources(yield* mergedIpv4(sets), yield* mergedIpv6(sets));
  }

  get octets(): number {
    return this.#ipv4.byteLength + this.#ipv6.byteLength;
  }

  holds(words: AddressWords): boolean {
    return this.meets(words, words);
  }

  /** Whether any address from the first to the last, of one family, is listed. */
  meets(first: AddressWords, last: AddressWords): boolean {
    return isIpv4Words(first) ? this.#meetsIpv4(first[3] ?? 0, last[3] ?? 0) : this.#meetsIpv6(first, last);
  }

  #meetsIpv4(first: number, last: number): boolean {
    const ranges = this.#ipv4;
    let low = 0;
    let high = ranges.length >>> 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((ranges[middle * 2] ?? 0) <= last) low = middle + 1;
      else high = middle;
    }
    return low > 0 && first <= (ranges[low * 2 - 1] ?? 0);
  }

  #meetsIpv6(first: AddressWords, last: AddressWords): boolean {
    const ranges = this.#ipv6;
    let low = 0;
    let high = ranges.length >>> 3;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compare(ranges, middle * 8, last) <= 0) low = middle + 1;
      else high = middle;
    }
    return low > 0 && compare(ranges, low * 8 - 4, first) >= 0;
  }
}

function* mergedIpv4(sets: readonly PrefixSet[]): Generator<undefined, Uint32Array> {
  const ends: number[] = [];
  let done = 0;
  for (const [first, last] of ipv4Ranges(sets)) {
    if (++done % perStep === 0) yield;
    const before = ends.at(-1);
    if (before !== undefined && first <= before + 1) ends[ends.length - 1] = Math.max(before, last);
    else ends.push(first, last);
  }
  return Uint32Array.from(ends);
}

function* mergedIpv6(sets: readonly PrefixSet[]): Generator<undefined, Uint32Array> {
  const ends: string[] = [];
  let done = 0;
  for (const [first, last] of ipv6Ranges(sets)) {
    if (++done % perStep === 0) yield;
    const before = ends.at(-1);
    if (before === undefined || first > before) ends.push(first, last);
    else if (last > before) ends[ends.length - 1] = last;
  }
  const words = new Uint32Array(ends.length * 4);
  for (const [index, end] of ends.entries()) {
    if (index % perStep === 0) yield;
    for (let word = 0; word < 4; word++)
      words[index * 4 + word] = Number.parseInt(end.slice(word * 8, word * 8 + 8), 16);
  }
  return words;
}

function compare(ranges: Uint32Array, at: number, words: AddressWords): number {
  for (let word = 0; word < 4; word++) {
    const difference = (ranges[at + word] ?? 0) - (words[word] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

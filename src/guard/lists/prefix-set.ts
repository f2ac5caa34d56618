import {
  type AddressWords,
  addressText,
  ipv4Offset,
  isIpv4Words,
  maskWords,
  readAddressWords,
} from '../../base/net/address-words.ts';

/** An IPv4 prefix as one number: its first address, then its length in 64 steps. They sort as addresses do. */
const lengthSteps = 64;
/** Prefixes that one step of a long work goes over: well below a millisecond. */
const perStep = 500;

/** Distinct prefixes, sorted: IPv4 as numbers, IPv6 as 32 hexadecimal digits and two of the length. */
export interface PrefixSet {
  readonly ipv4: Float64Array;
  readonly ipv6: readonly string[];
}

export const noPrefixes: PrefixSet = { ipv4: new Float64Array(0), ipv6: [] };

export function sizeOf({ ipv4, ipv6 }: PrefixSet): number {
  return ipv4.length + ipv6.length;
}

/** Gathers prefixes one by one, in any order and as often as they come; by their first bits, to be sorted in small parts. */
export class PrefixGatherer {
  readonly #ipv4 = new Map<number, number[]>();
  readonly #ipv6 = new Map<number, string[]>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** `words` are masked already; `length` counts the bits of an IPv4 address from 96 on. */
  add(words: AddressWords, length: number): void {
    this.#size++;
    if (isIpv4Words(words)) {
      const address = words[3] ?? 0;
      partOf(this.#ipv4, address >>> 24).push(address * lengthSteps + length - ipv4Offset);
    } else partOf(this.#ipv6, (words[0] ?? 0) >>> 16).push(ipv6Key(words, length));
  }

  /** All of them, sorted and each once; a work of many steps. */
  *take(): Generator<undefined, PrefixSet> {
    const ipv4: number[] = [];
    for (const part of inOrder(this.#ipv4)) {
      for (const key of Float64Array.from(part).sort()) if (key !== ipv4.at(-1)) ipv4.push(key);
      yield;
    }
    const ipv6: string[] = [];
    for (const part of inOrder(this.#ipv6)) {
      for (const key of part.sort()) if (key !== ipv6.at(-1)) ipv6.push(key);
      yield;
    }
    return { ipv4: Float64Array.from(ipv4), ipv6 };
  }
}

function partOf<T>(parts: Map<number, T[]>, first: number): T[] {
  const part = parts.get(first) ?? [];
  if (part.length === 0) parts.set(first, part);
  return part;
}

function inOrder<T>(parts: ReadonlyMap<number, T[]>): readonly T[][] {
  return [...parts].sort(([one], [other]) => one - other).map(([, part]) => part);
}

/** What is in `first` and not in `second`; a work of many steps. */
export function* without(first: PrefixSet, second: PrefixSet): Generator<undefined, PrefixSet> {
  const ipv4 = yield* sortedWithout(first.ipv4, second.ipv4);
  const ipv6 = yield* sortedWithout(first.ipv6, second.ipv6);
  return { ipv4: Float64Array.from(ipv4), ipv6 };
}

function* sortedWithout<T extends number | string>(
  first: ArrayLike<T>,
  second: ArrayLike<T>,
): Generator<undefined, T[]> {
  const rest: T[] = [];
  let at = 0;
  for (let index = 0; index < first.length; index++) {
    if (index % perStep === perStep - 1) yield;
    const key = first[index];
    if (key === undefined) continue;
    for (let other = second[at]; other !== undefined && other < key; other = second[at]) at++;
    if (second[at] !== key) rest.push(key);
  }
  return rest;
}

/** The prefixes as texts, in their order: `203.0.113.9`, `198.51.100.0/24`, `2001:db8::/48`; a work of many steps. */
export function* textsOf({ ipv4, ipv6 }: PrefixSet, most = Number.POSITIVE_INFINITY): Generator<undefined, string[]> {
  const words: AddressWords = new Uint32Array(4);
  const texts: string[] = [];
  for (const key of ipv4) {
    if (texts.length >= most) return texts;
    words.set([0, 0, 0xffff, Math.floor(key / lengthSteps)]);
    texts.push(textOf(words, key % lengthSteps, 32));
    if (texts.length % perStep === 0) yield;
  }
  for (const key of ipv6) {
    if (texts.length >= most) return texts;
    for (let word = 0; word < 4; word++) words[word] = Number.parseInt(key.slice(word * 8, word * 8 + 8), 16);
    texts.push(textOf(words, Number.parseInt(key.slice(32), 16), 128));
    if (texts.length % perStep === 0) yield;
  }
  return texts;
}

/** The widest prefix of the set that holds the address, as text. */
export function holderOf(set: PrefixSet, address: string): string | undefined {
  const words: AddressWords = new Uint32Array(4);
  if (!readAddressWords(address, words)) return undefined;
  const isIpv4 = isIpv4Words(words);
  const masked: AddressWords = new Uint32Array(4);
  for (let length = isIpv4 ? ipv4Offset : 0; length <= 128; length++) {
    masked.set(words);
    maskWords(masked, length);
    const isThere = isIpv4
      ? isAmong(set.ipv4, (masked[3] ?? 0) * lengthSteps + length - ipv4Offset)
      : isAmong(set.ipv6, ipv6Key(masked, length));
    if (isThere) return textOf(masked, isIpv4 ? length - ipv4Offset : length, isIpv4 ? 32 : 128);
  }
  return undefined;
}

/** First and last address of each IPv4 prefix of all sets, sorted by the first. */
export function* ipv4Ranges(sets: readonly PrefixSet[]): Generator<readonly [first: number, last: number]> {
  const keys = new Float64Array(sets.reduce((sum, { ipv4 }) => sum + ipv4.length, 0));
  let at = 0;
  for (const { ipv4 } of sets) {
    keys.set(ipv4, at);
    at += ipv4.length;
  }
  // Of one set they are sorted already.
  for (const key of sets.length > 1 ? keys.sort() : keys) {
    const first = Math.floor(key / lengthSteps);
    yield [first, first + 2 ** (32 - (key % lengthSteps)) - 1];
  }
}

/** The same of IPv6, as 32 hexadecimal digits each. */
export function* ipv6Ranges(sets: readonly PrefixSet[]): Generator<readonly [first: string, last: string]> {
  const keys = sets.flatMap(({ ipv6 }) => ipv6);
  for (const key of sets.length > 1 ? keys.sort() : keys) {
    const first = key.slice(0, 32);
    const length = Number.parseInt(key.slice(32), 16);
    const fixed = length >> 2;
    const rest = length & 3;
    // Whole hexadecimal digits are free behind the prefix, and one of them in part where its length is no multiple of four.
    const partly = rest === 0 ? '' : (Number.parseInt(first[fixed] ?? '0', 16) | (0xf >> rest)).toString(16);
    yield [first, `${first.slice(0, fixed)}${partly}`.padEnd(32, 'f')];
  }
}

function isAmong<T extends number | string>(sorted: ArrayLike<T>, wanted: T): boolean {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const key = sorted[middle];
    if (key !== undefined && key < wanted) low = middle + 1;
    else high = middle;
  }
  return sorted[low] === wanted;
}

function ipv6Key(words: AddressWords, length: number): string {
  let key = '';
  for (const word of words) key += word.toString(16).padStart(8, '0');
  return key + length.toString(16).padStart(2, '0');
}

function textOf(words: AddressWords, length: number, width: number): string {
  return length === width ? addressText(words) : `${addressText(words)}/${length}`;
}

import {
  type AddressWords,
  addressText,
  ipv4Offset,
  isIpv4Words,
  maskWords,
  readAddressWords,
} from '../../base/net/address-words.ts';
import { fail, ok, type Result } from '../../base/result/result.ts';
import { PrefixGatherer, type PrefixSet } from './prefix-set.ts';

/** A wider prefix in somebody else's list is a slip, or an attack on whoever uses the list. */
const leastBits = { ipv4: 16, ipv6: 32 } as const;
const linesPerStep = 200;
const leftOutShown = 10;

/** A list that was read whole. */
export interface ReadList {
  readonly prefixes: PrefixSet;
  /** Entries that are not taken because they cover our own or private addresses, and the first of them with their lines. */
  readonly leftOut: { readonly count: number; readonly first: readonly string[] };
}

/**
 * Reads a list of one address or CIDR block a line, with comments behind `#`, `;` or `//`. A line that cannot be read, or
 * is too wide, refuses the list with its number; a work of many steps.
 */
export function* readList(
  text: string,
  bounds: { readonly maxEntries: number; readonly own: readonly string[] },
): Generator<undefined, Result<ReadList, string>> {
  const own = bounds.own.flatMap((address) => {
    const words: AddressWords = new Uint32Array(4);
    return readAddressWords(address, words) ? [words] : [];
  });
  const words: AddressWords = new Uint32Array(4);
  const gatherer = new PrefixGatherer();
  const first: string[] = [];
  let count = 0;
  let line = 0;
  for (let from = 0; from < text.length; ) {
    const newline = text.indexOf('\n', from);
    const end = newline < 0 ? text.length : newline;
    line++;
    const entry = entryOf(text.slice(from, end));
    from = end + 1;
    if (line % linesPerStep === 0) yield;
    if (entry === '') continue;
    const length = readEntry(entry, words);
    if (typeof length === 'string') return fail(`line ${line}: ${shown(entry)} ${length}`);
    if (gatherer.size >= bounds.maxEntries) {
      return fail(`line ${line}: more than ${bounds.maxEntries} entries; take a shorter list`);
    }
    const why = coveredBy(words, length, own);
    if (why === undefined) gatherer.add(words, length);
    else if (count++ < leftOutShown) first.push(`line ${line}: ${shown(entry)} is ${why}`);
  }
  return ok({ prefixes: yield* gatherer.take(), leftOut: { count, first } });
}

/** What stands on a line before its comment. */
function entryOf(line: string): string {
  const end = line.search(/[#;]|\/\//);
  return (end < 0 ? line : line.slice(0, end)).trim();
}

/** Reads an entry into the words. @returns its length among 128 bits, or what is wrong with it */
function readEntry(entry: string, words: AddressWords): number | string {
  const [address = '', bits, ...rest] = entry.split('/');
  const isPlain = /^[0-9a-f:.]+$/i.test(address) && !/(^|\.)0\d/.test(address);
  if (rest.length > 0 || !isPlain || !readAddressWords(address, words)) {
    return 'is no address or CIDR block, such as 203.0.113.9 or 198.51.100.0/24';
  }
  const isIpv4 = isIpv4Words(words);
  if (isIpv4 && address.includes(':')) return 'is an IPv4 address in the form of IPv6; write it as IPv4';
  const width = isIpv4 ? 32 : 128;
  const length = bits === undefined ? width : /^\d{1,3}$/.test(bits) ? Number(bits) : Number.NaN;
  if (!(length <= width)) return `has a wrong length; it is a number up to ${width}`;
  const least = isIpv4 ? leastBits.ipv4 : leastBits.ipv6;
  if (length < least) return `covers too much: nothing wider than /${least} is taken from a list`;
  const among = isIpv4 ? length + ipv4Offset : length;
  maskWords(words, among);
  return among;
}

/** Whose addresses an entry covers that no list may stop; undefined for those of others. */
function coveredBy(words: AddressWords, length: number, own: readonly AddressWords[]): string | undefined {
  // No entry is wider than one of these ranges, so its first address tells.
  if (isSpecial(words)) return 'private, or no address of a single host';
  const masked: AddressWords = new Uint32Array(4);
  for (const address of own) {
    masked.set(address);
    maskWords(masked, length);
    if (masked.every((word, index) => word === words[index]))
      return `about ${addressText(address)}, an address of this server`;
  }
  return undefined;
}

/** Private, shared, loopback, link-local, multicast and reserved ranges (RFC 6890). */
function isSpecial(words: AddressWords): boolean {
  if (!isIpv4Words(words)) {
    const high = words[0] ?? 0;
    // ::/32 holds loopback, unspecified and embedded addresses; fc00::/7, fe80::/10 and ff00::/8 are not of the internet.
    return high === 0 || high >>> 25 === 0x7e || high >>> 22 === 0x3fa || high >>> 24 === 0xff;
  }
  const address = words[3] ?? 0;
  const first = address >>> 24;
  if (first === 0 || first === 10 || first === 127 || first >= 224) return true;
  return address >>> 20 === 0xac1 || address >>> 16 === 0xc0a8 || address >>> 16 === 0xa9fe || address >>> 22 === 0x191;
}

function shown(entry: string): string {
  return `'${entry.length > 60 ? `${entry.slice(0, 60)}...` : entry}'`;
}

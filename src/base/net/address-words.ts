import ipaddr from 'ipaddr.js';

/** Leading bits of an IPv4 address among the 128 of its IPv6 form, `::ffff:0:0/96`. */
export const ipv4Offset = 96;

/** Four words of 32 bits that hold any address; one pair of hands is enough for one thread. */
export type AddressWords = Uint32Array;

/**
 * Reads a numeric address into `words`, an IPv4 one as `::ffff:a.b.c.d`, without making anything. Lenient towards
 * addresses that come from the system: it has checked them.
 * @returns false for what cannot be read; `words` then holds nothing of use.
 */
export function readAddressWords(text: string, words: AddressWords): boolean {
  return text.includes(':') ? readIpv6(text, words) : readIpv4(text, 0, words);
}

/** Zeroes all bits behind the first `bits`. */
export function maskWords(words: AddressWords, bits: number): void {
  for (let index = 0; index < 4; index++) {
    const kept = bits - 32 * index;
    if (kept <= 0) words[index] = 0;
    else if (kept < 32) words[index] = ((words[index] ?? 0) & (0xffffffff << (32 - kept))) >>> 0;
  }
}

/** Whether the words are an IPv4 address in its IPv6 form. */
export function isIpv4Words(words: AddressWords): boolean {
  return words[0] === 0 && words[1] === 0 && words[2] === 0xffff;
}

function readIpv4(text: string, from: number, words: AddressWords): boolean {
  let address = 0;
  let octet = -1;
  let dots = 0;
  for (let index = from; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code >= 48 && code <= 57) octet = (octet < 0 ? 0 : octet * 10) + code - 48;
    else if (code === 46 && octet >= 0) {
      address = address * 256 + octet;
      octet = -1;
      dots++;
    } else return false;
    if (octet > 255) return false;
  }
  if (dots !== 3 || octet < 0) return false;
  words[0] = 0;
  words[1] = 0;
  words[2] = 0xffff;
  words[3] = address * 256 + octet;
  return true;
}

function readIpv6(text: string, words: AddressWords): boolean {
  words.fill(0);
  let group = 0;
  let filled = 0;
  let digits = 0;
  let gapAt = -1;
  let groupStart = 0;
  for (let index = 0; index <= text.length; index++) {
    const code = index < text.length ? text.charCodeAt(index) : 58;
    const digit = hexDigit(code);
    if (digit >= 0) {
      group = group * 16 + digit;
      if (++digits > 4) return false;
      continue;
    }
    if (code === 46) return readMapped(text, groupStart, filled, gapAt, words);
    // A zone names an interface of ours, not a peer.
    if (code === 37) index = text.length;
    else if (code !== 58) return false;
    if (digits > 0) {
      if (filled === 8) return false;
      putGroup(words, filled++, group);
    }
    if (text.charCodeAt(index + 1) === 58 && index + 1 < text.length) {
      if (gapAt >= 0) return false;
      gapAt = filled;
      index++;
    }
    group = 0;
    digits = 0;
    groupStart = index + 1;
  }
  return spread(words, filled, gapAt);
}

/** `::ffff:192.0.2.1`: such an address is the IPv4 one. */
function readMapped(text: string, from: number, filled: number, gapAt: number, words: AddressWords): boolean {
  const isMapped = filled === 1 && gapAt === 0 && words[0] === 0xffff0000;
  return isMapped && readIpv4(text, from, words);
}

function putGroup(words: AddressWords, at: number, group: number): void {
  const word = at >> 1;
  words[word] = (at & 1) === 0 ? group * 65536 : (words[word] ?? 0) + group;
}

/** Moves the groups behind `::` to the end. */
function spread(words: AddressWords, filled: number, gapAt: number): boolean {
  if (gapAt < 0) return filled === 8;
  const moved = filled - gapAt;
  for (let step = 1; step <= moved; step++) {
    const from = filled - step;
    const group = takeGroup(words, from);
    putGroupOver(words, 8 - step, group);
  }
  return true;
}

function takeGroup(words: AddressWords, at: number): number {
  const word = words[at >> 1] ?? 0;
  const group = (at & 1) === 0 ? word >>> 16 : word & 0xffff;
  words[at >> 1] = (at & 1) === 0 ? word & 0xffff : word & 0xffff0000;
  return group;
}

function putGroupOver(words: AddressWords, at: number, group: number): void {
  const word = words[at >> 1] ?? 0;
  words[at >> 1] = (at & 1) === 0 ? (word & 0xffff) + group * 65536 : ((word & 0xffff0000) >>> 0) + group;
}

function hexDigit(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  const lower = code | 32;
  return lower >= 97 && lower <= 102 ? lower - 87 : -1;
}

/** The address as text, in its one spelling. */
export function addressText(words: AddressWords): string {
  if (isIpv4Words(words)) {
    const four = words[3] ?? 0;
    return `${four >>> 24}.${(four >>> 16) & 255}.${(four >>> 8) & 255}.${four & 255}`;
  }
  const groups = [...words].flatMap((word) => [word >>> 16, word & 0xffff]);
  return new ipaddr.IPv6(groups).toString();
}

// Texts in src/sip are "binary strings": one character for each octet that was or will be on the wire.

/** Classes of octets in the grammar of RFC 3261 §25.1, one bit each; test them with `octetIs` and `allOctetsAre`. */
export const tokenOctet = 1;
/** Host names, with the underscore that machines' own names often have. */
export const hostOctet = 2;
/** Unescaped octets of a user part, `%` of escapes, and the `#` that phones leave unescaped in service codes. */
export const userOctet = 4;
export const passwordOctet = 8;
export const uriParamOctet = 16;
export const uriHeaderOctet = 32;
/** An unquoted value of a header parameter: token, host, and what devices put into tags besides. */
export const valueOctet = 64;
/** Call-ID (`word` and `@`). */
export const wordOctet = 128;
export const schemeOctet = 256;
/** Whatever a URI of any scheme may hold inside a header: visible ASCII without quotes and angle brackets. */
export const anyUriOctet = 512;

const alphanumeric = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';
const unreserved = `${alphanumeric}-_.!~*'()%`;
const token = `${alphanumeric}-.!%*_+\`'~`;

const classes = new Uint16Array(256);
const members: readonly (readonly [number, string])[] = [
  [tokenOctet, token],
  [hostOctet, `${alphanumeric}-._`],
  [userOctet, `${unreserved}&=+$,;?/#`],
  [passwordOctet, `${unreserved}&=+$,`],
  [uriParamOctet, `${unreserved}[]/:&+$`],
  [uriHeaderOctet, `${unreserved}[]/?:+$&=`],
  [valueOctet, `${token}[]:@/=?&$#(){}|^`],
  [schemeOctet, `${alphanumeric}+-.`],
  [anyUriOctet, `${unreserved}&=+$,;?/#:@[]\\^\`{|}`],
  [wordOctet, `${token}()<>:\\"/[]?{}@`],
];
for (const [bit, octets] of members) {
  for (const octet of octets) classes[octet.charCodeAt(0)] = (classes[octet.charCodeAt(0)] ?? 0) | bit;
}
// Phones send UTF-8 in Call-IDs and tags now and then; nobody needs to read it, so it passes.
for (let code = 0x80; code < 0x100; code++) classes[code] = valueOctet | wordOctet;

export function octetIs(code: number, octetClass: number): boolean {
  return ((classes[code] ?? 0) & octetClass) !== 0;
}

/** True when every octet of `text` from `start` up to `end` is in the class; true for an empty range. */
export function allOctetsAre(text: string, start: number, end: number, octetClass: number): boolean {
  for (let index = start; index < end; index++) {
    if (((classes[text.charCodeAt(index)] ?? 0) & octetClass) === 0) return false;
  }
  return true;
}

export function isToken(text: string): boolean {
  return text !== '' && allOctetsAre(text, 0, text.length, tokenOctet);
}

/** The number that the digits from `start` up to `end` write, or -1 when they are none, or more than `max`. */
export function parseDigits(text: string, start: number, end: number, max: number): number {
  if (start >= end) return -1;
  let value = 0;
  for (let index = start; index < end; index++) {
    const digit = text.charCodeAt(index) - 0x30;
    if (!(digit >= 0 && digit <= 9)) return -1;
    value = value * 10 + digit;
    if (value > max) return -1;
  }
  return value;
}

/** Octets as text for people: UTF-8 decoded, what is not UTF-8 replaced, control characters dropped. */
export function displayText(octets: string): string {
  return Buffer.from(octets, 'latin1')
    .toString('utf8')
    .replace(/\p{Cc}/gu, '');
}

/** Text as octets for a header or a body: UTF-8 (RFC 3261 §7). */
export function toOctets(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

/**
 * A copy that does not keep the whole message in memory: what is cut out of a long string refers to it otherwise. For
 * whatever outlives its message (bindings, dialogs, records).
 */
export function detached(octets: string): string {
  return Buffer.from(octets, 'latin1').toString('latin1');
}

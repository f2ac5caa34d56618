import { hostOctet, octetIs, parseDigits } from './octets.ts';
import type { Scanner } from './scanner.ts';

const openBracket = 0x5b;
const point = 0x2e;
const maxPort = 65_535;

/**
 * A host (RFC 3261 §25.1, with the IPv6 grammar of RFC 5954): a name in lower case, an IPv4 address, or an IPv6 address
 * without its brackets.
 */
export function scanHost(scanner: Scanner): string | undefined {
  if (scanner.code() === openBracket) return scanBracketed(scanner);
  const start = scanner.pos;
  let letters = 0;
  let capitals = 0;
  for (; scanner.pos < scanner.text.length; scanner.pos++) {
    const code = scanner.text.charCodeAt(scanner.pos);
    if (!octetIs(code, hostOctet)) break;
    if (code >= 0x41 && code <= 0x5a) capitals++;
    if (code > 0x39 || code === 0x2d) letters++;
  }
  const host = scanner.text.slice(start, scanner.pos);
  if (host === '' || host.charCodeAt(0) === point) return scanner.fail('bad host');
  if (letters === 0) return isIpv4(host) ? host : scanner.fail('bad IPv4 address');
  if (host.includes('..')) return scanner.fail('bad host');
  return capitals === 0 ? host : host.toLowerCase();
}

/** A port after a colon that the scanner has passed: 1 to 65535. */
export function scanPort(scanner: Scanner): number | undefined {
  const start = scanner.pos;
  while (isDigit(scanner.code())) scanner.pos++;
  const port = parseDigits(scanner.text, start, scanner.pos, maxPort);
  return port < 1 ? scanner.fail('bad port') : port;
}

function scanBracketed(scanner: Scanner): string | undefined {
  const end = scanner.text.indexOf(']', scanner.pos);
  if (end < 0 || end - scanner.pos > 64) return scanner.fail('bad IPv6 address');
  const address = readIpv6(scanner.text.slice(scanner.pos + 1, end));
  if (address === undefined) return scanner.fail('bad IPv6 address');
  scanner.pos = end + 1;
  return address;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

/** Four numbers up to 255; leading zeros are refused, because some would read them as octal. */
function isIpv4(text: string): boolean {
  let parts = 1;
  let digits = 0;
  let value = 0;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code === point) {
      if (digits === 0 || ++parts > 4) return false;
      digits = 0;
      value = 0;
      continue;
    }
    if (!isDigit(code) || (digits > 0 && value === 0)) return false;
    digits++;
    value = value * 10 + code - 0x30;
    if (value > 255) return false;
  }
  return parts === 4 && digits > 0;
}

/**
 * The address in lower case, or undefined when it is none. Three colons before an IPv4 tail are read as two: RFC 3261's
 * own grammar produced them (RFC 5118 §4.10).
 */
export function readIpv6(text: string): string | undefined {
  const triple = text.indexOf(':::');
  const repaired = triple >= 0 && text.includes('.', triple) ? text.slice(0, triple) + text.slice(triple + 1) : text;
  return isIpv6(repaired) ? repaired.toLowerCase() : undefined;
}

function isIpv6(text: string): boolean {
  const gap = text.indexOf('::');
  if (gap < 0) return countGroups(text) === 8;
  const head = text.slice(0, gap);
  const tail = text.slice(gap + 2);
  if (head.includes('.') || tail.includes('::')) return false;
  const headGroups = head === '' ? 0 : countGroups(head);
  const tailGroups = tail === '' ? 0 : countGroups(tail);
  return headGroups >= 0 && tailGroups >= 0 && headGroups + tailGroups <= 7;
}

/** Groups of four hexadecimal digits, an IPv4 tail counting as two; -1 when one is broken. */
function countGroups(text: string): number {
  const groups = text.split(':');
  const last = groups.at(-1) ?? '';
  const hasIpv4 = last.includes('.');
  if (hasIpv4 && !isIpv4(last)) return -1;
  const hexGroups = hasIpv4 ? groups.slice(0, -1) : groups;
  return hexGroups.every((group) => /^[0-9a-f]{1,4}$/iu.test(group)) ? hexGroups.length + (hasIpv4 ? 2 : 0) : -1;
}

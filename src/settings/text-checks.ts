import { isIP } from 'node:net';
import { parsePrefix } from '../base/net/prefix.ts';
import { knownScanners } from './known-scanners.ts';
import type { TextCheck } from './setting.ts';

/** `check`, or nothing at all: for settings whose empty text means "none". */
export function optional(check: TextCheck): TextCheck {
  return (text) => (text === '' ? undefined : check(text));
}

export function address(text: string): string | undefined {
  return isIP(text) === 0 || text.includes('%') ? `'${text}' is not an IP address` : undefined;
}

/** Addresses of which each stands for all peers of its family. */
export function oneOfEachFamily(addresses: readonly string[]): string | undefined {
  for (const family of [4, 6]) {
    const [, second] = addresses.filter((each) => isIP(each) === family);
    if (second !== undefined)
      return `'${second}' is a second IPv${family} address; one is used for all IPv${family} peers`;
  }
  return undefined;
}

/** An address, with a port where it is not the usual one: `192.0.2.53`, `192.0.2.53:5353`, `[2001:db8::53]:5353`. */
export function dnsServer(text: string): string | undefined {
  if (isIP(text) !== 0 && !text.includes('%')) return undefined;
  const [, six, four, port] = /^(?:\[([^\]%]+)\]|([^:]+)):(\d{1,5})$/.exec(text) ?? [];
  const isRight =
    isIP(six ?? four ?? '') === (six === undefined ? 4 : 6) && Number(port) >= 1 && Number(port) <= 65_535;
  return isRight ? undefined : `'${text}' is not an IP address, alone or with a port`;
}

export function loopbackAddress(text: string): string | undefined {
  if (text === '::1' || (isIP(text) === 4 && text.startsWith('127.'))) return undefined;
  return `'${text}' is not a loopback address`;
}

export function network(text: string): string | undefined {
  const prefix = parsePrefix(text);
  return prefix.ok ? undefined : prefix.error;
}

/** A host name by RFC 1123 §2.1, or an IP address: what stands as a domain in SIP addresses. */
export function domain(text: string): string | undefined {
  if (isIP(text) !== 0) return undefined;
  const label = '[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?';
  if (text.length <= 253 && new RegExp(`^${label}(\\.${label})*\\.?$`, 'i').test(text)) return undefined;
  return `'${text}' is not a domain name`;
}

/** A realm is compared octet by octet and stands in quotation marks (RFC 3261 §22.1), so it has neither quotes nor controls. */
export function realm(text: string): string | undefined {
  return /^[!#-[\]-~](?:[ !#-[\]-~]{0,126}[!#-[\]-~])?$/.test(text)
    ? undefined
    : 'a realm has at most 128 printable ASCII characters, without quotation marks and backslashes';
}

export function timeZone(text: string): string | undefined {
  try {
    new Intl.DateTimeFormat('en', { timeZone: text });
  } catch {
    return `'${text}' is not a time zone that this system knows`;
  }
  // Offsets such as +02:00 are accepted by Intl, but have no daylight saving time: a billing day would shift unseen.
  return /^[+-]/.test(text) ? 'an offset is not a time zone' : undefined;
}

/** Country codes have one to three digits and begin with 1 to 9 (ITU-T E.164 §6.2.1). */
export function countryCode(text: string): string | undefined {
  return /^[1-9]\d{0,2}$/.test(text) ? undefined : `'${text}' is not a country calling code`;
}

/** A number in international form (ITU-T E.164 §6.2), with or without `+`. */
export function e164(text: string): string | undefined {
  return /^\+?[1-9]\d{4,14}$/.test(text) ? undefined : `'${text}' is not a number such as +43123456`;
}

/** What numbers in international form may begin with. */
export function e164Prefix(text: string): string | undefined {
  return /^\+?[1-9]\d{0,14}$/.test(text) ? undefined : `'${text}' is not a prefix such as 43 or +4366`;
}

/** An amount of money with at most six decimals. */
export function amount(text: string): string | undefined {
  return /^\d{1,12}(?:\.\d{1,6})?$/.test(text) ? undefined : `'${text}' is not an amount such as 1.00`;
}

export function currencyCode(text: string): string | undefined {
  return /^[A-Z]{3}$/.test(text) ? undefined : `'${text}' is not three capital letters`;
}

const peakSpan =
  /^(?:mon|tue|wed|thu|fri|sat|sun)(?:-(?:mon|tue|wed|thu|fri|sat|sun))?\s+(\d{2}:[0-5]\d)-(\d{2}:[0-5]\d)$/i;

/** Spans of the week, each ending after it begins. */
export function peakHours(text: string): string | undefined {
  for (const span of text.split(';')) {
    const [, from = '', until = ''] = peakSpan.exec(span.trim()) ?? [];
    if (from === '' || from >= until || until > '24:00')
      return `'${span.trim()}' is not of the form Mon-Fri 08:00-20:00`;
  }
  return undefined;
}

export function region(text: string): string | undefined {
  return /^[A-Z]{2}$/.test(text) ? undefined : `'${text}' is not the two letters of a country`;
}

export function dialPrefix(text: string): string | undefined {
  return /^\d{1,6}$/.test(text) ? undefined : `'${text}' is not a dialling prefix`;
}

/** One of `calls=N`, `users=N`. */
export function systemLimit(text: string): string | undefined {
  return /^(?:calls|users)=[1-9]\d{0,8}$/.test(text) ? undefined : `'${text}' is not calls=N or users=N`;
}

/** A part of what a device calls itself. */
export function deviceName(text: string): string | undefined {
  return /^[ -~]{1,64}$/.test(text) ? undefined : `'${text}' is not 1 to 64 printable ASCII characters`;
}

export function knownScanner(text: string): string | undefined {
  const isKnown = knownScanners.some((name) => name.toLowerCase() === text.toLowerCase());
  return isKnown ? undefined : `'${text}' is not in the built-in list: ${knownScanners.join(', ')}`;
}

/** What can be dialled or be the name of a user. */
export function dialledName(text: string): string | undefined {
  return /^[\w.+*#-]{1,64}$/.test(text) ? undefined : `'${text}' is not a number or a user name`;
}

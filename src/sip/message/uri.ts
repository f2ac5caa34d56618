import { fail, ok, type Result } from '../../base/result/result.ts';
import { bracketed } from '../../base/net/endpoint.ts';
import { escapeOctets, unescapeOctets } from './escape.ts';
import { scanHost, scanPort } from './host.ts';
import {
  allOctetsAre,
  anyUriOctet,
  passwordOctet,
  schemeOctet,
  uriHeaderOctet,
  uriParamOctet,
  userOctet,
} from './octets.ts';
import { colon, equalsSign, Scanner, semicolon } from './scanner.ts';

/** A sip: or sips: URI (RFC 3261 §19.1). */
export interface SipUri {
  readonly scheme: 'sip' | 'sips';
  /** Unescaped octets; '' when the URI has no user part. */
  readonly user: string;
  readonly password: string | undefined;
  /** Lower case; IPv6 without brackets. */
  readonly host: string;
  readonly port: number | undefined;
  /** Unescaped; names in lower case; '' for a flag. */
  readonly params: ReadonlyMap<string, string>;
  /** What follows `?`, as it stands; '' when there is none. */
  readonly headers: string;
}

/** A tel: URI (RFC 3966). */
export interface TelUri {
  readonly scheme: 'tel';
  /** Without visual separators; a global number begins with `+`. */
  readonly number: string;
  readonly params: ReadonlyMap<string, string>;
}

export type Uri = SipUri | TelUri;

const questionMark = 0x3f;
const maxUriParams = 64;
const noParams: ReadonlyMap<string, string> = new Map();

/** Reads a whole sip:, sips: or tel: URI; the error says which part is wrong. */
export function parseUri(text: string): Result<Uri, string> {
  const afterScheme = text.indexOf(':') + 1;
  if (afterScheme === 0 || afterScheme > 5) return fail('URI scheme is none of sip, sips and tel');
  const scanner = new Scanner(text, afterScheme);
  const scheme = text.startsWith('sip:') ? 'sip' : text.slice(0, afterScheme - 1).toLowerCase();
  const uri = scanAfterScheme(scanner, scheme);
  if (uri === undefined) return fail(scanner.error);
  return scanner.atEnd() ? ok(uri) : fail('octet in URI that is not allowed there');
}

function scanAfterScheme(scanner: Scanner, scheme: string): Uri | undefined {
  if (scheme === 'sip' || scheme === 'sips') return scanSipUri(scanner, scheme);
  if (scheme === 'tel') return scanTelUri(scanner);
  return scanner.fail('URI scheme is none of sip, sips and tel');
}

function scanSipUri(scanner: Scanner, scheme: 'sip' | 'sips'): SipUri | undefined {
  // An unescaped @ may stand only between user and host, so the first one is it.
  const at = scanner.text.indexOf('@', scanner.pos);
  let user = '';
  let password: string | undefined;
  if (at >= 0) {
    const userEnd = findColon(scanner.text, scanner.pos, at);
    const readUser = scanEscaped(scanner, userEnd, userOctet);
    if (readUser === undefined || readUser === '') return scanner.fail('bad user in URI');
    user = readUser;
    if (userEnd < at) {
      scanner.pos++;
      password = scanEscaped(scanner, at, passwordOctet);
      if (password === undefined) return scanner.fail('bad password in URI');
    }
    scanner.pos = at + 1;
  }
  const host = scanHost(scanner);
  if (host === undefined) return undefined;
  let port: number | undefined;
  if (scanner.code() === colon) {
    scanner.pos++;
    port = scanPort(scanner);
    if (port === undefined) return undefined;
  }
  const params = scanUriParams(scanner);
  const headers = params && scanUriHeaders(scanner);
  if (params === undefined || headers === undefined) return undefined;
  return { scheme, user, password, host, port, params, headers };
}

function findColon(text: string, start: number, end: number): number {
  for (let index = start; index < end; index++) {
    if (text.charCodeAt(index) === colon) return index;
  }
  return end;
}

function scanEscaped(scanner: Scanner, end: number, octetClass: number): string | undefined {
  const { text, pos } = scanner;
  scanner.pos = end;
  return allOctetsAre(text, pos, end, octetClass) ? unescapeOctets(text.slice(pos, end)) : undefined;
}

function scanUriParams(scanner: Scanner): ReadonlyMap<string, string> | undefined {
  if (scanner.code() !== semicolon) return noParams;
  const params = new Map<string, string>();
  do {
    scanner.pos++;
    const name = unescapeOctets(scanner.run(uriParamOctet))?.toLowerCase();
    if (name === undefined || name === '') return scanner.fail('bad parameter name in URI');
    let value: string | undefined = '';
    if (scanner.code() === equalsSign) {
      scanner.pos++;
      value = unescapeOctets(scanner.run(uriParamOctet));
      if (value === undefined || value === '') return scanner.fail('bad parameter value in URI');
    }
    if (params.has(name)) return scanner.fail('parameter given twice in URI');
    if (params.size >= maxUriParams) return scanner.fail('too many parameters in URI');
    params.set(name, value);
  } while (scanner.code() === semicolon);
  return params;
}

function scanUriHeaders(scanner: Scanner): string | undefined {
  if (scanner.code() !== questionMark) return '';
  scanner.pos++;
  const headers = scanner.run(uriHeaderOctet);
  return headers === '' ? scanner.fail('bad headers in URI') : headers;
}

function scanTelUri(scanner: Scanner): TelUri | undefined {
  let number = '';
  for (; !scanner.atEnd() && scanner.code() !== semicolon; scanner.pos++) {
    const octet = scanner.text[scanner.pos] ?? '';
    const isPlus = octet === '+' && number === '';
    if (!isPlus && !'0123456789abcdefABCDEF*#-.()'.includes(octet)) return scanner.fail('bad number in tel URI');
    if (!'-.()'.includes(octet)) number += octet;
  }
  const digitsStart = number.startsWith('+') ? 1 : 0;
  if (number.length === digitsStart) return scanner.fail('tel URI without number');
  const params = scanUriParams(scanner);
  return params && { scheme: 'tel', number, params };
}

/** The URI as text; escapes whatever its place does not allow, so that no part can become another. */
export function formatUri(uri: SipUri): string {
  const password = uri.password === undefined ? '' : `:${escapeOctets(uri.password, passwordOctet)}`;
  const user = uri.user === '' ? '' : `${escapeOctets(uri.user, userOctet, '#')}${password}@`;
  const port = uri.port === undefined ? '' : `:${uri.port}`;
  let params = '';
  for (const [name, value] of uri.params) {
    params += `;${escapeOctets(name, uriParamOctet)}${value === '' ? '' : `=${escapeOctets(value, uriParamOctet)}`}`;
  }
  return `${uri.scheme}:${user}${bracketed(uri.host)}${port}${params}${uri.headers === '' ? '' : `?${uri.headers}`}`;
}

// Parameters that differ when only one URI has them (RFC 3261 §19.1.4, transport by its examples).
const decisiveParams = ['user', 'ttl', 'method', 'maddr', 'transport'];

/** Whether two URIs name the same resource by the rules of RFC 3261 §19.1.4; no default is filled in. */
export function sameUri(a: SipUri, b: SipUri): boolean {
  if (a.scheme !== b.scheme || a.user !== b.user || a.password !== b.password) return false;
  if (a.host !== b.host || a.port !== b.port) return false;
  if (decisiveParams.some((name) => a.params.has(name) !== b.params.has(name))) return false;
  for (const [name, value] of a.params) {
    const other = b.params.get(name);
    if (other !== undefined && other.toLowerCase() !== value.toLowerCase()) return false;
  }
  return a.headers === b.headers || headerKey(a.headers) === headerKey(b.headers);
}

function headerKey(headers: string): string {
  const pairs = headers.split('&').map((pair) => {
    const equals = pair.indexOf('=');
    const name = equals < 0 ? pair : pair.slice(0, equals);
    return `${name.toLowerCase()}=${unescapeOctets(pair.slice(name.length + 1)) ?? ''}`;
  });
  return pairs.toSorted().join('&');
}

/**
 * Whether the text could be a URI of any scheme: `ALPHA *(ALPHA / DIGIT / "+" / "-" / ".") ":"` and then visible ASCII
 * without the octets that delimit URIs in headers.
 */
export function looksLikeUri(text: string): boolean {
  const schemeEnd = text.indexOf(':');
  if (schemeEnd < 1 || schemeEnd === text.length - 1) return false;
  const first = text.charCodeAt(0) | 0x20;
  if (first < 0x61 || first > 0x7a) return false;
  return allOctetsAre(text, 1, schemeEnd, schemeOctet) && allOctetsAre(text, schemeEnd + 1, text.length, anyUriOctet);
}

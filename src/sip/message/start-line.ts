import { isToken, parseDigits } from './octets.ts';
import { looksLikeUri, parseUri, type Uri } from './uri.ts';

/** A start line as far as it could be read; `error` is '' when it is right. */
export interface StartLine {
  /** '' for a response, and when not even the method could be read. */
  readonly method: string;
  readonly uri: string;
  readonly requestUri: Uri | undefined;
  /** 0 for a request. */
  readonly status: number;
  readonly reason: string;
  readonly error: string;
  readonly errorStatus: number;
}

const version = 'SIP/2.0';

/** `SIP/2.0 200 OK`, the reason may be empty (RFC 3261 §7.2). */
export function isStatusLine(line: string): boolean {
  if (line.startsWith('SIP/')) return true;
  return line.charCodeAt(3) === 0x2f && line.slice(0, 4).toUpperCase() === 'SIP/';
}

export function readStatusLine(line: string): StartLine {
  const versionEnd = line.indexOf(' ');
  const error = versionError(versionEnd < 0 ? line : line.slice(0, versionEnd));
  if (error !== '') return badLine('', '', error);
  const status = parseDigits(line, versionEnd + 1, versionEnd + 4, 699);
  const reason = line.slice(versionEnd + 5);
  const endsRight = line.length === versionEnd + 4 || line.charCodeAt(versionEnd + 4) === 0x20;
  if (status < 100 || !endsRight || line.length < versionEnd + 4) return badLine('', '', 'bad status code');
  if (hasControl(reason)) return badLine('', '', 'control octet in reason phrase');
  return { method: '', uri: '', requestUri: undefined, status, reason, error: '', errorStatus: 0 };
}

/** `INVITE sip:bob@example.com SIP/2.0`, single spaces (RFC 3261 §7.1). */
export function readRequestLine(line: string, maxUriOctets: number): StartLine {
  const methodEnd = line.indexOf(' ');
  const cut = methodEnd < 0 ? line : line.slice(0, methodEnd);
  const method = knownMethod(cut) ?? cut;
  if (!isToken(method)) return badLine('', '', 'bad method');
  const uriEnd = line.indexOf(' ', methodEnd + 1);
  if (methodEnd < 0 || uriEnd < 0) return badLine(method, '', 'bad request line');
  const uri = line.slice(methodEnd + 1, uriEnd);
  const badVersion = versionError(line.slice(uriEnd + 1));
  if (badVersion !== '') return badLine(method, uri, badVersion);
  if (uri.length > maxUriOctets) return badLine(method, '', 'Request-URI too long');
  return readRequestUri(method, uri);
}

/**
 * The methods that most requests have, as constants: a text that is cut out of a message is dear to compare and to look
 * up, and the method is asked for at every turn.
 */
const commonMethods = [
  'REGISTER',
  'INVITE',
  'ACK',
  'BYE',
  'OPTIONS',
  'CANCEL',
  'MESSAGE',
  'SUBSCRIBE',
  'PRACK',
  'UPDATE',
];

function knownMethod(cut: string): string | undefined {
  for (const method of commonMethods) if (method === cut) return method;
  return undefined;
}

function readRequestUri(method: string, uri: string): StartLine {
  const read = parseUri(uri);
  if (!read.ok) {
    if (!looksLikeUri(uri)) return badLine(method, '', 'bad Request-URI');
    const isOurs = /^(?:sips?|tel):/iu.test(uri);
    if (isOurs) return badLine(method, uri, `bad Request-URI: ${read.error}`);
    return { method, uri, requestUri: undefined, status: 0, reason: '', error: '', errorStatus: 0 };
  }
  // RFC 3261 §19.1.1: a Request-URI has no headers; somebody could have them added to what we send.
  if (read.value.scheme !== 'tel' && read.value.headers !== '') return badLine(method, uri, 'Request-URI with headers');
  return { method, uri, requestUri: read.value, status: 0, reason: '', error: '', errorStatus: 0 };
}

const notSupported = 'SIP version is not 2.0';

function versionError(text: string): string {
  if (text === version || text.toUpperCase() === version) return '';
  return /^SIP\/\d{1,9}\.\d{1,9}$/iu.test(text) ? notSupported : 'bad SIP version';
}

function badLine(method: string, uri: string, error: string): StartLine {
  const errorStatus = error === notSupported ? 505 : error === 'Request-URI too long' ? 414 : 400;
  return { method, uri, requestUri: undefined, status: 0, reason: '', error, errorStatus };
}

function hasControl(text: string): boolean {
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if ((code < 0x20 && code !== 0x09) || code === 0x7f) return true;
  }
  return false;
}

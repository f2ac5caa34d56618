import { assert } from '../../base/result/assert.ts';
import { fail, ok, type Result } from '../../base/result/result.ts';
import type { HeaderList } from './header-list.ts';
import { octetIs, tokenOctet } from './octets.ts';
import { formatParams, scanParams } from './params.ts';
import { colon, comma, openAngle, quote, quoteString, Scanner, semicolon } from './scanner.ts';
import { looksLikeUri } from './uri.ts';

/** The form of From, To, Contact, Route, Record-Route, Refer-To and the like (RFC 3261 §20.10). */
export interface NameAddr {
  /** Unquoted octets, maybe UTF-8, without control octets; '' when there is none. */
  readonly displayName: string;
  /** The URI as it stands, of any scheme; `parseUri` reads it. */
  readonly uri: string;
  /** Parameters of the header, not of the URI; unquoted; names in lower case; '' for a flag. */
  readonly params: ReadonlyMap<string, string>;
}

const maxListLength = 64;

/** Reads a value that holds exactly one address. */
export function parseNameAddr(value: string): Result<NameAddr, string> {
  const scanner = new Scanner(value);
  const address = scanNameAddr(scanner);
  if (address === undefined) return fail(scanner.error);
  return scanner.atEnd() ? ok(address) : fail('octets after the address');
}

/** Reads the addresses of all lines of one header, several in a line between commas; at most 64. */
export function parseNameAddrList(values: readonly string[]): Result<NameAddr[], string> {
  const addresses: NameAddr[] = [];
  for (const value of values) {
    const scanner = new Scanner(value);
    do {
      const address = scanNameAddr(scanner);
      if (address === undefined) return fail(scanner.error);
      if (addresses.length >= maxListLength) return fail('too many addresses');
      addresses.push(address);
    } while (scanner.separator(comma));
    if (!scanner.atEnd()) return fail('octets after the address');
  }
  return ok(addresses);
}

/** The Contacts of a message, or '*' when that stands alone (RFC 3261 §10.2.2). */
export function parseContacts(headers: HeaderList): Result<'*' | NameAddr[], string> {
  const values = headers.getAll('contact');
  if (!values.includes('*')) return parseNameAddrList(values);
  return values.length === 1 ? ok('*') : fail('Contact * beside others');
}

/** Reads one address and its parameters; stops at a comma or whatever else cannot belong to it. */
export function scanNameAddr(scanner: Scanner): NameAddr | undefined {
  scanner.skipSpace();
  const displayName = scanDisplayName(scanner);
  if (displayName === undefined) return undefined;
  const uri = scanner.code() === openAngle ? scanBracketedUri(scanner) : scanBareUri(scanner);
  if (uri === undefined) return undefined;
  if (!looksLikeUri(uri)) return scanner.fail('bad URI');
  const params = scanParams(scanner);
  return params && { displayName, uri, params };
}

/** Leaves the scanner at `<`, or where it was when a bare URI begins there. */
function scanDisplayName(scanner: Scanner): string | undefined {
  if (scanner.code() === openAngle) return '';
  if (scanner.code() === quote) {
    const name = scanner.quoted();
    scanner.skipSpace();
    return scanner.code() === openAngle ? name : scanner.fail('display name without <');
  }
  const start = scanner.pos;
  let end = start;
  for (; scanner.pos < scanner.text.length; scanner.pos++) {
    const code = scanner.text.charCodeAt(scanner.pos);
    if (code === openAngle) return scanner.text.slice(start, end);
    if (code === colon) {
      scanner.pos = start;
      return '';
    }
    if (code === 0x20 || code === 0x09) continue;
    // Beyond tokens only UTF-8 passes, which many phones leave unquoted.
    if (!octetIs(code, tokenOctet) && code < 0x80) return scanner.fail('display name must be quoted');
    end = scanner.pos + 1;
  }
  return scanner.fail('address without URI');
}

function scanBracketedUri(scanner: Scanner): string | undefined {
  const end = scanner.text.indexOf('>', scanner.pos);
  if (end < 0) return scanner.fail('address without >');
  const uri = scanner.text.slice(scanner.pos + 1, end);
  scanner.pos = end + 1;
  return uri;
}

// Without brackets a semicolon begins the header's own parameters, and comma and question mark have no place in the
// URI (RFC 3261 §20).
function scanBareUri(scanner: Scanner): string | undefined {
  const start = scanner.pos;
  for (; scanner.pos < scanner.text.length; scanner.pos++) {
    const code = scanner.text.charCodeAt(scanner.pos);
    if (code === semicolon || code === comma || code === 0x20 || code === 0x09) break;
    if (code === 0x3f) return scanner.fail('URI with ? outside <>');
  }
  return scanner.text.slice(start, scanner.pos);
}

/** Always the form with <>; the display name quoted unless it is empty. */
export function formatNameAddr(address: NameAddr): string {
  assert(looksLikeUri(address.uri), 'a URI in a header must be visible ASCII without delimiters');
  const name = address.displayName === '' ? '' : `${quoteString(address.displayName)} `;
  return `${name}<${address.uri}>${formatParams(address.params)}`;
}

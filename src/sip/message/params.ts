import { allOctetsAre, tokenOctet, valueOctet } from './octets.ts';
import { equalsSign, quote, quoteString, type Scanner, semicolon } from './scanner.ts';

const maxParams = 64;
const none: ReadonlyMap<string, string> = new Map();

/**
 * The parameters that start at the scanner's place (`*( SEMI generic-param )`, RFC 3261 §25.1), up to whatever is no
 * semicolon. Names in lower case; values unquoted, '' for a flag. A name that comes twice is refused (§7.3.1).
 */
export function scanParams(scanner: Scanner): ReadonlyMap<string, string> | undefined {
  scanner.skipSpace();
  if (scanner.code() !== semicolon) return none;
  const params = new Map<string, string>();
  do {
    scanner.pos++;
    scanner.skipSpace();
    const name = scanner.lowerToken();
    if (name === '') return scanner.fail('parameter without name');
    scanner.skipSpace();
    let value: string | undefined = '';
    if (scanner.code() === equalsSign) {
      value = scanValue(scanner);
      if (value === undefined) return undefined;
      scanner.skipSpace();
    }
    if (params.has(name)) return scanner.fail('parameter given twice');
    if (params.size >= maxParams) return scanner.fail('too many parameters');
    params.set(name, value);
  } while (scanner.code() === semicolon);
  return params;
}

function scanValue(scanner: Scanner): string | undefined {
  scanner.pos++;
  scanner.skipSpace();
  if (scanner.code() === quote) return scanner.quoted();
  const value = scanner.run(valueOctet);
  return value === '' ? scanner.fail('parameter without value') : value;
}

/**
 * `;name=value` for each; a value that is no token or host is quoted, and so is every value of a feature parameter
 * (`+sip.instance`, RFC 3840 §9).
 */
export function formatParams(params: ReadonlyMap<string, string>): string {
  let text = '';
  for (const [name, value] of params) text += formatParam(name, value);
  return text;
}

export function formatParam(name: string, value: string): string {
  if (value === '') return `;${name}`;
  // A tag or branch must come back exactly as its owner wrote it, even when it is no token.
  const octetClass = name === 'tag' || name === 'branch' ? valueOctet : tokenOctet;
  const isPlain = allOctetsAre(value, 0, value.length, octetClass) || isAddress(value);
  return `;${name}=${isPlain && !name.startsWith('+') ? value : quoteString(value)}`;
}

// IPv6 in `received` and `maddr`, with and without brackets.
function isAddress(value: string): boolean {
  for (let index = 0; index < value.length; index++) {
    const code = value.charCodeAt(index);
    const isHexDigit = (code >= 0x30 && code <= 0x39) || ((code | 0x20) >= 0x61 && (code | 0x20) <= 0x66);
    if (!isHexDigit && code !== 0x3a && code !== 0x2e && code !== 0x5b && code !== 0x5d) return false;
  }
  return true;
}

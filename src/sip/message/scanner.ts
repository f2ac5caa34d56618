import { octetIs, tokenOctet } from './octets.ts';

export const semicolon = 0x3b;
export const comma = 0x2c;
export const quote = 0x22;
export const equalsSign = 0x3d;
export const openAngle = 0x3c;
export const colon = 0x3a;
export const slash = 0x2f;
const backslash = 0x5c;

/** Names that most messages carry; as constants they are found in a map without first entering the engine's table of texts. */
function knownName(text: string, start: number, length: number): string | undefined {
  if (length === 3) return text.startsWith('tag', start) ? 'tag' : undefined;
  if (length === 5) return text.startsWith('rport', start) ? 'rport' : undefined;
  if (length === 6) return text.startsWith('branch', start) ? 'branch' : undefined;
  if (length === 7) return text.startsWith('expires', start) ? 'expires' : undefined;
  return undefined;
}

/** A place in a header value. A scan that fails returns undefined and leaves the cause in `error`. */
export class Scanner {
  readonly text: string;
  pos: number;
  error = '';

  constructor(text: string, pos = 0) {
    this.text = text;
    this.pos = pos;
  }

  /** The octet at this place, or -1 at the end. */
  code(): number {
    return this.pos < this.text.length ? this.text.charCodeAt(this.pos) : -1;
  }

  atEnd(): boolean {
    return this.pos >= this.text.length;
  }

  skipSpace(): void {
    while (this.pos < this.text.length) {
      const code = this.text.charCodeAt(this.pos);
      if (code !== 0x20 && code !== 0x09) return;
      this.pos++;
    }
  }

  /** Skips white space on both sides of one octet that must be there. */
  separator(code: number): boolean {
    this.skipSpace();
    if (this.code() !== code) return false;
    this.pos++;
    this.skipSpace();
    return true;
  }

  /** A token, or '' when there is none here. */
  token(): string {
    return this.run(tokenOctet);
  }

  /** The longest run of octets of a class, or ''. */
  run(octetClass: number): string {
    const start = this.pos;
    while (this.pos < this.text.length && octetIs(this.text.charCodeAt(this.pos), octetClass)) this.pos++;
    return this.text.slice(start, this.pos);
  }

  /** A token in lower case: the name of a parameter. */
  lowerToken(): string {
    const start = this.pos;
    let isLower = true;
    for (; this.pos < this.text.length; this.pos++) {
      const code = this.text.charCodeAt(this.pos);
      if (!octetIs(code, tokenOctet)) break;
      if (code >= 0x41 && code <= 0x5a) isLower = false;
    }
    const known = knownName(this.text, start, this.pos - start);
    if (known !== undefined) return known;
    const text = this.text.slice(start, this.pos);
    return isLower ? text : text.toLowerCase();
  }

  fail(reason: string): undefined {
    if (this.error === '') this.error = reason;
    return undefined;
  }

  /** The content of the quoted string that starts here, unescaped and without control octets. */
  quoted(): string | undefined {
    const start = this.pos + 1;
    let isPlain = true;
    for (let index = start; index < this.text.length; index++) {
      const code = this.text.charCodeAt(index);
      if (code === quote) {
        this.pos = index + 1;
        const content = this.text.slice(start, index);
        return isPlain ? content : unquotePairs(content);
      }
      if (code === backslash) {
        isPlain = false;
        index++;
      }
    }
    return this.fail('quoted string without end');
  }
}

// A quoted pair may stand for any control octet (RFC 3261 §25.1), which no user of the text wants to meet.
function unquotePairs(content: string): string {
  let plain = '';
  for (let index = 0; index < content.length; index++) {
    if (content.charCodeAt(index) === backslash) index++;
    const code = content.charCodeAt(index);
    if (code >= 0x20 && code !== 0x7f) plain += content[index] ?? '';
  }
  return plain;
}

/** A text as a quoted string: quotes and backslashes escaped, control octets dropped. */
export function quoteString(plain: string): string {
  let text = '"';
  for (const octet of plain) {
    const code = octet.charCodeAt(0);
    if (code < 0x20 || code === 0x7f) continue;
    text += code === quote || code === backslash ? `\\${octet}` : octet;
  }
  return `${text}"`;
}

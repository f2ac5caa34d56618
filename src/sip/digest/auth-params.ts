/**
 * Walks over `name=value, name="value"` once, from left to right (RFC 3261 §25.1 `auth-param`). After `next` has given
 * true, `name` (lower case) and `value` (without quotes, escapes untouched) hold the parameter. After it has given
 * false, `failure` says whether the text was over or wrong.
 */
export class AuthParamScanner {
  name = '';
  value = '';
  failure: string | undefined = undefined;
  readonly #text: string;
  readonly #hasEscapes: boolean;
  #at: number;
  #count = 0;

  constructor(text: string, start: number) {
    this.#text = text;
    this.#hasEscapes = text.includes('\\');
    this.#at = start;
  }

  next(): boolean {
    const at = this.#skipSpace(this.#at);
    if (at >= this.#text.length) return this.#count === 0 ? this.#fail('no parameters') : false;
    if (this.#count >= maxParams) return this.#fail('too many parameters');
    this.#count += 1;
    const equals = this.#text.indexOf('=', at);
    if (equals < 0) return this.#fail('parameter without a value');
    this.name = this.#text.slice(at, this.#trimEnd(at, equals)).toLowerCase();
    if (!isToken(this.name)) return this.#fail('bad parameter name');
    const valueAt = this.#skipSpace(equals + 1);
    const end = this.#text.charCodeAt(valueAt) === quote ? this.#readQuoted(valueAt + 1) : this.#readToken(valueAt);
    return end >= 0 && this.#readSeparator(end);
  }

  #readQuoted(start: number): number {
    const text = this.#text;
    let end = text.indexOf('"', start);
    // The first quote may be an escaped one.
    if (this.#hasEscapes) end = closingQuote(text, start);
    if (end < 0) return this.#failAt('quoted value without an end');
    this.value = text.slice(start, end);
    return end + 1;
  }

  #readToken(start: number): number {
    const text = this.#text;
    let end = start;
    for (; end < text.length; end += 1) {
      const code = text.charCodeAt(end);
      if (code === comma || code === space || code === tab) break;
      if (code === quote) return this.#failAt('quote inside a token');
    }
    if (end === start) return this.#failAt('empty value');
    this.value = text.slice(start, end);
    return end;
  }

  #readSeparator(end: number): boolean {
    const at = this.#skipSpace(end);
    if (at < this.#text.length) {
      if (this.#text.charCodeAt(at) !== comma) return this.#fail('something between a value and the comma');
      if (this.#skipSpace(at + 1) >= this.#text.length) return this.#fail('comma at the end');
    }
    this.#at = at + 1;
    return true;
  }

  #skipSpace(start: number): number {
    let at = start;
    while (isSpace(this.#text.charCodeAt(at))) at += 1;
    return at;
  }

  #trimEnd(start: number, end: number): number {
    let at = end;
    while (at > start && isSpace(this.#text.charCodeAt(at - 1))) at -= 1;
    return at;
  }

  #fail(failure: string): false {
    this.failure = failure;
    return false;
  }

  #failAt(failure: string): -1 {
    this.failure = failure;
    return -1;
  }
}

const maxParams = 24;
const quote = 0x22;
const comma = 0x2c;
const space = 0x20;
const tab = 0x09;

/** Of what the value rule leaves over, a name can only be spoilt by separators; lower-case letters are the rule. */
function isToken(name: string): boolean {
  for (let index = 0; index < name.length; index += 1) {
    const code = name.charCodeAt(index);
    if ((code < 0x61 || code > 0x7a) && !/[0-9!%*_+`'~.-]/.test(name.charAt(index))) return false;
  }
  return name !== '';
}

function isSpace(code: number): boolean {
  return code === space || code === tab;
}

function closingQuote(text: string, start: number): number {
  let at = start;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code === quote) return at;
    at += code === 0x5c ? 2 : 1;
  }
  return -1;
}

/** Takes the quoting backslashes out of a quoted-string's content (RFC 3261 §25.1 `quoted-pair`). */
export function unescapeQuoted(content: string): string {
  return content.includes('\\') ? content.replace(/\\(.)/g, '$1') : content;
}

/** Puts them in; what it gives stands between two quotes. */
export function escapeQuoted(text: string): string {
  return /["\\]/.test(text) ? text.replace(/["\\]/g, '\\$&') : text;
}

const maxHeaderLength = 2048;

/**
 * The scanner for a header value of the scheme `Digest`, or a sentence that says what is wrong. The value may come from
 * anyone.
 */
export function scanDigest(headerValue: string): AuthParamScanner | string {
  if (headerValue.length > maxHeaderLength) return 'header too long';
  if (/[^\t -~\x80-\xff]/.test(headerValue)) return 'control character';
  const scheme = headerValue.slice(0, 7);
  if (scheme !== 'Digest ' && !/^digest[ \t]$/i.test(scheme)) return 'scheme is not Digest';
  return new AuthParamScanner(headerValue, 7);
}

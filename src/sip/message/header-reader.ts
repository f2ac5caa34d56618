import { addToNameHash, findKnownHeader, type HeaderSlot, type KnownHeader } from './header-names.ts';
import { octetIs, tokenOctet } from './octets.ts';

/** Maxima of one message, in octets unless the name says otherwise. */
export interface ParseLimits {
  readonly maxMessageOctets: number;
  /** Header lines. */
  readonly maxHeaders: number;
  /** Of one value. */
  readonly maxHeaderOctets: number;
  readonly maxBodyOctets: number;
  readonly maxUriOctets: number;
  readonly maxStartLineOctets: number;
}

export const defaultParseLimits: ParseLimits = {
  maxMessageOctets: 65_535,
  maxHeaders: 128,
  maxHeaderOctets: 8192,
  maxBodyOctets: 65_535,
  maxUriOctets: 2048,
  maxStartLineOctets: 4096,
};

const cr = 0x0d;
const lf = 0x0a;
const space = 0x20;
const tab = 0x09;
const colon = 0x3a;

// Without DEL in it the engine finds no octet of this class several times faster.
// oxlint-disable-next-line no-control-regex -- control octets are what it is for.
const someControl = /[\u0000-\u0008\u000b\u000c\u000e-\u001f]/;

/** First value of each header that the parser needs. */
export type FoundHeaders = { -readonly [slot in HeaderSlot]: string | undefined };

/**
 * Reads header lines up to the blank line in one pass. A bad line is noted in `error` and skipped, so that the rest may
 * still tell whom to answer.
 */
export class HeaderReader {
  readonly octets: string;
  readonly limits: ParseLimits;
  readonly names: string[] = [];
  readonly values: string[] = [];
  readonly found: FoundHeaders = {
    via: undefined,
    from: undefined,
    to: undefined,
    callId: undefined,
    cseq: undefined,
    maxForwards: undefined,
    contentLength: undefined,
  };
  /** The first thing that was wrong, or ''. */
  error = '';
  /** After `read`: where the body starts. */
  pos: number;
  #hasFold = false;
  #hasControl = false;

  constructor(octets: string, start: number, limits: ParseLimits) {
    this.octets = octets;
    this.pos = start;
    this.limits = limits;
  }

  read(): void {
    const { octets, limits } = this;
    const headEnd = octets.indexOf('\r\n\r\n', this.pos - 2);
    const head = octets.slice(this.pos, headEnd < 0 ? octets.length : headEnd);
    this.#hasControl = someControl.test(head) || head.includes('\u007f');
    for (;;) {
      if (this.pos >= octets.length) {
        this.#note('blank line after the headers is missing');
        return;
      }
      if (octets.charCodeAt(this.pos) === cr && octets.charCodeAt(this.pos + 1) === lf) {
        this.pos += 2;
        return;
      }
      if (this.names.length >= limits.maxHeaders) {
        this.#note('too many headers');
        return;
      }
      this.#readLine();
    }
  }

  #readLine(): void {
    const { octets } = this;
    const nameStart = this.pos;
    let nameEnd = nameStart;
    let hash = 0;
    for (; nameEnd < octets.length; nameEnd++) {
      const code = octets.charCodeAt(nameEnd);
      if (!octetIs(code, tokenOctet)) break;
      hash = addToNameHash(hash, code);
    }
    let valueStart = nameEnd;
    while (isSpace(octets.charCodeAt(valueStart))) valueStart++;
    if (nameEnd === nameStart || octets.charCodeAt(valueStart) !== colon) {
      this.#skipLine(valueStart);
      this.#note('bad header line');
      return;
    }
    const lineEnd = this.#skipLine(valueStart + 1);
    if (lineEnd < 0) {
      this.#note('header line without end');
      return;
    }
    if (lineEnd - valueStart - 1 > this.limits.maxHeaderOctets) {
      this.#note('header too long');
      return;
    }
    const value = this.#cutValue(valueStart + 1, lineEnd);
    if (this.#hasControl && !controlsAreQuoted(value)) {
      this.#note('control octet in header');
      return;
    }
    this.#take(nameStart, nameEnd, hash, value);
  }

  /** Moves behind the CRLF that ends this header, folds included; returns where that CRLF is, -1 when nowhere. */
  #skipLine(start: number): number {
    const { octets } = this;
    this.#hasFold = false;
    for (let index = start; ; ) {
      // Two searches cost less than a look at each octet; both must agree, or a bare CR or LF is there.
      let lineEnd = octets.indexOf('\r', index);
      if (lineEnd < 0 || octets.indexOf('\n', index) !== lineEnd + 1) {
        this.#hasControl = true;
        lineEnd = octets.indexOf('\r\n', index);
      }
      if (lineEnd < 0) {
        this.pos = octets.length;
        return -1;
      }
      if (!isSpace(octets.charCodeAt(lineEnd + 2))) {
        this.pos = lineEnd + 2;
        return lineEnd;
      }
      this.#hasFold = true;
      index = lineEnd + 2;
    }
  }

  /** The value without white space around it, each fold with the white space about it as one space. */
  #cutValue(valueStart: number, valueEnd: number): string {
    const { octets } = this;
    if (this.#hasFold) {
      const parts = octets.slice(valueStart, valueEnd).split('\r\n').map(trimSpace);
      return parts.filter((part) => part !== '').join(' ');
    }
    let start = valueStart;
    let end = valueEnd;
    while (start < end && isSpace(octets.charCodeAt(start))) start++;
    while (end > start && isSpace(octets.charCodeAt(end - 1))) end--;
    return octets.slice(start, end);
  }

  #take(nameStart: number, nameEnd: number, hash: number, value: string): void {
    const known = findKnownHeader(this.octets, nameStart, nameEnd, hash);
    if (known === undefined) {
      this.names.push(this.octets.slice(nameStart, nameEnd).toLowerCase());
      this.values.push(value);
      return;
    }
    if (known.single && this.#isRepeated(known)) this.#note(`${known.wire} given twice`);
    this.names.push(known.name);
    this.values.push(value);
    if (known.slot !== undefined) this.#keepFirst(known.slot, value);
  }

  #isRepeated(known: KnownHeader): boolean {
    return this.names.includes(known.name);
  }

  /** A case for each slot: a computed key costs several times as much. */
  #keepFirst(slot: HeaderSlot, value: string): void {
    const { found } = this;
    switch (slot) {
      case 'via':
        found.via ??= value;
        return;
      case 'from':
        found.from ??= value;
        return;
      case 'to':
        found.to ??= value;
        return;
      case 'callId':
        found.callId ??= value;
        return;
      case 'cseq':
        found.cseq ??= value;
        return;
      case 'maxForwards':
        found.maxForwards ??= value;
        return;
      case 'contentLength':
        found.contentLength ??= value;
    }
  }

  #note(error: string): void {
    if (this.error === '') this.error = error;
  }
}

function isSpace(code: number): boolean {
  return code === space || code === tab;
}

function trimSpace(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isSpace(text.charCodeAt(start))) start++;
  while (end > start && isSpace(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

/** True when control octets stand only behind a backslash in a quoted string, never CR or LF (RFC 3261 §25.1). */
function controlsAreQuoted(value: string): boolean {
  let isQuoted = false;
  for (let index = 0; index < value.length; index++) {
    const code = value.charCodeAt(index);
    if (isQuoted && code === 0x5c) {
      index++;
      const escaped = value.charCodeAt(index);
      if (escaped === cr || escaped === lf) return false;
    } else if (code === 0x22) {
      isQuoted = !isQuoted;
    } else if ((code < space && code !== tab) || code === 0x7f) {
      return false;
    }
  }
  return true;
}

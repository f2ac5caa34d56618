import { fail, ok, type Result } from '../../base/result/result.ts';
import { defaultParseLimits, HeaderReader, type ParseLimits } from './header-reader.ts';
import { octetIs, parseDigits, tokenOctet } from './octets.ts';
import { type ParseError, parseMessage, tooLarge } from './parse.ts';

/**
 * What a stream carries: whole messages, with their headers where those had to be read to find the end, and the double
 * CRLF that asks for a CRLF (RFC 5626 §3.5.1).
 */
export type FrameItem =
  | { readonly kind: 'message'; readonly octets: string; readonly head?: HeaderReader }
  | { readonly kind: 'keepalive' };

const headEnd = '\r\n\r\n';
const keepalive: FrameItem = { kind: 'keepalive' };
const maxChunks = 512;

/**
 * Cuts a stream into messages by Content-Length (RFC 3261 §18.3). Pieces are kept until a message is whole, so a sender
 * that trickles octets costs no more than one that does not; never more than one message of the maximal size is kept.
 */
export class StreamFramer {
  readonly #limits: ParseLimits;
  #chunks: string[] = [];
  #heldOctets = 0;
  /** The last three octets held while the end of the headers is awaited: it may begin in them. */
  #tail = '';
  /** Octets of the whole message, 0 while its headers are not complete. */
  #messageOctets = 0;
  /** Those headers. */
  #head: HeaderReader | undefined;
  /** Octets of CRLFs seen between messages, 0 to 3. */
  #crlfOctets = 0;
  #failure: ParseError | undefined;

  constructor(limits: Pick<ParseLimits, 'maxMessageOctets'> & Partial<ParseLimits>) {
    this.#limits = { ...defaultParseLimits, ...limits };
  }

  /** What ended the stream, known at once even when `push` still had whole messages to hand over. */
  get failure(): ParseError | undefined {
    return this.#failure;
  }

  /** Octets kept of a message that is not whole yet; line ends between messages are none. */
  get pendingOctets(): number {
    return this.#heldOctets;
  }

  /** An error ends the connection: where the next message would begin is not known. */
  push(octets: string): Result<readonly FrameItem[], ParseError> {
    const items: FrameItem[] = [];
    let pos = 0;
    while (pos < octets.length && this.#failure === undefined) {
      if (this.#heldOctets === 0) pos = this.#skipLineEnds(octets, pos, items);
      if (pos < octets.length && this.#failure === undefined) pos = this.#advance(octets, pos, items);
    }
    // Messages that were whole before the error are still handed over; the next push tells of it.
    return this.#failure !== undefined && items.length === 0 ? fail(this.#failure) : ok(items);
  }

  /** Between messages: takes CRLFs, stops at the first octet of a message, which must be that of a token. */
  #skipLineEnds(octets: string, start: number, items: FrameItem[]): number {
    let pos = start;
    for (; pos < octets.length; pos++) {
      const code = octets.charCodeAt(pos);
      if (code !== (this.#crlfOctets % 2 === 0 ? 0x0d : 0x0a)) break;
      this.#crlfOctets++;
      if (this.#crlfOctets === 4) {
        items.push(keepalive);
        this.#crlfOctets = 0;
      }
    }
    if (pos === octets.length) return pos;
    if (this.#crlfOctets % 2 === 1 || !octetIs(octets.charCodeAt(pos), tokenOctet)) this.#fail(400, 'no SIP on stream');
    this.#crlfOctets = 0;
    return pos;
  }

  /** Takes what belongs to the message under way; returns where the rest begins. */
  #advance(octets: string, start: number, items: FrameItem[]): number {
    if (this.#messageOctets === 0) {
      const window = this.#tail + (start === 0 ? octets : octets.slice(start));
      const found = window.indexOf(headEnd);
      if (found < 0) {
        this.#tail = window.slice(-3);
        this.#hold(start === 0 ? octets : octets.slice(start));
        if (this.#heldOctets > this.#limits.maxMessageOctets) this.#fail(513, 'message too large');
        return octets.length;
      }
      const headPart = start + found + headEnd.length - this.#tail.length;
      this.#hold(octets.slice(start, headPart));
      this.#tail = '';
      this.#readHead();
      if (this.#failure === undefined) this.#emitWhenWhole(items);
      return headPart;
    }
    const bodyPart = Math.min(octets.length, start + this.#messageOctets - this.#heldOctets);
    this.#hold(octets.slice(start, bodyPart));
    this.#emitWhenWhole(items);
    return bodyPart;
  }

  #emitWhenWhole(items: FrameItem[]): void {
    if (this.#heldOctets < this.#messageOctets) return;
    const octets = this.#chunks.join('');
    items.push(this.#head === undefined ? { kind: 'message', octets } : { kind: 'message', octets, head: this.#head });
    this.#head = undefined;
    this.#chunks = [];
    this.#heldOctets = 0;
    this.#messageOctets = 0;
  }

  #hold(chunk: string): void {
    this.#chunks.push(chunk);
    this.#heldOctets += chunk.length;
    if (this.#chunks.length > maxChunks) this.#chunks = [this.#chunks.join('')];
  }

  #readHead(): void {
    const head = this.#chunks.join('');
    this.#chunks = [head];
    this.#head = new HeaderReader(head, head.indexOf('\r\n') + 2, this.#limits);
    this.#head.read();
    const length = contentLengthOf(this.#head);
    if (length < 0) {
      const parsed = parseMessage(head, this.#limits);
      if (!parsed.ok) this.#fail(parsed.error.status, parsed.error.reason, parsed.error.respondTo);
      else this.#fail(400, 'Content-Length is missing', parsed.value.kind === 'request' ? parsed.value : undefined);
    } else if (this.#heldOctets + length > this.#limits.maxMessageOctets) {
      const { status, reason, respondTo } = tooLarge(head, this.#limits);
      this.#fail(status, reason, respondTo);
    } else {
      this.#messageOctets = this.#heldOctets + length;
    }
  }

  #fail(status: number, reason: string, respondTo?: ParseError['respondTo']): void {
    this.#failure = { status, reason, respondTo: respondTo?.method === 'ACK' ? undefined : respondTo };
    this.#chunks = [];
    this.#head = undefined;
    this.#heldOctets = 0;
  }
}

/**
 * Content-Length of complete headers, which the parser then has from here, so that both agree where a message ends; -1
 * when it is missing, bad, or given twice.
 */
function contentLengthOf({ found: { contentLength }, names }: HeaderReader): number {
  if (contentLength === undefined || names.indexOf('content-length') !== names.lastIndexOf('content-length')) return -1;
  return parseDigits(contentLength, 0, contentLength.length, Number.MAX_SAFE_INTEGER / 16);
}

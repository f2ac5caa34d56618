import { assert } from '../../base/result/assert.ts';
import type { Result } from '../../base/result/result.ts';
import { type CSeq, parseCSeq } from './cseq.ts';
import type { HeaderList } from './header-list.ts';
import { type NameAddr, parseNameAddr } from './name-addr.ts';
import { parseDigits } from './octets.ts';
import { parseUri, type Uri } from './uri.ts';
import { parseVia, type Via } from './via.ts';

/** What the parser has read of the mandatory headers already; what is missing is read when somebody asks. */
export interface ReadFields {
  callId?: string | undefined;
  from?: NameAddr | undefined;
  to?: NameAddr | undefined;
  cseq?: CSeq | undefined;
  topVia?: Via | undefined;
  requestUri?: Uri | undefined;
}

/** URIs of From and To that were taken apart, each kept as long as its text stands. */
interface ReadUri {
  readonly text: string;
  readonly uri: Uri | undefined;
}

/**
 * What requests and responses share. The typed views are kept until a header changes. For messages that came from the
 * parser they never throw; for those that we build, a missing or bad header is our own mistake.
 */
abstract class MessageHeaders {
  readonly headers: HeaderList;
  /** Octets; Content-Length is written from it. */
  readonly body: string;
  #fields: ReadFields;
  #revision: number;
  #fromUri: ReadUri | undefined;
  #toUri: ReadUri | undefined;

  constructor(headers: HeaderList, body: string, fields: ReadFields) {
    this.headers = headers;
    this.body = body;
    this.#fields = fields;
    this.#revision = headers.revision;
  }

  get callId(): string {
    const fields = this.#current();
    fields.callId ??= this.#need('call-id');
    return fields.callId;
  }

  get from(): NameAddr {
    const fields = this.#current();
    fields.from ??= checked('from', parseNameAddr(this.#need('from')));
    return fields.from;
  }

  get to(): NameAddr {
    const fields = this.#current();
    fields.to ??= checked('to', parseNameAddr(this.#need('to')));
    return fields.to;
  }

  /** The URI of From taken apart; undefined when its scheme is none of ours or it cannot be read. */
  get fromUri(): Uri | undefined {
    const text = this.from.uri;
    if (this.#fromUri?.text !== text) this.#fromUri = readUri(text);
    return this.#fromUri.uri;
  }

  /** The same of To. */
  get toUri(): Uri | undefined {
    const text = this.to.uri;
    if (this.#toUri?.text !== text) this.#toUri = readUri(text);
    return this.#toUri.uri;
  }

  /** Undefined when the request comes from an RFC 2543 client without tags. */
  get fromTag(): string | undefined {
    return this.from.params.get('tag');
  }

  get toTag(): string | undefined {
    return this.to.params.get('tag');
  }

  get cseq(): CSeq {
    const fields = this.#current();
    fields.cseq ??= checked('cseq', parseCSeq(this.#need('cseq')));
    return fields.cseq;
  }

  get topVia(): Via {
    const fields = this.#current();
    fields.topVia ??= checked('via', parseVia(this.#need('via')));
    return fields.topVia;
  }

  /** 0 to 255; undefined when there is none (RFC 2543). */
  get maxForwards(): number | undefined {
    const value = this.headers.get('max-forwards');
    if (value === undefined) return undefined;
    const hops = parseDigits(value, 0, value.length, 255);
    return hops < 0 ? undefined : hops;
  }

  /** Writes another top Via entry without reading the other fields again. */
  replaceTopVia(value: string, via: Via): void {
    const fields = this.#current();
    this.headers.replaceFirst('via', value);
    fields.topVia = via;
    this.#revision = this.headers.revision;
  }

  #current(): ReadFields {
    if (this.#revision !== this.headers.revision) {
      this.#fields = {};
      this.#revision = this.headers.revision;
    }
    return this.#fields;
  }

  #need(name: string): string {
    const value = this.headers.get(name);
    assert(value !== undefined, `message without ${name}`);
    return value;
  }
}

function readUri(text: string): ReadUri {
  const read = parseUri(text);
  return { text, uri: read.ok ? read.value : undefined };
}

function checked<T>(name: string, read: Result<T, string>): T {
  assert(read.ok, `message with a bad ${name}`);
  return read.value;
}

export class SipRequest extends MessageHeaders {
  readonly kind = 'request';
  /** Case-sensitive token. */
  readonly method: string;
  /** Request-URI as it stands. */
  readonly uri: string;
  #requestUri: Uri | undefined;

  constructor(method: string, uri: string, headers: HeaderList, body: string, fields: ReadFields = {}) {
    super(headers, body, fields);
    this.method = method;
    this.uri = uri;
    this.#requestUri = fields.requestUri;
  }

  /** The Request-URI taken apart; undefined when its scheme is none of ours (answer: 416). */
  get requestUri(): Uri | undefined {
    if (this.#requestUri === undefined) {
      const read = parseUri(this.uri);
      if (read.ok) this.#requestUri = read.value;
    }
    return this.#requestUri;
  }
}

export class SipResponse extends MessageHeaders {
  readonly kind = 'response';
  /** 100 to 699. */
  readonly status: number;
  /** Octets, maybe UTF-8, maybe ''. */
  readonly reason: string;

  constructor(status: number, reason: string, headers: HeaderList, body: string, fields: ReadFields = {}) {
    super(headers, body, fields);
    this.status = status;
    this.reason = reason;
  }
}

export type SipMessage = SipRequest | SipResponse;

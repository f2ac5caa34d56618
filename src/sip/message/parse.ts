import { fail, ok, type Result } from '../../base/result/result.ts';
import { readCSeq } from './cseq.ts';
import { HeaderList } from './header-list.ts';
import { HeaderReader, type ParseLimits } from './header-reader.ts';
import { type ReadFields, type SipMessage, SipRequest, SipResponse } from './message.ts';
import { type NameAddr, scanNameAddr } from './name-addr.ts';
import { allOctetsAre, parseDigits, wordOctet } from './octets.ts';
import { Scanner } from './scanner.ts';
import { isStatusLine, readRequestLine, readStatusLine, type StartLine } from './start-line.ts';
import { scanVia } from './via.ts';

/** Why a message was refused. */
export interface ParseError {
  /** The SIP status that the sender is owed: 400, 413, 414, 505, 513. */
  readonly status: number;
  /** Names the field; holds nothing that the sender wrote. */
  readonly reason: string;
  /**
   * The request as far as it was read, when its Via is right and a CSeq is there, by which its sender knows the answer
   * (RFC 3261 §17.1.3); of headers that should come once, the first. Never an ACK, never a response.
   */
  readonly respondTo: SipRequest | undefined;
}

const unreadable: NameAddr = { displayName: '', uri: '', params: new Map() };

/**
 * Reads one whole message: a datagram, or what the stream framer cut out. Lines end with CRLF; a bare CR or LF is
 * refused like every control octet, because two readers may disagree on it. Octets behind Content-Length are ignored
 * (RFC 3261 §18.3); without Content-Length the body is the rest. Time is linear in the length.
 * @param readHead its headers where the framer has read them already, within the same limits
 */
export function parseMessage(
  octets: string,
  limits: ParseLimits,
  readHead?: HeaderReader,
): Result<SipMessage, ParseError> {
  if (octets.length > limits.maxMessageOctets) return { ok: false, error: tooLarge(octets, limits) };
  let start = 0;
  while (octets.startsWith('\r\n', start)) start += 2;
  const lineEnd = octets.indexOf('\r\n', start);
  if (lineEnd < 0) return refuse(400, 'start line without end');
  if (lineEnd - start > limits.maxStartLineOctets) return refuse(414, 'start line too long');
  const line = octets.slice(start, lineEnd);
  const isResponse = isStatusLine(line);
  const startLine = isResponse ? readStatusLine(line) : readRequestLine(line, limits.maxUriOctets);
  if (isResponse && startLine.error !== '') return refuse(startLine.errorStatus, startLine.error);
  return finish(octets, startLine, readHead ?? readHeaders(octets, lineEnd + 2, limits));
}

function readHeaders(octets: string, start: number, limits: ParseLimits): HeaderReader {
  const reader = new HeaderReader(octets, start, limits);
  reader.read();
  return reader;
}

function finish(octets: string, startLine: StartLine, reader: HeaderReader): Result<SipMessage, ParseError> {
  const fields: ReadFields = { requestUri: startLine.requestUri };
  let status = startLine.errorStatus;
  let reason = startLine.error;
  if (reason === '' && reader.error !== '') {
    status = 400;
    reason = reader.error;
  }
  const fieldError = readFields(reader, fields, startLine.method);
  if (reason === '' && fieldError !== '') {
    status = 400;
    reason = fieldError;
  }
  let body = '';
  if (reason === '') {
    const bodyEnd = findBodyEnd(octets, reader);
    if (bodyEnd < 0) {
      status = 400;
      reason = 'bad Content-Length';
    } else if (bodyEnd - reader.pos > reader.limits.maxBodyOctets) {
      status = 413;
      reason = 'body too large';
    } else {
      body = octets.slice(reader.pos, bodyEnd);
    }
  }
  if (reason !== '') return refuse(status, reason, answerable(startLine, reader, fields));
  const headers = HeaderList.adopt(reader.names, reader.values);
  if (startLine.method === '') return ok(new SipResponse(startLine.status, startLine.reason, headers, body, fields));
  return ok(new SipRequest(startLine.method, startLine.uri, headers, body, fields));
}

/** Reads what every message must have into `fields`; returns the first error, or ''. */
function readFields(reader: HeaderReader, fields: ReadFields, method: string): string {
  const { via, from, to, callId, cseq, maxForwards } = reader.found;
  let error = '';
  if (via === undefined) error ||= 'Via is missing';
  else {
    fields.topVia = scanVia(new Scanner(via));
    if (fields.topVia === undefined) error ||= 'bad Via';
  }
  fields.from = readAddress(from);
  if (fields.from === undefined) error ||= from === undefined ? 'From is missing' : 'bad From';
  fields.to = readAddress(to);
  if (fields.to === undefined) error ||= to === undefined ? 'To is missing' : 'bad To';
  if (callId === undefined) error ||= 'Call-ID is missing';
  else if (callId === '' || !allOctetsAre(callId, 0, callId.length, wordOctet)) error ||= 'bad Call-ID';
  fields.callId = callId;
  if (cseq === undefined) error ||= 'CSeq is missing';
  else {
    fields.cseq = readCSeq(cseq);
    if (fields.cseq === undefined) error ||= 'bad CSeq';
    else if (method !== '' && fields.cseq.method !== method) error ||= 'CSeq is of another method';
  }
  if (maxForwards !== undefined && parseDigits(maxForwards, 0, maxForwards.length, 255) < 0) {
    error ||= 'bad Max-Forwards';
  }
  return error;
}

function readAddress(value: string | undefined): NameAddr | undefined {
  if (value === undefined) return undefined;
  const scanner = new Scanner(value);
  const address = scanNameAddr(scanner);
  return scanner.atEnd() ? address : undefined;
}

/** Where the body ends, or -1 when Content-Length is bad or promises more than there is. */
function findBodyEnd(octets: string, reader: HeaderReader): number {
  const { contentLength } = reader.found;
  const available = octets.length - reader.pos;
  if (contentLength === undefined) return octets.length;
  const length = parseDigits(contentLength, 0, contentLength.length, available);
  return length < 0 ? -1 : reader.pos + length;
}

function answerable(startLine: StartLine, reader: HeaderReader, fields: ReadFields): SipRequest | undefined {
  const { method, uri } = startLine;
  if (method === '' || method === 'ACK' || fields.topVia === undefined) return undefined;
  if (reader.found.cseq === undefined) return undefined;
  fields.from ??= unreadable;
  fields.to ??= unreadable;
  fields.callId ??= '';
  fields.cseq ??= { seq: 0, method };
  return new SipRequest(method, uri, HeaderList.adopt(reader.names, reader.values), '', fields);
}

/** What a message above the maximum is answered; whoever sent it is only known where its headers end below that. */
export function tooLarge(octets: string, limits: ParseLimits): ParseError {
  const read = octets.slice(0, limits.maxMessageOctets);
  let start = 0;
  while (read.startsWith('\r\n', start)) start += 2;
  const end = read.indexOf('\r\n\r\n', start);
  const head = end < 0 ? undefined : parseMessage(read.slice(start, end + 4), limits);
  const asked = head?.ok === true ? head.value : head?.error.respondTo;
  const respondTo = asked?.kind === 'request' && asked.method !== 'ACK' ? asked : undefined;
  return { status: 513, reason: 'message too large', respondTo };
}

function refuse(
  status: number,
  reason: string,
  respondTo?: SipRequest,
): { readonly ok: false; readonly error: ParseError } {
  return fail({ status, reason, respondTo });
}

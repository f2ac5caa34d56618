import { HeaderList } from './header-list.ts';
import { type SipRequest, SipResponse } from './message.ts';
import { reasonPhrase } from './reason-phrase.ts';

const dialogMethods = new Set(['INVITE', 'SUBSCRIBE', 'REFER', 'NOTIFY']);

/**
 * A response with the headers that RFC 3261 §8.2.6 takes over from the request: all Vias, From, To, Call-ID, CSeq;
 * Record-Route where it may set up a dialog (§12.1.1); Timestamp in a 100. The To tag is the caller's: `withToTag`.
 */
export function createResponse(request: SipRequest, status: number, reason = reasonPhrase(status)): SipResponse {
  const headers = new HeaderList();
  headers.copyAll(request.headers, 'via');
  headers.copyFirst(request.headers, 'from');
  headers.copyFirst(request.headers, 'to');
  headers.copyFirst(request.headers, 'call-id');
  headers.copyFirst(request.headers, 'cseq');
  if (status === 100) headers.copyFirst(request.headers, 'timestamp');
  else if (status < 300 && dialogMethods.has(request.method)) headers.copyAll(request.headers, 'record-route');
  return new SipResponse(status, reason, headers, '');
}

/** The response with a To tag; one that has a tag stays as it is. The given response is not changed. */
export function withToTag(response: SipResponse, tag: string): SipResponse {
  if (response.toTag !== undefined) return response;
  const headers = response.headers.clone();
  headers.set('to', `${headers.get('to') ?? ''};tag=${tag}`);
  return new SipResponse(response.status, response.reason, headers, response.body);
}

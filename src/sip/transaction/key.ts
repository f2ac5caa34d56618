import type { SipRequest, SipResponse } from '../message/index.ts';

const magicCookie = 'z9hG4bK';

/**
 * Matches a request to its server transaction (RFC 3261 §17.2.3): branch, sent-by and method, where an ACK belongs to
 * its INVITE. Requests of RFC 2543 elements, without the magic cookie, match by the fields that §17.2.3 lists.
 */
export function serverKey(request: SipRequest, method = request.method): string {
  const via = request.topVia;
  const of = method === 'ACK' ? 'INVITE' : method;
  // The bare cookie names nothing: many elements could send it (RFC 4475 `badbranch`).
  if (via.branch.length > magicCookie.length && via.branch.startsWith(magicCookie))
    return `${of}|${via.branch}|${via.host}:${via.port ?? 5060}`;
  const { callId, fromTag, cseq, uri } = request;
  return `${of}|2543|${callId}|${fromTag ?? ''}|${cseq.seq}|${uri}|${via.host}:${via.port ?? 5060}|${via.branch}`;
}

/** Matches a response to its client transaction (RFC 3261 §17.1.3): our branch and the CSeq method. */
export function clientKey(branch: string, method: string): string {
  return `${method}|${branch}`;
}

export function responseKey(response: SipResponse): string {
  return clientKey(response.topVia.branch, response.cseq.method);
}

/**
 * What two copies of one request that came over different paths share (merged requests, RFC 3261 §8.2.2.2); undefined
 * for a request that would not ring or show twice.
 */
export function mergeKey({ method, callId, fromTag, toTag, cseq }: SipRequest): string | undefined {
  if (toTag !== undefined || (method !== 'INVITE' && method !== 'MESSAGE')) return undefined;
  return `${callId}|${fromTag ?? ''}|${cseq.seq}|${method}`;
}

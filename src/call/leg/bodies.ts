import { parseSdp, rejectedAnswer, sdpBody, sdpContentType } from '../../media/index.ts';
import { detached, type SipMessage, SipRequest, SipResponse } from '../../sip/message/index.ts';

/** The SDP that a message carries, alone or as a part of a multipart body: a copy, for it outlives the message. */
export function sdpOf(message: SipMessage): string | undefined {
  if (message.body === '') return undefined;
  const sdp = sdpBody(message.headers.get('content-type'), message.body);
  return sdp === undefined ? undefined : detached(sdp);
}

/** The response with an SDP body. */
export function withSdp(response: SipResponse, sdp: string): SipResponse {
  response.headers.set('content-type', sdpContentType);
  return new SipResponse(response.status, response.reason, response.headers, sdp);
}

/** The ACK with an SDP body; as it is where there is nothing to say. */
export function ackWith(ack: SipRequest, sdp: string): SipRequest {
  if (sdp === '') return ack;
  ack.headers.append('content-type', sdpContentType);
  return new SipRequest('ACK', ack.uri, ack.headers, sdp);
}

/** Seconds of a Retry-After header, bounded to an hour. */
export function retryAfterOf(response: SipResponse): number | undefined {
  const seconds = /^\d{1,6}/.exec(response.headers.get('retry-after') ?? '')?.[0];
  return seconds === undefined ? undefined : Math.min(Number(seconds), 3600);
}

/** Seconds of the Expires header of an INVITE; 0 where it sets no time. More than a day is none either. */
export function expiresOf({ headers }: SipMessage): number {
  const seconds = /^\d{1,10}$/.exec(headers.get('expires') ?? '')?.[0];
  const given = seconds === undefined ? 0 : Number(seconds);
  return given > 86_400 ? 0 : given;
}

/** The answer to an offer of which nothing is wanted: every stream refused (RFC 3264 §6). */
export function rejectedOffer(sdp: string, ownAddress: string): string {
  const offer = parseSdp(sdp);
  return offer.ok ? rejectedAnswer(offer.value, { address: ownAddress, sessionId: '1', sessionVersion: 1 }) : '';
}

import { sdpBody, sdpContentType } from '../media/index.ts';
import { type SipMessage, SipRequest, SipResponse } from '../sip/message/index.ts';

/** The SDP that a message carries. */
export function sdpOf(message: SipMessage): string | undefined {
  return message.body === '' ? undefined : sdpBody(message.headers.get('content-type'), message.body);
}

/** The request with a body; `body` is octets. */
export function requestWithBody(request: SipRequest, contentType: string, body: string): SipRequest {
  request.headers.set('content-type', contentType);
  return new SipRequest(request.method, request.uri, request.headers, body);
}

export function requestWithSdp(request: SipRequest, sdp: string): SipRequest {
  return requestWithBody(request, sdpContentType, sdp);
}

export function responseWithSdp(response: SipResponse, sdp: string): SipResponse {
  response.headers.set('content-type', sdpContentType);
  return new SipResponse(response.status, response.reason, response.headers, sdp);
}

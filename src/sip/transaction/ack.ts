import { HeaderList, type SipMessage, SipRequest } from '../message/index.ts';

const maxForwards = '70';

/** The ACK of a refused INVITE: same branch, Request-URI and route as the INVITE (RFC 3261 §17.1.1.3). */
export function buildAck(invite: SipRequest, response: SipMessage): SipRequest {
  return hopByHop(invite, 'ACK', response);
}

/** The CANCEL of an INVITE that is under way: everything that identifies the INVITE again (RFC 3261 §9.1). */
export function buildCancel(invite: SipRequest, reason: string | undefined): SipRequest {
  const cancel = hopByHop(invite, 'CANCEL', invite);
  if (reason !== undefined) cancel.headers.append('reason', reason);
  return cancel;
}

function hopByHop(invite: SipRequest, method: 'ACK' | 'CANCEL', toSource: SipMessage): SipRequest {
  const headers = new HeaderList();
  headers.append('via', invite.headers.get('via') ?? '');
  for (const route of invite.headers.getAll('route')) headers.append('route', route);
  headers.append('from', invite.headers.get('from') ?? '');
  headers.append('to', toSource.headers.get('to') ?? '');
  headers.append('call-id', invite.callId);
  headers.append('cseq', `${invite.cseq.seq} ${method}`);
  headers.append('max-forwards', maxForwards);
  return new SipRequest(method, invite.uri, headers, '');
}

import { Dialog } from '../sip/dialog/index.ts';
import { HeaderList, SipRequest, type SipResponse } from '../sip/message/index.ts';
import type { SipStack } from '../sip/stack/index.ts';
import { buildCancel } from '../sip/transaction/index.ts';
import type { Flow } from '../sip/transport/index.ts';
import { ackWith, rejectedOffer, sdpOf } from './leg/bodies.ts';
import { restoredFlow } from './leg/flow-record.ts';
import type { InviteRecord } from './record.ts';

/** 2xx of one INVITE that are ended: more tags than this are a peer gone mad. */
const maxForks = 20;

/**
 * Stops what a dead server has left ringing: a CANCEL for each try of the INVITE that it may have sent (RFC 3261 §9.1).
 * A callee that answers all the same gets its ACK and a BYE. Nothing is left of it 64 times T1 after the CANCEL.
 * @param onLateAnswer told once for each callee that has answered.
 */
export function cancelDeadInvite(
  stack: SipStack,
  record: InviteRecord,
  reason: string,
  onLateAnswer: () => void,
): void {
  const flow = restoredFlow(stack, record);
  if (flow === undefined) return;
  for (const [index, via] of record.vias.entries()) {
    const invite = inviteOf(record, via, index + 1);
    const answered = new Map<string, string>();
    stack.adoptInvite(invite, flow, {
      onResponse: (response) => {
        if (response.status < 200 || response.status >= 300) return;
        const tag = response.toTag ?? '';
        const ack = answered.get(tag);
        if (ack !== undefined) return flow.send(ack);
        if (answered.size >= maxForks) return;
        answered.set(tag, endAnswer(stack, flow, invite, response, { reason, hasOffer: record.hasOffer }));
        onLateAnswer();
      },
      onTimeout: () => {},
    });
    // It is sent without the 1xx that a CANCEL has to wait for: the dead server may have had it. Who has never seen the
    // INVITE says 481.
    stack.sendCancel(buildCancel(invite, reason), flow, { onResponse: () => {}, onTimeout: () => {} });
  }
}

/** @returns the ACK, which every repetition of the 2xx is owed again. */
function endAnswer(
  stack: SipStack,
  flow: Flow,
  invite: SipRequest,
  response: SipResponse,
  { reason, hasOffer }: { readonly reason: string; readonly hasOffer: boolean },
): string {
  const dialog = Dialog.fromResponse(invite, response);
  const ack = dialog.createAck(invite.cseq.seq);
  const offer = hasOffer ? undefined : sdpOf(response);
  const body = offer === undefined ? '' : rejectedOffer(offer, flow.local.address);
  const octets = stack.sendAck(ackWith(ack, body), flow);
  const bye = dialog.createRequest('BYE');
  bye.headers.append('reason', reason);
  stack.sendRequest(bye, flow, { onResponse: () => {}, onTimeout: () => {} });
  return octets;
}

/** The INVITE as far as its CANCEL, its ACK and its dialog repeat it. */
function inviteOf({ requestUri, routes, from, to, callId }: InviteRecord, via: string, seq: number): SipRequest {
  const headers = new HeaderList().append('via', via);
  for (const route of routes) headers.append('route', route);
  headers.append('max-forwards', '70').append('from', from).append('to', to);
  headers.append('call-id', callId).append('cseq', `${seq} INVITE`);
  return new SipRequest('INVITE', requestUri, headers, '');
}

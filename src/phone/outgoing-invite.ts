import type { Timer } from '../base/time/clock.ts';
import { Dialog } from '../sip/dialog/index.ts';
import { HeaderList, reasonPhrase, SipRequest, type SipResponse } from '../sip/message/index.ts';
import { allowedMethods } from '../sip/stack/index.ts';
import { buildCancel, type InviteClientTransaction, transactionTimeoutMs } from '../sip/transaction/index.ts';
import { maxSends, noAnswer } from './client-request.ts';
import { requestWithSdp } from './message-body.ts';
import type { PhoneContext, PhoneFailure } from './phone-context.ts';
import type { Authorization } from './phone-credentials.ts';

/** What the call is told of its INVITE; `onAnswered` and `onRefused` exclude each other and come once. */
export interface InviteUser {
  onProgress(response: SipResponse): void;
  /** The 2xx has been acknowledged. */
  onAnswered(dialog: Dialog, response: SipResponse): void;
  onRefused(failure: PhoneFailure): void;
  /** A 2xx that nobody wants any more was acknowledged and ended with a BYE. */
  onSurplusBye(): void;
}

/** Answers that one INVITE may get from different devices; what comes beyond is not acknowledged. */
const maxAnswers = 10;

/**
 * Our INVITE until its dialog stands (RFC 3261 §13.2).
 *
 *     calling --1xx--> proceeding --2xx, ACK--> over
 *        \-------- 300-699, timer B, cancel ------^
 */
export class OutgoingInvite {
  readonly callId: string;
  readonly #context: PhoneContext;
  readonly #localTag: string;
  readonly #target: string;
  readonly #sdp: string;
  readonly #user: InviteUser;
  #state: 'calling' | 'proceeding' | 'over' = 'calling';
  #seq = 1;
  #transaction: InviteClientTransaction | undefined;
  #cancelled = false;
  #cancelTimer: Timer | undefined;
  readonly #acks = new Map<string, string>();

  /** @param target Request-URI, also of the To header. */
  constructor(context: PhoneContext, target: string, sdp: string, user: InviteUser) {
    this.#context = context;
    this.#target = target;
    this.#sdp = sdp;
    this.#user = user;
    this.callId = context.stack.newCallId();
    this.#localTag = context.stack.newTag();
  }

  send(): void {
    this.#send(undefined, 1);
  }

  /** Gives the call up; before the first provisional response the CANCEL has to wait (RFC 3261 §9.1). */
  cancel(): void {
    if (this.#state === 'over' || this.#cancelled) return;
    this.#cancelled = true;
    if (this.#state === 'proceeding') this.#sendCancel();
  }

  #send(authorization: Authorization | undefined, sends: number): void {
    const { stack } = this.#context;
    const flow = this.#context.flow();
    const request = this.#request(stack.contact(flow, this.#context.user), authorization);
    this.#state = 'calling';
    this.#transaction = stack.sendInvite(request, flow, {
      onResponse: (response) => {
        if (response.status < 200) this.#onProvisional(response);
        else if (response.status < 300) this.#onSuccess(request, response);
        else this.#onRefusal(request, response, sends);
      },
      onTimeout: () => this.#refused(noAnswer),
    });
  }

  #request(contact: string, authorization: Authorization | undefined): SipRequest {
    const headers = new HeaderList()
      .append('max-forwards', '70')
      .append('from', `<${this.#context.address}>;tag=${this.#localTag}`)
      .append('to', `<${this.#target}>`)
      .append('call-id', this.callId)
      .append('cseq', `${this.#seq} INVITE`)
      .append('contact', contact)
      .append('allow', allowedMethods);
    if (authorization !== undefined) headers.append(...authorization);
    return requestWithSdp(new SipRequest('INVITE', this.#target, headers, ''), this.#sdp);
  }

  #onProvisional(response: SipResponse): void {
    if (this.#state === 'over') return;
    if (this.#state === 'calling') {
      this.#state = 'proceeding';
      if (this.#cancelled) this.#sendCancel();
    }
    this.#user.onProgress(response);
  }

  #onSuccess(request: SipRequest, response: SipResponse): void {
    const { stack } = this.#context;
    const flow = this.#context.flow();
    const tag = response.toTag ?? '';
    const acknowledged = this.#acks.get(tag);
    if (acknowledged !== undefined) return flow.send(acknowledged);
    if (this.#acks.size >= maxAnswers) return;
    const dialog = Dialog.fromResponse(request, response);
    this.#acks.set(tag, stack.sendAck(dialog.createAck(request.cseq.seq), flow));
    if (this.#state !== 'over' && !this.#cancelled) {
      this.#over();
      return this.#user.onAnswered(dialog, response);
    }
    stack.sendRequest(dialog.createRequest('BYE'), flow, { onResponse: () => {}, onTimeout: () => {} });
    this.#user.onSurplusBye();
    this.#refused({ status: 487, reason: reasonPhrase(487) });
  }

  #onRefusal(request: SipRequest, response: SipResponse, sends: number): void {
    const mayAnswer = sends < maxSends && !this.#cancelled;
    const answer = mayAnswer ? this.#context.credentials.answer(request, response) : undefined;
    if (answer === undefined) return this.#refused(this.#failureOf(response));
    this.#seq++;
    this.#send(answer, sends + 1);
  }

  /** A challenge that came after the call was given up is as good as the end of it. */
  #failureOf({ status, reason }: SipResponse): PhoneFailure {
    const isGivenUp = this.#cancelled && (status === 401 || status === 407);
    return isGivenUp ? { status: 487, reason: reasonPhrase(487) } : { status, reason };
  }

  #refused(failure: PhoneFailure): void {
    if (this.#state === 'over') return;
    this.#over();
    this.#user.onRefused(failure);
  }

  #over(): void {
    this.#state = 'over';
    this.#cancelTimer?.cancel();
  }

  #sendCancel(): void {
    const { stack, clock, timers } = this.#context;
    const transaction = this.#transaction;
    if (transaction === undefined) return;
    const cancel = buildCancel(transaction.request, undefined);
    stack.sendCancel(cancel, this.#context.flow(), { onResponse: () => {}, onTimeout: () => {} });
    // RFC 3261 §9.1: when no final response comes, the INVITE is given up.
    this.#cancelTimer = clock.after(transactionTimeoutMs(timers), () => {
      transaction.abandon();
      this.#refused({ status: 487, reason: reasonPhrase(487) });
    });
  }
}

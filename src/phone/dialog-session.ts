import { fail, ok, type Result } from '../base/result/result.ts';
import { type Dialog, SuccessRepeater } from '../sip/dialog/index.ts';
import { HeaderList, type SipRequest, type SipResponse } from '../sip/message/index.ts';
import { allowedMethods, type DialogOwner } from '../sip/stack/index.ts';
import type { InviteServerTransaction } from '../sip/transaction/index.ts';
import type { Flow } from '../sip/transport/index.ts';
import { failureOf, maxSends, noAnswer, sendRequest } from './client-request.ts';
import { requestWithBody, requestWithSdp, responseWithSdp, sdpOf } from './message-body.ts';
import type { PhoneContext, PhoneFailure } from './phone-context.ts';
import type { Authorization } from './phone-credentials.ts';

/** What the call is told of its dialog. */
export interface SessionUser {
  onBye(bye: SipRequest): void;
  /** A re-INVITE. @returns the answer; undefined refuses the offer, and the call goes on as before. */
  onOffer(sdp: string): string | undefined;
  /** What we would offer now, for a re-INVITE without SDP. */
  ownOffer(): string;
  /** The SDP of an ACK that answers our offer. */
  onLateAnswer(sdp: string): void;
  onInfo(contentType: string, body: string): void;
  /** The peer does not answer any more; the dialog has been ended. */
  onLost(): void;
}

type OfferDone = (outcome: Result<string, PhoneFailure>) => void;

/** One established dialog of a call: all that either side may do in it (RFC 3261 §12.2, §14, §15). */
export class DialogSession implements DialogOwner {
  readonly #context: PhoneContext;
  readonly #dialog: Dialog;
  readonly #user: SessionUser;
  #open = true;
  #offering = false;
  #ackWait: SuccessRepeater | undefined;
  #ownOfferSent = false;
  #byeWaits: (() => void) | undefined;
  /** The ACK of our last re-INVITE, for a 2xx that is repeated. */
  #lastAck = { seq: -1, octets: '' };

  constructor(context: PhoneContext, dialog: Dialog, user: SessionUser) {
    this.#context = context;
    this.#dialog = dialog;
    this.#user = user;
    context.stack.dialogs.add(dialog.localTag, this);
  }

  get callId(): string {
    return this.#dialog.callId;
  }

  get remoteTag(): string {
    return this.#dialog.remoteTag;
  }

  /** Sends a 2xx with this SDP and waits for its ACK. */
  succeed(transaction: InviteServerTransaction, sdp: string): void {
    const { stack, clock, timers, user } = this.#context;
    const headers = new HeaderList()
      .append('contact', stack.contact(transaction.flow, user))
      .append('allow', allowedMethods);
    const plain = stack.response(transaction.request, 200, this.#dialog.localTag, headers);
    const response = responseWithSdp(plain, sdp);
    this.#ownOfferSent = sdpOf(transaction.request) === undefined;
    this.#ackWait = new SuccessRepeater(clock, timers, transaction.request.cseq.seq, () =>
      transaction.respond(response),
    );
    this.#ackWait.start(() => {
      this.#ackWait = undefined;
      this.#lost();
    });
  }

  onAck(ack: SipRequest, _flow: Flow): void {
    if (this.#ackWait?.acknowledge(ack.cseq.seq) !== true) return;
    this.#ackWait = undefined;
    const sdp = sdpOf(ack);
    if (this.#ownOfferSent && sdp !== undefined) this.#user.onLateAnswer(sdp);
    this.#byeWaits?.();
  }

  onRequest(request: SipRequest, flow: Flow): void {
    const { stack } = this.#context;
    if (this.#dialog.acceptSequence(request) === 'out of order') return stack.reply(request, flow, 500);
    if (request.method === 'INVITE') return this.#onReinvite(request, flow);
    if (request.method === 'UPDATE') return this.#onUpdate(request, flow);
    const isServed = ['BYE', 'INFO', 'MESSAGE', 'OPTIONS'].includes(request.method);
    const headers = new HeaderList().append('allow', allowedMethods);
    const response = stack.response(request, isServed ? 200 : 405, this.#dialog.localTag, headers);
    stack.openRequest(request, flow).respond(response);
    if (request.method === 'INFO') this.#user.onInfo(request.headers.get('content-type') ?? '', request.body);
    if (request.method !== 'BYE' || !this.#open) return;
    this.close();
    this.#user.onBye(request);
  }

  /** Sends a re-INVITE; `done` gets the answer. Fails with 491 while another offer is under way (RFC 3261 §14.1). */
  offer(sdp: string, done: OfferDone): void {
    if (!this.#open) return done(fail({ status: 481, reason: 'No dialog' }));
    if (this.#offering || this.#ackWait !== undefined) return done(fail({ status: 491, reason: 'Offer under way' }));
    this.#offering = true;
    this.#sendOffer(sdp, done, undefined, 1);
  }

  /** Sends an INFO; `done` gets its final response. */
  info(contentType: string, body: string, done: (response: SipResponse | undefined) => void): void {
    // After our BYE it would carry a higher CSeq, and could overtake it.
    if (!this.#open) return done(undefined);
    const create = (): SipRequest => requestWithBody(this.#dialog.createRequest('INFO'), contentType, body);
    sendRequest(this.#context, create, done);
  }

  /** Ends the dialog; before the ACK of our 2xx that has to wait (RFC 3261 §15). `sent` is told when the BYE leaves. */
  bye(sent: () => void): void {
    if (!this.#open) return;
    if (this.#ackWait !== undefined) {
      this.#byeWaits = () => this.#sendBye(sent);
      return;
    }
    this.#sendBye(sent);
  }

  /** Forgets the dialog without a word. */
  close(): void {
    this.#open = false;
    this.#byeWaits = undefined;
    this.#ackWait?.stop();
    this.#ackWait = undefined;
    this.#context.stack.dialogs.remove(this.#dialog.localTag);
  }

  #sendBye(sent: () => void): void {
    this.close();
    sent();
    sendRequest(
      this.#context,
      () => this.#dialog.createRequest('BYE'),
      () => {},
    );
  }

  #lost(): void {
    if (!this.#open) return;
    this.#sendBye(() => {});
    this.#user.onLost();
  }

  #onReinvite(request: SipRequest, flow: Flow): void {
    const { stack } = this.#context;
    const transaction = stack.openInvite(request, flow);
    const refuse = (status: number, headers?: HeaderList): void =>
      transaction.respond(stack.response(request, status, this.#dialog.localTag, headers));
    if (!this.#open) return refuse(481);
    if (this.#offering) return refuse(491);
    // RFC 3261 §14.2: the 2xx of the INVITE before has not been acknowledged yet.
    if (this.#ackWait !== undefined) return refuse(500, new HeaderList().append('retry-after', '2'));
    this.#dialog.refreshTarget(request);
    const offered = sdpOf(request);
    const answer = offered === undefined ? this.#user.ownOffer() : this.#user.onOffer(offered);
    if (answer === undefined) refuse(488);
    else this.succeed(transaction, answer);
  }

  /** Refreshes the session, or takes a new offer at once (RFC 3311 §5.2). */
  #onUpdate(request: SipRequest, flow: Flow): void {
    const { stack, user } = this.#context;
    const transaction = stack.openRequest(request, flow);
    const respond = (status: number, sdp?: string): void => {
      const headers = new HeaderList().append('contact', stack.contact(flow, user)).append('allow', allowedMethods);
      const plain = stack.response(request, status, this.#dialog.localTag, headers);
      transaction.respond(sdp === undefined ? plain : responseWithSdp(plain, sdp));
    };
    if (!this.#open) return respond(481);
    const offered = sdpOf(request);
    if (offered !== undefined && this.#offering) return respond(491);
    this.#dialog.refreshTarget(request);
    const answer = offered === undefined ? undefined : this.#user.onOffer(offered);
    respond(offered !== undefined && answer === undefined ? 488 : 200, answer);
  }

  #sendOffer(sdp: string, done: OfferDone, authorization: Authorization | undefined, sends: number): void {
    const { stack, credentials, user } = this.#context;
    const flow = this.#context.flow();
    const request = requestWithSdp(this.#dialog.createRequest('INVITE'), sdp);
    request.headers.append('contact', stack.contact(flow, user)).append('allow', allowedMethods);
    if (authorization !== undefined) request.headers.append(...authorization);
    const finish = (outcome: Result<string, PhoneFailure>): void => {
      this.#offering = false;
      done(outcome);
    };
    stack.sendInvite(request, flow, {
      onResponse: (response) => {
        if (response.status < 200) return;
        if (response.status < 300) {
          this.#dialog.refreshTarget(response);
          if (this.#acknowledge(request.cseq.seq, flow)) finish(ok(sdpOf(response) ?? ''));
          return;
        }
        const answer = sends < maxSends ? credentials.answer(request, response) : undefined;
        if (answer !== undefined) return this.#sendOffer(sdp, done, answer, sends + 1);
        // RFC 3261 §12.2.1.2: the peer knows nothing of this dialog any more.
        if (response.status === 481 || response.status === 408) this.#lost();
        finish(fail(failureOf(response)));
      },
      onTimeout: () => {
        this.#lost();
        finish(fail(noAnswer));
      },
    });
  }

  /** @returns false for a 2xx that was acknowledged before, and is owed its ACK again. */
  #acknowledge(seq: number, flow: Flow): boolean {
    if (this.#lastAck.seq === seq) {
      flow.send(this.#lastAck.octets);
      return false;
    }
    this.#lastAck = { seq, octets: this.#context.stack.sendAck(this.#dialog.createAck(seq), flow) };
    return true;
  }
}

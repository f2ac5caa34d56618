import { sameEndpoint } from '../../base/net/endpoint.ts';
import { type Dialog, readRAck, SuccessRepeater } from '../../sip/dialog/index.ts';
import { HeaderList, type SipMessage, type SipRequest, type SipResponse } from '../../sip/message/index.ts';
import { allowedEvents, allowedMethods, capabilities, type DialogOwner } from '../../sip/stack/index.ts';
import type { InviteServerTransaction } from '../../sip/transaction/index.ts';
import type { Flow } from '../../sip/transport/flow.ts';
import { bodyHeaders, bodyType } from '../header-policy.ts';
import { statusForOtherLeg } from '../cause.ts';
import { sdpOf } from './bodies.ts';
import { DialogClient } from './dialog-client.ts';
import { earlyDialogAnswer } from './early-dialog.ts';
import type {
  ConnectedLeg,
  LateAnswer,
  LegEnd,
  OfferMethod,
  OfferOutcome,
  PassedRequest,
  SessionObserver,
  SolicitOutcome,
  Withdraw,
} from './events.ts';
import { LegTimer } from './leg-timer.ts';
import { OwnOffers } from './own-offers.ts';
import { PeerOffers } from './peer-offers.ts';
import type { SessionOptions } from './session-options.ts';
import { learnFrom, type SessionState, successHeaders } from './session-state.ts';

/** Requests that one peer may have under way to the other at once. */
const maxPassing = 8;

/** What a new session knows of the exchange that began it. */
export interface SessionStart {
  readonly ownsCallId: boolean;
  readonly offerBy: SessionState['offerBy'];
  readonly lastSent: string;
  readonly lastReceived: string;
}

/**
 * One dialog of a call: everything that may happen in it, in either direction (RFC 3261 §12.2, §14, §15). It begins
 * early, with a reliable provisional response, or confirmed, with the 2xx.
 */
export class Session implements DialogOwner, ConnectedLeg {
  readonly #state: SessionState;
  readonly #own: OwnOffers;
  readonly #peer: PeerOffers;
  /** Requests of the peer that the other leg has not answered yet. */
  #passing = 0;
  #repeater: SuccessRepeater | undefined;
  #overtakenRSeq: number | undefined;
  /** Gets the SDP of the ACK that is waited for. */
  #onAck: LateAnswer = () => {};
  /** The BYE that waits for the ACK of our 2xx. */
  #afterAck: { readonly bye: () => void; readonly done: () => void } | undefined;

  constructor(options: SessionOptions, dialog: Dialog, flow: Flow, start: SessionStart, observer: SessionObserver) {
    this.#state = {
      ...{ options, dialog, observer, isOpen: true, isConfirmed: false, peerAllowsUpdate: false },
      ...{ offerBy: start.offerBy, lastSent: start.lastSent, lastReceived: start.lastReceived },
      client: new DialogClient(options, dialog, flow, start.ownsCallId),
      timer: new LegTimer(
        options,
        () => this.#own.refresh(),
        () => this.#fail('session expired'),
      ),
      waitsForAck: () => this.#repeater?.waiting === true,
      fail: (cause) => this.#fail(cause),
    };
    this.#own = new OwnOffers(this.#state);
    this.#peer = new PeerOffers(this.#state, (transaction, response, onAck) =>
      this.sendSuccess(transaction, response, onAck),
    );
  }

  get callId(): string {
    return this.#state.dialog.callId;
  }

  get remoteTag(): string {
    return this.#state.dialog.remoteTag;
  }

  get dialog(): Dialog {
    return this.#state.dialog;
  }

  get flow(): Flow {
    return this.#state.client.flow;
  }

  /** For the leg that made the session: its exchange of offer and answer began, or is settled. */
  settle(offerBy: SessionState['offerBy'], said: { readonly sent?: string; readonly received?: string } = {}): void {
    this.#state.offerBy = offerBy;
    if (said.sent !== undefined) this.#state.lastSent = said.sent;
    if (said.received !== undefined) this.#state.lastReceived = said.received;
  }

  /** For the leg that made the session: what the peer's INVITE or response says of what it can do. */
  learn(message: SipMessage): void {
    learnFrom(this.#state, message);
  }

  get timer(): LegTimer {
    return this.#state.timer;
  }

  /** The 2xx has come, or is being sent: from here on re-INVITE and BYE may pass. */
  confirm(): void {
    this.#state.isConfirmed = true;
  }

  /** Sends a PRACK (RFC 3262 §4), with the answer to an offer that the response brought. */
  acknowledgeProvisional(rack: string, sdp: string | undefined, done: () => void): void {
    this.#state.client.send({ method: 'PRACK', sdp, headers: (headers) => headers.append('rack', rack) }, done);
  }

  /** Answers a PRACK; a new offer in it is asked of the other side (RFC 3262 §5). */
  onPrack(request: SipRequest, flow: Flow): void {
    if (sdpOf(request) !== undefined && this.#state.offerBy !== 'nobody') {
      return this.#answer(request, flow, 491, new HeaderList());
    }
    this.#peer.onRequestWithOffer(request, flow, new HeaderList(), () => {});
  }

  /** Our 2xx has overtaken the PRACK of this response (RFC 3262 §3). */
  expectPrack(rseq: number | undefined): void {
    this.#overtakenRSeq = rseq;
  }

  #onLatePrack(request: SipRequest, flow: Flow): void {
    const isOwed = this.#overtakenRSeq !== undefined && readRAck(request.headers)?.rseq === this.#overtakenRSeq;
    this.#answer(request, flow, isOwed ? 200 : 481, new HeaderList());
  }

  /** Whether a request of the peer comes in its order and from where it may; answered here where it does not. */
  admits(request: SipRequest, flow: Flow): boolean {
    const { stack, checkSource, signalling } = this.#state.options;
    const verdict = checkSource(request, flow, this.flow);
    if (verdict !== 'ok') {
      stack.reply(request, flow, verdict.status, verdict.headers);
      return false;
    }
    const inOrder = this.#state.dialog.acceptSequence(request) === 'in order';
    // A BYE acts whatever its number: a call that stays up because two requests crossed costs money (RFC 3261 §12.2.2).
    if (inOrder || request.method === 'BYE') return true;
    signalling.invalid();
    stack.reply(request, flow, 500, undefined, 'Request Out of Order');
    return false;
  }

  /** Sends our 2xx and repeats it until its ACK; without one the leg is over (RFC 3261 §13.3.1.4). */
  sendSuccess(transaction: InviteServerTransaction, response: SipResponse, onAck: LateAnswer = () => {}): void {
    this.#repeater?.stop();
    const { clock, timers } = this.#state.options;
    const { seq } = transaction.request.cseq;
    this.#onAck = onAck;
    this.#repeater = new SuccessRepeater(clock, timers, seq, () => transaction.respond(response));
    this.#repeater.start(() => this.#fail('no ack'));
  }

  onAck(request: SipRequest, flow: Flow): void {
    // Nobody can be challenged for an ACK, and it may carry the media of a whole call.
    const { client, options } = this.#state;
    if (!options.mayAcknowledge(flow, client.flow)) return;
    const isFirst = this.#repeater?.acknowledge(request.cseq.seq) === true;
    if (this.#repeater?.waiting === false) this.#sayBye();
    if (!isFirst) return;
    const onAck = this.#onAck;
    this.#onAck = () => {};
    if (this.#state.isOpen) onAck(sdpOf(request));
  }

  /** A request of the dialog was refused for what it is; from elsewhere it says nothing of the peer. */
  onRefused(flow: Flow): void {
    if (sameEndpoint(flow.remote, this.flow.remote)) this.#state.options.signalling.invalid();
  }

  onRequest(request: SipRequest, flow: Flow): void {
    if (this.admits(request, flow)) this.onAdmitted(request, flow);
  }

  /** A request that `admits` has let through. */
  onAdmitted(request: SipRequest, flow: Flow): void {
    const { stack, signalling } = this.#state.options;
    signalling.valid();
    if (request.method === 'BYE') return this.#onBye(request, flow);
    if (request.method === 'UPDATE') return this.#peer.onUpdate(request, flow);
    if (!this.#state.isConfirmed) {
      const { status, headers } = earlyDialogAnswer(request.method);
      return stack.reply(request, flow, status, headers);
    }
    switch (request.method) {
      case 'INVITE':
        return this.#peer.onReinvite(request, flow);
      case 'INFO':
      case 'MESSAGE':
        return this.#onPassed(request, flow, request.method);
      case 'OPTIONS':
        return this.#answer(request, flow, 200, capabilities());
      case 'SUBSCRIBE':
      case 'NOTIFY':
        return this.#answer(request, flow, 489, new HeaderList().append('allow-events', allowedEvents));
      case 'PRACK':
        return this.#onLatePrack(request, flow);
      default:
        return this.#answer(request, flow, 405, new HeaderList().append('allow', allowedMethods));
    }
  }

  offer(sdp: string, method: OfferMethod, done: (outcome: OfferOutcome) => void): Withdraw {
    return this.#own.offer(sdp, method, done);
  }

  solicit(done: (outcome: SolicitOutcome) => void): Withdraw {
    return this.#own.solicit(done);
  }

  pass(passed: PassedRequest): void {
    if (!this.#state.isOpen) return passed.respond(481);
    const { contentType, body, method } = passed;
    const headers = (list: HeaderList): void => {
      for (const [name, value] of passed.headers) list.append(name, value);
    };
    this.#state.client.send({ method, contentType, body, headers }, (response) => {
      const status = response?.status ?? this.#state.client.statusOfNoResponse;
      passed.respond(status < 300 ? status : statusForOtherLeg(status));
      if (status === 408 || status === 481) this.#fail('no answer to request');
    });
  }

  /** Ends the dialog with a BYE; `done` when the peer has answered it or never will. */
  end(reasons: readonly string[], done: () => void = () => {}): void {
    if (!this.#state.isOpen) return done();
    const bye = (): void => this.#sendBye(reasons, done);
    if (this.#repeater?.waiting !== true) {
      this.discard();
      return bye();
    }
    // RFC 3261 §15: no BYE before the ACK of our 2xx or its time-out, for a peer without the 2xx could not read it.
    this.#stop();
    this.#afterAck = { bye, done };
  }

  /** The dialog is over without a BYE of ours: what waits in it is answered, and nothing of it is left. */
  discard(): void {
    this.#stop();
    this.#afterAck = undefined;
    this.#repeater?.stop();
    this.#state.options.stack.dialogs.remove(this.#state.dialog.localTag);
  }

  /** The early dialog is left for another one of the same INVITE; its requests are no longer answered here. */
  leave(): void {
    this.#stop();
  }

  /** Contact, Allow and Supported of our 2xx. */
  successHeaders(): HeaderList {
    return successHeaders(this.#state);
  }

  #sendBye(reasons: readonly string[], done: () => void): void {
    const headers = (list: HeaderList): void => {
      for (const reason of reasons) list.append('reason', reason);
    };
    let isTold = false;
    // A line is held for 64 T1 at most, though another place may be told of the end then.
    const onSilence = (): void => {
      if (isTold) return;
      isTold = true;
      done();
    };
    this.#state.client.send({ method: 'BYE', headers, onSilence }, onSilence);
  }

  #onBye(request: SipRequest, flow: Flow): void {
    this.#answer(request, flow, 200, new HeaderList());
    const ending = this.#afterAck;
    if (!this.#state.isOpen && ending === undefined) return;
    this.discard();
    if (ending !== undefined) return ending.done();
    this.#state.observer.onEnd({ cause: 'bye', reasons: request.headers.getAll('reason') });
  }

  #onPassed(request: SipRequest, flow: Flow, method: 'INFO' | 'MESSAGE'): void {
    const { stack } = this.#state.options;
    if (this.#passing >= maxPassing) {
      return stack.reply(request, flow, 503, new HeaderList().append('retry-after', '2'));
    }
    const contentType = bodyType(request);
    // RFC 3261 §20.15: a body has its type, or means nothing.
    if (contentType === undefined || (contentType === '' && request.body !== '')) {
      return stack.reply(request, flow, 400, undefined, 'Bad Content-Type');
    }
    this.#passing++;
    const transaction = stack.openRequest(request, flow);
    this.#state.observer.onPassed({
      method,
      contentType,
      body: request.body,
      headers: bodyHeaders(request),
      respond: (status) => {
        if (!transaction.open) return;
        this.#passing--;
        transaction.respond(stack.response(request, status, this.#state.dialog.localTag));
      },
    });
  }

  #answer(request: SipRequest, flow: Flow, status: number, headers: HeaderList): void {
    const { stack } = this.#state.options;
    const transaction = stack.openRequest(request, flow);
    transaction.respond(stack.response(request, status, this.#state.dialog.localTag, headers));
  }

  #fail(cause: LegEnd['cause']): void {
    if (!this.#state.isOpen) return this.#sayBye();
    this.discard();
    // An early dialog ends with its INVITE: by CANCEL, or by our refusal (RFC 3261 §15).
    if (this.#state.isConfirmed) this.#sendBye([], () => {});
    this.#state.observer.onEnd({ cause, reasons: [] });
  }

  /** Sends the BYE that waited for an ACK, if one did. */
  #sayBye(): void {
    const ending = this.#afterAck;
    if (ending === undefined) return;
    this.discard();
    ending.bye();
  }

  /** From here on nothing of the dialog concerns the call any more. */
  #stop(): void {
    this.#state.isOpen = false;
    this.#state.timer.stop();
    this.#own.drop();
    this.#peer.drop();
  }
}

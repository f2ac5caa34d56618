import { type Dialog, SuccessRepeater } from '../../sip/dialog/index.ts';
import { HeaderList, type SipRequest, type SipResponse } from '../../sip/message/index.ts';
import { allowedEvents, allowedMethods, type DialogOwner } from '../../sip/stack/index.ts';
import type { InviteServerTransaction } from '../../sip/transaction/index.ts';
import type { Flow } from '../../sip/transport/flow.ts';
import { bodyHeaders, bodyType } from '../header-policy.ts';
import { statusForOtherLeg } from '../cause.ts';
import { sdpOf, withSdp } from './bodies.ts';
import { DialogClient } from './dialog-client.ts';
import type { ConnectedLeg, LegEnd, PassedRequest, SessionObserver } from './events.ts';
import type { SessionOptions } from './session-options.ts';

/** Requests that one peer may have under way to the other at once. */
const maxPassing = 8;

type OfferDone = (outcome: { readonly sdp: string } | { readonly status: number }) => void;

/** One established dialog of a call: everything that may happen in it, in either direction (RFC 3261 §12.2, §14, §15). */
export class Session implements DialogOwner, ConnectedLeg {
  readonly #options: SessionOptions;
  readonly #dialog: Dialog;
  readonly #observer: SessionObserver;
  readonly #client: DialogClient;
  #open = true;
  /** Whose offer is under way: a second one is glare (RFC 3261 §14.1). */
  #offerBy: 'nobody' | 'us' | 'peer' = 'nobody';
  /** Ends the re-INVITE under way: a peer's is refused, ours is waited for no longer. */
  #dropOffer: () => void = () => {};
  /** Requests of the peer that the other leg has not answered yet. */
  #passing = 0;
  #lastSdpSent: string;
  #repeater: SuccessRepeater | undefined;
  /** True while our 2xx carries our own offer, whose answer is in the ACK (RFC 3261 §13.2.2.4). */
  #answerInAck = false;
  /** The BYE that waits for the ACK of our 2xx. */
  #afterAck: { readonly bye: () => void; readonly done: () => void } | undefined;

  constructor(options: SessionOptions, dialog: Dialog, flow: Flow, lastSdpSent: string, observer: SessionObserver) {
    this.#options = options;
    this.#dialog = dialog;
    this.#client = new DialogClient(options, dialog, flow);
    this.#lastSdpSent = lastSdpSent;
    this.#observer = observer;
  }

  get callId(): string {
    return this.#dialog.callId;
  }

  get remoteTag(): string {
    return this.#dialog.remoteTag;
  }

  get dialog(): Dialog {
    return this.#dialog;
  }

  get flow(): Flow {
    return this.#client.flow;
  }

  /** Sends our 2xx and repeats it until its ACK; without one the leg is over (RFC 3261 §13.3.1.4). */
  sendSuccess(transaction: InviteServerTransaction, response: SipResponse): void {
    this.#repeater?.stop();
    const { clock, timers } = this.#options;
    const { seq } = transaction.request.cseq;
    this.#repeater = new SuccessRepeater(clock, timers, seq, () => transaction.respond(response));
    this.#repeater.start(() => this.#fail('no ack'));
  }

  onAck(request: SipRequest, _flow: Flow): void {
    const isFirst = this.#repeater?.acknowledge(request.cseq.seq) === true;
    if (this.#repeater?.waiting === false) this.#sayBye();
    const sdp = sdpOf(request);
    if (!isFirst || !this.#answerInAck || sdp === undefined || !this.#open) return;
    this.#answerInAck = false;
    // To the other leg it is an offer like any other; this peer has the last word of its own exchange already.
    this.#observer.onOffer({ sdp, answer: () => {}, refuse: () => {} });
  }

  onRequest(request: SipRequest, flow: Flow): void {
    const { stack, checkSource } = this.#options;
    const verdict = checkSource(request, flow, this.#client.flow);
    if (verdict !== 'ok') return stack.reply(request, flow, verdict.status, verdict.headers);
    const inOrder = this.#dialog.acceptSequence(request) === 'in order';
    // A BYE acts whatever its number: a call that stays up because two requests crossed costs money (RFC 3261 §12.2.2).
    if (!inOrder && request.method !== 'BYE') return stack.reply(request, flow, 500, undefined, 'Request Out of Order');
    switch (request.method) {
      case 'BYE':
        return this.#onBye(request, flow);
      case 'INVITE':
        return this.#onReinvite(request, flow);
      case 'INFO':
      case 'MESSAGE':
        return this.#onPassed(request, flow, request.method);
      case 'OPTIONS':
        return this.#answer(request, flow, 200, new HeaderList().append('allow', allowedMethods));
      case 'SUBSCRIBE':
      case 'NOTIFY':
        return this.#answer(request, flow, 489, new HeaderList().append('allow-events', allowedEvents));
      default:
        return this.#answer(request, flow, 405, new HeaderList().append('allow', allowedMethods));
    }
  }

  offer(sdp: string, done: OfferDone): void {
    if (!this.#open) return done({ status: 481 });
    if (this.#offerBy !== 'nobody' || this.#repeater?.waiting === true) return done({ status: 491 });
    this.#offerBy = 'us';
    this.#dropOffer = this.#client.invite(sdp, (response) => {
      this.#offerBy = 'nobody';
      const status = response?.status ?? 408;
      // RFC 3261 §12.2.1.2: a peer that is silent, or does not know the dialog, has left the call.
      if (status === 408 || status === 481) this.#fail('no answer to request');
      if (response === undefined || status >= 300) return done({ status: statusForOtherLeg(status) });
      this.#dialog.refreshTarget(response);
      this.#lastSdpSent = sdp;
      const answered = sdpOf(response);
      done(answered === undefined ? { status: 488 } : { sdp: answered });
    });
  }

  pass(passed: PassedRequest): void {
    if (!this.#open) return passed.respond(481);
    this.#client.send(passed, (response) => {
      const status = response?.status ?? 408;
      passed.respond(status < 300 ? status : statusForOtherLeg(status));
      if (status === 408 || status === 481) this.#fail('no answer to request');
    });
  }

  /** Ends the dialog with a BYE; `done` when the peer has answered it or never will. */
  end(reasons: readonly string[], done: () => void = () => {}): void {
    if (!this.#open) return done();
    const bye = (): void => this.#sendBye(reasons, done);
    if (this.#repeater?.waiting !== true) {
      this.#close();
      return bye();
    }
    // RFC 3261 §15: no BYE before the ACK of our 2xx or its time-out, for a peer without the 2xx could not read it.
    this.#stop();
    this.#afterAck = { bye, done };
  }

  /** Contact and Allow of our 2xx. */
  successHeaders(): HeaderList {
    return new HeaderList()
      .append('contact', this.#options.stack.contact(this.#client.flow, this.#options.contactUser))
      .append('allow', allowedMethods);
  }

  #sendBye(reasons: readonly string[], done: () => void): void {
    const headers = reasons.map((reason) => ['reason', reason] as const);
    this.#client.send({ method: 'BYE', contentType: '', body: '', headers }, done);
  }

  #onBye(request: SipRequest, flow: Flow): void {
    this.#answer(request, flow, 200, new HeaderList());
    const ending = this.#afterAck;
    if (!this.#open && ending === undefined) return;
    this.#close();
    if (ending !== undefined) return ending.done();
    this.#observer.onEnd({ cause: 'bye', reasons: request.headers.getAll('reason') });
  }

  #onReinvite(request: SipRequest, flow: Flow): void {
    const { stack } = this.#options;
    // What is refused at once is remembered nowhere: a peer that keeps asking costs an answer each, and no more.
    if (!this.#open) return stack.reply(request, flow, 481);
    if (this.#offerBy === 'us') return stack.reply(request, flow, 491);
    if (this.#offerBy === 'peer' || this.#repeater?.waiting === true) {
      return stack.reply(request, flow, 500, new HeaderList().append('retry-after', '2'));
    }
    const transaction = stack.openInvite(request, flow);
    const respond = (status: number, headers?: HeaderList): void =>
      transaction.respond(stack.response(request, status, this.#dialog.localTag, headers));
    transaction.attach({ onCancel: () => this.#dropOffer(), onAckTimeout: () => {} });
    respond(100);
    this.#client.moveTo(flow);
    const sdp = sdpOf(request);
    // A re-INVITE without an offer asks for ours: what it was last told still holds (RFC 3261 §14.2).
    this.#answerInAck = sdp === undefined;
    if (sdp === undefined) return this.#succeed(transaction, this.#lastSdpSent);
    this.#offerBy = 'peer';
    const finish = (): boolean => {
      if (this.#offerBy !== 'peer' || !transaction.open) return false;
      this.#offerBy = 'nobody';
      return true;
    };
    this.#dropOffer = () => {
      if (finish()) respond(487);
    };
    this.#observer.onOffer({
      sdp,
      answer: (answerSdp) => {
        if (finish()) this.#succeed(transaction, answerSdp);
      },
      refuse: (status) => {
        if (finish()) respond(status);
      },
    });
  }

  #succeed(transaction: InviteServerTransaction, sdp: string): void {
    this.#lastSdpSent = sdp;
    this.#dialog.refreshTarget(transaction.request);
    const plain = this.#options.stack.response(transaction.request, 200, this.#dialog.localTag, this.successHeaders());
    this.sendSuccess(transaction, withSdp(plain, sdp));
  }

  #onPassed(request: SipRequest, flow: Flow, method: 'INFO' | 'MESSAGE'): void {
    if (this.#passing >= maxPassing) {
      return this.#options.stack.reply(request, flow, 503, new HeaderList().append('retry-after', '2'));
    }
    this.#passing++;
    const transaction = this.#options.stack.openRequest(request, flow);
    this.#observer.onPassed({
      method,
      contentType: bodyType(request),
      body: request.body,
      headers: bodyHeaders(request),
      respond: (status) => {
        if (!transaction.open) return;
        this.#passing--;
        transaction.respond(this.#options.stack.response(request, status, this.#dialog.localTag));
      },
    });
  }

  #answer(request: SipRequest, flow: Flow, status: number, headers: HeaderList): void {
    const transaction = this.#options.stack.openRequest(request, flow);
    transaction.respond(this.#options.stack.response(request, status, this.#dialog.localTag, headers));
  }

  #fail(cause: LegEnd['cause']): void {
    if (!this.#open) return this.#sayBye();
    this.#close();
    this.#sendBye([], () => {});
    this.#observer.onEnd({ cause, reasons: [] });
  }

  /** Sends the BYE that waited for an ACK, if one did. */
  #sayBye(): void {
    const ending = this.#afterAck;
    if (ending === undefined) return;
    this.#close();
    ending.bye();
  }

  /** From here on nothing of the dialog concerns the call any more. */
  #stop(): void {
    this.#open = false;
    // RFC 3261 §15.1.2: what waits in the dialog when it ends is answered 487.
    this.#dropOffer();
  }

  #close(): void {
    this.#stop();
    this.#afterAck = undefined;
    this.#repeater?.stop();
    this.#options.stack.dialogs.remove(this.#dialog.localTag);
  }
}

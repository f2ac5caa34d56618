import { HeaderList, type SipRequest } from '../../sip/message/index.ts';
import type { InviteServerTransaction } from '../../sip/transaction/index.ts';
import type { Flow } from '../../sip/transport/flow.ts';
import { sdpOf, withSdp } from './bodies.ts';
import type { LateAnswer } from './events.ts';
import { learnFrom, offerProblem, refusalHeaders, type SessionState, successHeaders } from './session-state.ts';

/** Sends our 2xx to an INVITE until its ACK; `onAck` gets what the ACK carries, undefined where none ever came. */
type SendSuccess = (
  transaction: InviteServerTransaction,
  response: ReturnType<SessionState['options']['stack']['response']>,
  onAck: LateAnswer,
) => void;

/** The offers and refreshes that the peer sends in one dialog: re-INVITE (RFC 3261 §14.2) and UPDATE (RFC 3311 §5.2). */
export class PeerOffers {
  readonly #state: SessionState;
  readonly #sendSuccess: SendSuccess;
  /** Refuses the exchange under way. */
  #drop: () => void = () => {};
  /** Tells the other side that the peer has taken back what it asked. */
  #withdraw: () => void = () => {};

  constructor(state: SessionState, sendSuccess: SendSuccess) {
    this.#state = state;
    this.#sendSuccess = sendSuccess;
  }

  /** RFC 3261 §15.1.2: what waits in the dialog when it ends is answered 487. */
  drop(): void {
    this.#drop();
  }

  onReinvite(request: SipRequest, flow: Flow): void {
    const state = this.#state;
    const { stack } = state.options;
    // What is refused at once is remembered nowhere: a peer that keeps asking costs an answer each, and no more.
    if (!state.isOpen) return stack.reply(request, flow, 481);
    const problem = offerProblem(state);
    if (problem !== undefined) return stack.reply(request, flow, problem, refusalHeaders(state.options, problem));
    const headers = successHeaders(state);
    const session = state.timer.judge(request, headers);
    if ('minS' in session) return stack.reply(request, flow, 422, minSe(session.minS));
    learnFrom(state, request);
    const transaction = stack.openInvite(request, flow);
    const respond = (status: number): void =>
      transaction.respond(
        stack.response(request, status, state.dialog.localTag, refusalHeaders(state.options, status)),
      );
    const succeed = (sdp: string, onAck: LateAnswer): void => {
      state.lastSent = sdp;
      state.dialog.refreshTarget(request);
      session.hold();
      const plain = stack.response(request, 200, state.dialog.localTag, headers);
      this.#sendSuccess(transaction, withSdp(plain, sdp), onAck);
    };
    transaction.attach({ onCancel: () => this.#onCancel(), onAckTimeout: () => {} });
    respond(100);
    state.client.moveTo(flow);
    const finish = this.#begin(() => transaction.open, respond);
    const sdp = sdpOf(request);
    if (sdp === undefined) return this.#wantOffer(finish, respond, succeed);
    this.#take(sdp, 'INVITE', finish, respond, (answer) => succeed(answer, () => {}));
  }

  #onCancel(): void {
    const withdraw = this.#withdraw;
    this.#drop();
    withdraw();
  }

  onUpdate(request: SipRequest, flow: Flow): void {
    const state = this.#state;
    const { stack } = state.options;
    if (!state.isOpen) return stack.reply(request, flow, 481);
    const sdp = sdpOf(request);
    const problem = sdp === undefined ? undefined : offerProblem(state);
    if (problem !== undefined) return stack.reply(request, flow, problem, refusalHeaders(state.options, problem));
    const headers = successHeaders(state);
    const session = state.isConfirmed ? state.timer.judge(request, headers) : { hold: () => {} };
    if ('minS' in session) return stack.reply(request, flow, 422, minSe(session.minS));
    learnFrom(state, request);
    this.onRequestWithOffer(request, flow, headers, () => {
      state.dialog.refreshTarget(request);
      state.client.moveTo(flow);
      session.hold();
    });
  }

  /** Answers an UPDATE or PRACK: at once where it has no SDP, and else with the answer of the other side. */
  onRequestWithOffer(request: SipRequest, flow: Flow, headers: HeaderList, onSuccess: () => void): void {
    const { options, dialog } = this.#state;
    const { stack } = options;
    const transaction = stack.openRequest(request, flow);
    const respond = (status: number): void =>
      transaction.respond(stack.response(request, status, dialog.localTag, refusalHeaders(options, status)));
    const succeed = (answer: string | undefined): void => {
      onSuccess();
      const plain = stack.response(request, 200, dialog.localTag, headers);
      transaction.respond(answer === undefined ? plain : withSdp(plain, answer));
    };
    const sdp = sdpOf(request);
    if (sdp === undefined) return succeed(undefined);
    const finish = this.#begin(() => transaction.open, respond);
    this.#take(sdp, 'UPDATE', finish, respond, (answer) => {
      this.#state.lastSent = answer;
      succeed(answer);
    });
  }

  /** The peer's exchange is under way. @returns what ends it once; false where it has ended already. */
  #begin(isOpen: () => boolean, respond: (status: number) => void): () => boolean {
    const state = this.#state;
    let isOver = false;
    state.offerBy = 'peer';
    const finish = (): boolean => {
      if (isOver) return false;
      isOver = true;
      this.#drop = () => {};
      this.#withdraw = () => {};
      state.offerBy = 'nobody';
      return isOpen();
    };
    this.#drop = () => {
      if (finish()) respond(487);
    };
    return finish;
  }

  #take(
    sdp: string,
    method: 'INVITE' | 'UPDATE',
    finish: () => boolean,
    respond: (status: number) => void,
    succeed: (answer: string) => void,
  ): void {
    const state = this.#state;
    // A session refresh says nothing new: it is answered as it was before, and the other side is left in peace.
    if (sdp === state.lastReceived && state.lastSent !== '') {
      if (finish()) succeed(state.lastSent);
      return;
    }
    state.observer.onOffer({
      sdp,
      method,
      answer: (answer) => {
        if (!finish()) return;
        state.lastReceived = sdp;
        succeed(answer);
      },
      refuse: (status) => {
        if (finish()) respond(status);
      },
      onWithdrawn: (act) => {
        if (state.offerBy === 'peer') this.#withdraw = act;
      },
    });
  }

  /** The other side is asked for the offer that the peer wants; its answer comes in the ACK (RFC 3261 §14.2). */
  #wantOffer(
    finish: () => boolean,
    respond: (status: number) => void,
    succeed: (sdp: string, onAck: LateAnswer) => void,
  ): void {
    const state = this.#state;
    state.observer.onOfferWanted({
      give: (sdp, onAnswer) => {
        if (!finish()) return onAnswer(undefined);
        state.offerBy = 'us';
        succeed(sdp, (answer) => {
          state.offerBy = 'nobody';
          if (answer !== undefined) state.lastReceived = answer;
          onAnswer(answer);
        });
      },
      refuse: (status) => {
        if (finish()) respond(status);
      },
      onWithdrawn: (act) => {
        if (state.offerBy === 'peer') this.#withdraw = act;
      },
    });
  }
}

function minSe(seconds: number): HeaderList {
  return new HeaderList().append('min-se', String(seconds));
}

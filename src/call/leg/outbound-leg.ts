import type { Dialog } from '../../sip/dialog/index.ts';
import { reasonPhrase, type SipRequest, type SipResponse } from '../../sip/message/index.ts';
import type { DialogOwner } from '../../sip/stack/index.ts';
import type { Flow } from '../../sip/transport/flow.ts';
import type { InviteRecord } from '../record.ts';
import { retryAfterOf } from './bodies.ts';
import { EarlyCallees } from './early-callees.ts';
import { earlyDialogAnswer } from './early-dialog.ts';
import {
  type ConnectedLeg,
  type LegEnd,
  notWithdrawn,
  type OfferMethod,
  type OfferOutcome,
  type OutboundObserver,
  type PassedRequest,
  type Refused,
  type SessionObserver,
  type SolicitOutcome,
  type Withdraw,
} from './events.ts';
import { Invite, type InviteSpec } from './invite.ts';
import { type InviteAnswer, InviteAnswers } from './invite-answers.ts';
import type { Session } from './session.ts';
import type { SessionOptions } from './session-options.ts';

const nobody: OutboundObserver = {
  onProgress: () => {},
  onAnswer: () => {},
  onRefused: () => {},
  onOffer: () => {},
  onOfferWanted: () => {},
  onPassed: () => {},
  onEnd: () => {},
  onLateAnswer: () => {},
  onGone: () => {},
};

/** What there is of a leg until it is answered, and is not to stay in memory for as long as the call. */
interface Inviting {
  readonly invite: Invite;
  readonly early: EarlyCallees;
}

/**
 * A callee's leg: we are the UAC (RFC 3261 §13.2). Its parts are the INVITE with its CANCEL (`invite.ts`), the early
 * dialogs (`early-callees.ts`), the 2xx (`invite-answers.ts`), and from the answer on the dialog (`session.ts`).
 *
 *     inviting --2xx--> answered --BYE either way--> over
 *        \---refusal, timer B, BYE before the 2xx------^
 *
 * A 2xx that comes after the cancel, or from a second device, is acknowledged and ended at once.
 */
export class OutboundLeg implements DialogOwner, ConnectedLeg {
  readonly callId: string;
  readonly localTag: string;
  readonly remoteTag = undefined;
  readonly flow: Flow;
  readonly #options: SessionOptions;
  #observer: OutboundObserver;
  /** Told of what comes when the call has let go of the leg. */
  #afterwards: Pick<OutboundObserver, 'onLateAnswer' | 'onGone'>;
  #state: 'inviting' | 'answered' | 'over' = 'inviting';
  #inviting: Inviting | undefined;
  #session: Session | undefined;
  /** The answer that counts, until its ACK is sent. */
  #unacknowledged: InviteAnswer | undefined;

  constructor(flow: Flow, spec: InviteSpec, options: SessionOptions, observer: OutboundObserver) {
    this.flow = flow;
    this.#options = options;
    this.#observer = observer;
    this.#afterwards = observer;
    const early = new EarlyCallees(options, flow, spec.sdp, this.#sessionObserver());
    const invite = this.#newInvite(spec, early);
    this.callId = invite.callId;
    this.localTag = invite.localTag;
    this.#inviting = { invite, early };
  }

  get isOver(): boolean {
    return this.#state === 'over';
  }

  /** Whether the callee has said a word, and no last one. */
  get isProceeding(): boolean {
    return this.#state === 'inviting' && this.#inviting?.invite.isProceeding === true;
  }

  /** The established dialog; undefined before the answer. */
  get dialog(): Dialog | undefined {
    return this.#session?.dialog;
  }

  /** Where the requests of the established dialog go: the flow dialled, or the next hop that the server named. */
  get dialogFlow(): Flow {
    return this.#session?.flow ?? this.flow;
  }

  /** The INVITE as the store keeps it; undefined once it is answered. */
  get inviteRecord(): InviteRecord | undefined {
    return this.#inviting?.invite.record;
  }

  dial(): void {
    this.#options.stack.dialogs.add(this.localTag, this);
    this.#inviting?.invite.send();
  }

  /** Gives up a leg that was not answered; an answer that crosses is ended. */
  cancel(reasons: readonly string[]): void {
    if (this.#state === 'answered') this.end(reasons);
    else if (this.#state === 'inviting') this.#inviting?.invite.cancel(reasons);
  }

  /**
   * Sends the ACK of the answer: once the answer is written down, so that a callee whom a dying server has forgotten
   * gets none, and ends the call by itself (RFC 3261 §13.3.1.4). `answer` answers the offer of the 2xx.
   */
  acknowledge(answer?: string): void {
    const unacknowledged = this.#unacknowledged;
    this.#unacknowledged = undefined;
    if (answer !== undefined) this.#session?.settle('nobody', { sent: answer });
    unacknowledged?.acknowledge(answer);
  }

  offer(sdp: string, method: OfferMethod, done: (outcome: OfferOutcome) => void): Withdraw {
    const session = this.#session ?? this.#inviting?.early.shown?.session;
    if (session !== undefined && this.#state !== 'over') return session.offer(sdp, method, done);
    done({ status: this.#state === 'over' ? 481 : 500 });
    return notWithdrawn;
  }

  solicit(done: (outcome: SolicitOutcome) => void): Withdraw {
    if (this.#session !== undefined) return this.#session.solicit(done);
    done({ status: this.#state === 'over' ? 481 : 500 });
    return notWithdrawn;
  }

  pass(request: PassedRequest): void {
    if (this.#session === undefined) request.respond(481);
    else this.#session.pass(request);
  }

  end(reasons: readonly string[], done: () => void = () => {}): void {
    const session = this.#session;
    if (session === undefined) {
      this.cancel(reasons);
      return done();
    }
    this.acknowledge();
    this.#forget();
    session.end(reasons, done);
  }

  /** Before the answer: UPDATE in a dialog that a reliable response began, and a BYE that has overtaken its 2xx. */
  onRequest(request: SipRequest, flow: Flow): void {
    const { stack, checkSource } = this.#options;
    const early = this.#inviting?.early.of(request.fromTag ?? '');
    if (early !== undefined && request.method === 'UPDATE') return early.session.onRequest(request, flow);
    if (request.method !== 'BYE') {
      const { status, headers } = earlyDialogAnswer(request.method);
      return stack.reply(request, flow, status, headers);
    }
    const verdict = checkSource(request, flow, this.flow);
    if (verdict !== 'ok') return stack.reply(request, flow, verdict.status, verdict.headers);
    stack.openRequest(request, flow).respond(stack.response(request, 200, this.localTag));
    // RFC 5407 §3.1.2: the callee has answered and hung up; its 2xx, when it comes, is acknowledged and ended.
    this.cancel([]);
    this.#refused(480);
  }

  onAck(): void {}

  #newInvite(spec: InviteSpec, early: EarlyCallees): Invite {
    const answers = new InviteAnswers(this.#options, { flow: this.flow, offered: spec.sdp, early });
    const invite: Invite = new Invite(this.flow, spec, this.#options, {
      onProvisional: (request, response) => {
        const progress = this.#state === 'inviting' ? early.take(request, response) : undefined;
        if (progress !== undefined) this.#observer.onProgress(progress);
      },
      onSuccess: (request, response) => {
        const answer = answers.take(request, response);
        if (answer !== undefined) this.#onAnswer({ invite, early }, answer, response);
      },
      onRefusal: (response) => this.#onRefusal(response),
      onTimeout: () => this.#onTimeout(invite),
    });
    return invite;
  }

  #sessionObserver(): SessionObserver {
    return {
      onOffer: (offer) => this.#observer.onOffer(offer),
      onOfferWanted: (wanted) => this.#observer.onOfferWanted(wanted),
      onPassed: (passed) => this.#observer.onPassed(passed),
      onEnd: (end) => this.#onDialogEnd(end),
    };
  }

  /** A 2xx with a To tag of its own: the first that is wanted counts (RFC 3261 §13.2.2.4). */
  #onAnswer({ invite, early }: Inviting, answer: InviteAnswer, response: SipResponse): void {
    const isLate = this.#state !== 'inviting' || invite.cancelReasons !== undefined;
    if (isLate || answer.sdp === undefined) return this.#endSurplus(answer, invite.cancelReasons);
    this.#state = 'answered';
    this.#inviting = undefined;
    this.#unacknowledged = answer;
    const session = answer.accept(response, invite.sessionTimer, this.#sessionObserver());
    this.#session = session;
    early.leaveAllBut(session);
    this.#options.stack.dialogs.add(this.localTag, session);
    const isAsShown = answer.early !== undefined && answer.early === early.shown;
    this.#observer.onAnswer({ sdp: answer.sdp, isOffer: answer.isOffer, isAsShown });
  }

  /** An answer that came too late, twice, or without SDP; its carrier may charge for it all the same. */
  #endSurplus(answer: InviteAnswer, cancelReasons: readonly string[] | undefined): void {
    answer.end(cancelReasons ?? []);
    this.#afterwards.onLateAnswer();
    if (this.#state === 'answered' && this.#session !== undefined) {
      // Another phone behind a fork: the dialog of the first goes on under the same tag of ours.
      this.#options.stack.dialogs.add(this.localTag, this.#session);
      return;
    }
    this.#refused(cancelReasons !== undefined || answer.sdp !== undefined ? 487 : 488, { isOurs: true });
    this.#gone();
  }

  #onRefusal(response: SipResponse): void {
    const { status, reason } = response;
    const retryAfterS = retryAfterOf(response);
    this.#refused(status, retryAfterS === undefined ? { reason } : { reason, retryAfterS });
    this.#gone();
  }

  #onTimeout({ cancelReasons }: Invite): void {
    this.#refused(cancelReasons === undefined ? 408 : 487, { isOurs: true });
    this.#gone();
  }

  #onDialogEnd(end: LegEnd): void {
    // An early dialog has failed, and the callee may ring on.
    if (this.#state === 'inviting') this.cancel([]);
    this.acknowledge();
    this.#forget().onEnd(end);
  }

  #refused(status: number, about: Partial<Refused> = {}): void {
    if (this.#state !== 'inviting') return;
    this.#options.stack.dialogs.remove(this.localTag);
    this.#forget().onRefused({ status, reason: reasonPhrase(status), ...about });
  }

  /** The INVITE has its final answer: nothing more is waited for. */
  #gone(): void {
    const { onGone } = this.#afterwards;
    this.#afterwards = nobody;
    onGone();
  }

  /**
   * The leg is over. Its transaction waits for repeated answers for half a minute and has it for that; the call and its
   * media are not to stay in memory for so long.
   * @returns whoever watched until now.
   */
  #forget(): OutboundObserver {
    const observer = this.#observer;
    if (this.#state === 'answered') this.#gone();
    this.#inviting?.early.leaveAllBut(undefined);
    this.#state = 'over';
    this.#inviting = undefined;
    this.#session = undefined;
    this.#observer = nobody;
    return observer;
  }
}

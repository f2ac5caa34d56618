import { Dialog } from '../../sip/dialog/index.ts';
import type { SipRequest, SipResponse } from '../../sip/message/index.ts';
import type { Flow } from '../../sip/transport/flow.ts';
import { ackWith, rejectedOffer, sdpOf } from './bodies.ts';
import type { EarlyCallee } from './early-callee.ts';
import { type EarlyCallees, maxForks } from './early-callees.ts';
import type { SessionObserver } from './events.ts';
import type { LegTimer } from './leg-timer.ts';
import { dialogFlow } from './next-hop.ts';
import { Session } from './session.ts';
import type { SessionOptions } from './session-options.ts';

const unwatched: SessionObserver = { onOffer: () => {}, onOfferWanted: () => {}, onPassed: () => {}, onEnd: () => {} };

/** The INVITE that is answered: where it went, what it offered, and the early dialogs that it has begun. */
interface AnsweredInvite {
  readonly flow: Flow;
  readonly offered: string | undefined;
  readonly early: EarlyCallees;
}

/**
 * One callee's 2xx (RFC 3261 §13.2.2.4): it confirms the early dialog of its To tag, or makes one. It is owed an ACK
 * whether it is wanted or not.
 */
export class InviteAnswer {
  /** The early dialog that it confirms. */
  readonly early: EarlyCallee | undefined;
  /** What it describes, or has described before; undefined where it never did. */
  readonly sdp: string | undefined;
  /** Whether that is an offer, which the ACK answers. */
  readonly isOffer: boolean;
  readonly #options: SessionOptions;
  readonly #dialog: Dialog;
  readonly #flow: Flow;
  readonly #offered: string | undefined;
  readonly #seq: number;
  /** The ACK as it was sent. */
  #ack: string | undefined;

  constructor(options: SessionOptions, answered: AnsweredInvite, request: SipRequest, response: SipResponse) {
    const tag = response.toTag ?? '';
    this.early = answered.early.of(tag);
    this.#options = options;
    this.#dialog = this.early?.session.dialog ?? Dialog.fromResponse(request, response);
    if (this.early !== undefined) this.#dialog.confirm(response);
    this.#flow = dialogFlow(options, this.#dialog, answered.flow);
    this.#offered = answered.offered;
    this.#seq = request.cseq.seq;
    this.isOffer = answered.offered === undefined && this.early?.settledSdp === undefined;
    this.sdp = this.early?.settledSdp ?? sdpOf(response) ?? answered.early.unreliableSdp(tag);
  }

  /** Sends the ACK, once; `answer` is that to the offer of the 2xx. Without one nothing of the offer is wanted. */
  acknowledge(answer?: string): void {
    if (this.#ack !== undefined) return;
    const ack = this.#dialog.createAck(this.#seq);
    const isOwed = this.isOffer && this.sdp !== undefined;
    const body = isOwed ? (answer ?? rejectedOffer(this.sdp, this.#flow.local.address)) : '';
    this.#ack = this.#options.stack.sendAck(ackWith(ack, body), this.#flow);
  }

  /** The 2xx has come again, for its ACK was lost; one that waits to be sent is not sent for that. */
  repeatAck(): void {
    if (this.#ack !== undefined) this.#flow.send(this.#ack);
  }

  /** This is the answer that counts. `asked` is what the INVITE asked of a session timer. */
  accept(response: SipResponse, asked: LegTimer, observer: SessionObserver): Session {
    const session = this.early?.session ?? this.#newSession(observer);
    session.learn(response);
    session.confirm();
    session.timer.raisedLike(asked);
    session.timer.accepted(response);
    return session;
  }

  /** Nobody wants it: the callee is told so as soon as it can be. */
  end(reasons: readonly string[]): void {
    this.acknowledge();
    this.early?.session.leave();
    this.#newSession(unwatched).end(reasons);
  }

  #newSession(observer: SessionObserver): Session {
    const offerBy = this.isOffer ? 'peer' : 'nobody';
    const start = { ownsCallId: true, offerBy, lastSent: this.#offered ?? '', lastReceived: this.sdp ?? '' } as const;
    return new Session(this.#options, this.#dialog, this.#flow, start, observer);
  }
}

/** Every 2xx of one INVITE, by its To tag. The transaction of the INVITE has them, for as long as they are repeated. */
export class InviteAnswers {
  readonly #options: SessionOptions;
  readonly #answered: AnsweredInvite;
  readonly #byTag = new Map<string, InviteAnswer>();

  constructor(options: SessionOptions, answered: AnsweredInvite) {
    this.#options = options;
    this.#answered = answered;
  }

  /** @returns the answer of a further callee; undefined for a 2xx that came before, which gets its ACK again. */
  take(request: SipRequest, response: SipResponse): InviteAnswer | undefined {
    const tag = response.toTag ?? '';
    const known = this.#byTag.get(tag);
    known?.repeatAck();
    if (known !== undefined || this.#byTag.size >= maxForks) return undefined;
    const answer = new InviteAnswer(this.#options, this.#answered, request, response);
    this.#byTag.set(tag, answer);
    return answer;
  }
}

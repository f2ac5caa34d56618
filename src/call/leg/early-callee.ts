import { Dialog, ReliableReceiver, readRSeq } from '../../sip/dialog/index.ts';
import { namesToken, type SipRequest, type SipResponse } from '../../sip/message/index.ts';
import type { Flow } from '../../sip/transport/flow.ts';
import { sdpOf } from './bodies.ts';
import type { LateAnswer, SessionObserver } from './events.ts';
import { dialogFlow } from './next-hop.ts';
import { Session } from './session.ts';
import type { SessionOptions } from './session-options.ts';

const maxUnanswered = 4;

/** What a reliable provisional response brought; `onAnswer` is set where its SDP is an offer. */
export interface ReliableProgress {
  readonly sdp: string | undefined;
  readonly onAnswer?: LateAnswer;
}

/**
 * One early dialog of an INVITE of ours: its reliable provisional responses in their order, each with its PRACK
 * (RFC 3262 §4), and the exchange of offer and answer that they carry.
 */
export class EarlyCallee {
  readonly session: Session;
  /** The answer, or the offer, that came reliably: what its 2xx says again does not count (RFC 6337 §3.1.1). */
  settledSdp: string | undefined;
  readonly #inviteSeq: number;
  readonly #offered: string | undefined;
  readonly #receiver = new ReliableReceiver();
  /** PRACKs that are under way. */
  #unanswered = 0;

  constructor(
    options: SessionOptions,
    flow: Flow,
    invite: SipRequest,
    response: SipResponse,
    offered: string | undefined,
    observer: SessionObserver,
  ) {
    this.#inviteSeq = invite.cseq.seq;
    this.#offered = offered;
    const dialog = Dialog.fromResponse(invite, response);
    const next = dialogFlow(options, dialog, flow);
    const offerBy = offered === undefined ? 'nobody' : 'us';
    const start = { ownsCallId: true, offerBy, lastSent: offered ?? '', lastReceived: '' } as const;
    this.session = new Session(options, dialog, next, start, observer);
  }

  /** Takes a reliable response; undefined for one that is repeated or early. */
  take(response: SipResponse): ReliableProgress | undefined {
    const rseq = reliableNumber(response);
    // One that is not taken comes again (RFC 3262 §3); a peer cannot make us send without end.
    if (rseq === undefined || this.#unanswered === maxUnanswered || !this.#receiver.accept(rseq)) return undefined;
    this.session.learn(response);
    const rack = `${rseq} ${this.#inviteSeq} INVITE`;
    const sdp = sdpOf(response);
    const isFirst = sdp !== undefined && this.settledSdp === undefined;
    if (isFirst) this.settledSdp = sdp;
    if (!isFirst || this.#offered !== undefined) {
      this.#acknowledge(rack, undefined);
      if (isFirst) this.session.settle('nobody', { received: sdp });
      return { sdp: isFirst ? sdp : undefined };
    }
    this.session.settle('peer', { received: sdp });
    const onAnswer = (answer: string | undefined): void => {
      // Without an answer there is nothing to acknowledge it with: the callee gives up, or is cancelled.
      if (answer === undefined) return;
      this.session.settle('nobody', { sent: answer });
      this.#acknowledge(rack, answer);
    };
    return { sdp, onAnswer };
  }

  #acknowledge(rack: string, sdp: string | undefined): void {
    this.#unanswered++;
    this.session.acknowledgeProvisional(rack, sdp, () => {
      this.#unanswered--;
    });
  }
}

/** The RSeq of a response that asks for a PRACK; undefined for one that does not. */
export function reliableNumber(response: SipResponse): number | undefined {
  const asks = response.status > 100 && response.status < 200 && namesToken(response.headers, 'require', '100rel');
  return asks && response.toTag !== undefined ? readRSeq(response.headers) : undefined;
}

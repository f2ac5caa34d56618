import type { Timer } from '../../base/time/clock.ts';
import type { SipRequest } from '../../sip/message/index.ts';
import { buildCancel, type ClientTransactionUser, type InviteClientTransaction } from '../../sip/transaction/index.ts';
import type { Flow } from '../../sip/transport/flow.ts';
import type { SessionOptions } from './session-options.ts';

/**
 * How long a peer may say only 1xx to a re-INVITE: as long as a proxy lets it ring (RFC 3261 §16.6, timer C). A person
 * may be asked about the video; but nothing else can be settled in the dialog meanwhile.
 */
const answerWithinMs = 180_000;

/** A re-INVITE of ours under way, over all its tries: what gives it up, and its bound in time. */
export class Reinvite {
  readonly #options: SessionOptions;
  readonly #bound: Timer;
  #flow: Flow | undefined;
  #transaction: InviteClientTransaction | undefined;
  #isHeard = false;
  #isGivenUp = false;
  #isCancelled = false;
  #isOver = false;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#bound = options.clock.after(answerWithinMs, () => this.cancel());
  }

  /** Whether the try that runs has had a 1xx. */
  get isHeard(): boolean {
    return this.#isHeard;
  }

  get isGivenUp(): boolean {
    return this.#isGivenUp;
  }

  /** A try, which takes the place of the one before. */
  send(request: SipRequest, flow: Flow, user: ClientTransactionUser): void {
    this.#flow = flow;
    this.#isHeard = false;
    this.#transaction = this.#options.stack.sendInvite(request, flow, {
      onResponse: (response) => {
        if (response.status < 200) this.#heard();
        user.onResponse(response);
      },
      onTimeout: () => user.onTimeout(),
    });
    if (this.#isGivenUp) this.#transaction.expire();
  }

  /** Its final response has come, or never will: told once. */
  over(tell: () => void): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#bound.cancel();
    tell();
  }

  /** Nobody wants the answer any more: CANCEL, once the peer has said a word (RFC 3261 §9.1). An answer that crosses it counts. */
  cancel(): void {
    if (this.#isOver || this.#isCancelled) return;
    this.#isGivenUp = true;
    this.#isCancelled = true;
    if (this.#isHeard) this.#sendCancel();
  }

  /** The dialog has ended: what comes within 64 T1 is acknowledged still. */
  expire(): void {
    this.#isGivenUp = true;
    this.#bound.cancel();
    this.#transaction?.expire();
  }

  #heard(): void {
    if (this.#isHeard) return;
    this.#isHeard = true;
    if (this.#isCancelled) this.#sendCancel();
  }

  #sendCancel(): void {
    const transaction = this.#transaction;
    if (transaction === undefined || this.#flow === undefined) return;
    const ignored = { onResponse: () => {}, onTimeout: () => {} };
    this.#options.stack.sendCancel(buildCancel(transaction.request, undefined), this.#flow, ignored);
    transaction.expire();
  }
}

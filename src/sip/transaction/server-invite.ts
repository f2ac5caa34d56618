import type { Timer } from '../../base/time/clock.ts';
import { assert } from '../../base/result/assert.ts';
import { type SipRequest, type SipResponse, serialise } from '../message/index.ts';
import type { Flow } from '../transport/flow.ts';
import type { InviteServerEnvironment, InviteServerUser } from './environment.ts';
import { transactionTimeoutMs } from './timers.ts';

type State = 'proceeding' | 'completed' | 'accepted' | 'confirmed' | 'terminated';

/**
 * INVITE server transaction: RFC 3261 §17.2.1 (Figure 7) with the Accepted state of RFC 6026 §8.7.
 *
 *     Proceeding --300-699--> Completed --ACK--> Confirmed --I--> Terminated
 *         |                       \-- H: no ACK --> Terminated
 *         \--2xx--> Accepted --L--> Terminated      (2xx are repeated by the leg until its ACK, RFC 3261 §13.3.1.4)
 */
export class InviteServerTransaction {
  readonly request: SipRequest;
  /** What merged copies of the request share with it. */
  readonly merge: string | undefined;
  /** Where responses go: the connection or the source that RFC 3261 §18.2.2 and RFC 3581 name. */
  readonly flow: Flow;
  readonly #key: string;
  readonly #environment: InviteServerEnvironment;
  #user: InviteServerUser | undefined;
  #state: State = 'proceeding';
  #lastOctets = '';
  #timerG: Timer | undefined;
  #timerH: Timer | undefined;
  #timerI: Timer | undefined;

  constructor(
    key: string,
    merge: string | undefined,
    request: SipRequest,
    flow: Flow,
    environment: InviteServerEnvironment,
  ) {
    this.#key = key;
    this.merge = merge;
    this.request = request;
    this.flow = flow;
    this.#environment = environment;
  }

  get state(): State {
    return this.#state;
  }

  /** Names who is told of CANCEL and of a missing ACK. */
  attach(user: InviteServerUser): void {
    this.#user = user;
  }

  /** True while a final response may still be sent. */
  get open(): boolean {
    return this.#state === 'proceeding';
  }

  respond(response: SipResponse): void {
    assert(this.#state === 'proceeding' || this.#state === 'accepted', 'INVITE answered after its final response');
    const octets = serialise(response);
    const flow = response.status < 200 ? this.flow : this.#environment.answerFlow(this.request, this.flow);
    flow.send(octets);
    if (this.#state === 'accepted') return;
    if (response.status >= 200 && response.status < 300) return this.#accept();
    this.#lastOctets = octets;
    if (response.status >= 300) this.#complete();
  }

  /** A retransmission of the INVITE. */
  receiveInvite(): void {
    if ((this.#state === 'proceeding' || this.#state === 'completed') && this.#lastOctets !== '') {
      this.flow.send(this.#lastOctets);
    }
  }

  /** The ACK of a refusal; an ACK of a 2xx has a branch of its own and goes to the dialog. */
  receiveAck(): void {
    if (this.#state !== 'completed') return;
    this.#state = 'confirmed';
    this.#timerG?.cancel();
    this.#timerH?.cancel();
    if (this.flow.reliable) this.#terminate();
    else this.#timerI = this.#environment.clock.after(this.#environment.timers.t4Ms, () => this.#terminate());
  }

  receiveCancel(cancel: SipRequest): void {
    if (this.#state === 'proceeding') this.#user?.onCancel(cancel);
  }

  /** Stops every timer without telling anyone: for shut-down. */
  abandon(): void {
    this.#terminate();
  }

  #complete(): void {
    const { clock, timers } = this.#environment;
    this.#state = 'completed';
    if (!this.flow.reliable) this.#armTimerG(timers.t1Ms);
    this.#timerH = clock.after(transactionTimeoutMs(timers), () => this.#onTimerH());
  }

  #accept(): void {
    this.#state = 'accepted';
    // Nothing is left to tell: the transaction outlives short calls, and must not keep them in memory.
    this.#user = undefined;
    this.#lastOctets = '';
    this.#environment.afterTimeout(() => this.#terminate()); // timer L
  }

  #armTimerG(intervalMs: number): void {
    const { clock, timers } = this.#environment;
    this.#timerG = clock.after(intervalMs, () => {
      this.flow.send(this.#lastOctets);
      this.#armTimerG(Math.min(intervalMs * 2, timers.t2Ms));
    });
  }

  #onTimerH(): void {
    if (this.#state !== 'completed') return;
    this.#terminate();
    this.#user?.onAckTimeout();
  }

  #terminate(): void {
    if (this.#state === 'terminated') return;
    this.#state = 'terminated';
    this.#timerG?.cancel();
    this.#timerH?.cancel();
    this.#timerI?.cancel();
    this.#environment.forget(this.#key);
  }
}

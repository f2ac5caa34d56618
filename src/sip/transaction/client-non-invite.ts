import type { Timer } from '../../base/time/clock.ts';
import { type SipRequest, type SipResponse, serialise } from '../message/index.ts';
import type { Flow } from '../transport/flow.ts';
import type { ClientTransactionUser, TransactionEnvironment } from './environment.ts';
import { transactionTimeoutMs } from './timers.ts';

type State = 'trying' | 'proceeding' | 'completed' | 'terminated';

/**
 * Non-INVITE client transaction: RFC 3261 §17.1.2 (Figure 6).
 *
 *     Trying --1xx--> Proceeding --200-699--> Completed --K--> Terminated
 *        \---------------200-699--------------^    F: time-out from Trying and Proceeding
 */
export class NonInviteClientTransaction {
  readonly flow: Flow;
  readonly #key: string;
  #octets: string;
  readonly #environment: TransactionEnvironment;
  /** Gone with the final response: nothing is left to tell, and Completed must not keep a call in memory. */
  #user: ClientTransactionUser | undefined;
  #state: State = 'trying';
  #timerE: Timer | undefined;
  #timerF: Timer | undefined;
  #timerK: Timer | undefined;

  constructor(
    key: string,
    request: SipRequest,
    flow: Flow,
    environment: TransactionEnvironment,
    user: ClientTransactionUser,
  ) {
    this.#key = key;
    this.flow = flow;
    this.#octets = serialise(request);
    this.#environment = environment;
    this.#user = user;
  }

  get state(): State {
    return this.#state;
  }

  /** Enters Trying: sends the request and starts timers E (UDP) and F. */
  start(): void {
    const { clock, timers } = this.#environment;
    this.flow.send(this.#octets);
    if (!this.flow.reliable) this.#armTimerE(timers.t1Ms);
    this.#timerF = clock.after(transactionTimeoutMs(timers), () => this.#onTimerF());
  }

  receive(response: SipResponse): void {
    if (this.#state === 'completed' || this.#state === 'terminated') return;
    const user = this.#user;
    if (response.status < 200) this.#state = 'proceeding';
    else this.#complete();
    user?.onResponse(response);
  }

  /** Gives up without telling anyone. */
  abandon(): void {
    this.#terminate();
  }

  /** The connection has gone: nobody will answer (RFC 3261 §17.1.4). */
  fail(): void {
    if (this.#state !== 'trying' && this.#state !== 'proceeding') return;
    this.#terminate();
    this.#user?.onTimeout();
  }

  #armTimerE(intervalMs: number): void {
    const { clock, timers } = this.#environment;
    this.#timerE = clock.after(intervalMs, () => {
      this.flow.send(this.#octets);
      // Once in Proceeding, the interval is T2 from then on (RFC 3261 §17.1.2.2).
      this.#armTimerE(this.#state === 'proceeding' ? timers.t2Ms : Math.min(intervalMs * 2, timers.t2Ms));
    });
  }

  #onTimerF(): void {
    if (this.#state !== 'trying' && this.#state !== 'proceeding') return;
    this.#terminate();
    this.#user?.onTimeout();
  }

  #complete(): void {
    this.#state = 'completed';
    this.#octets = '';
    this.#user = undefined;
    this.#timerE?.cancel();
    this.#timerF?.cancel();
    if (this.flow.reliable) this.#terminate();
    else this.#timerK = this.#environment.clock.after(this.#environment.timers.t4Ms, () => this.#terminate());
  }

  #terminate(): void {
    if (this.#state === 'terminated') return;
    this.#state = 'terminated';
    this.#timerE?.cancel();
    this.#timerF?.cancel();
    this.#timerK?.cancel();
    this.#environment.forget(this.#key);
  }
}

import type { Timer } from '../../base/time/clock.ts';
import { type SipRequest, type SipResponse, serialise } from '../message/index.ts';
import type { Flow } from '../transport/flow.ts';
import { buildAck } from './ack.ts';
import type { ClientTransactionUser, TransactionEnvironment } from './environment.ts';
import { timerDMs, transactionTimeoutMs } from './timers.ts';

type State = 'calling' | 'proceeding' | 'completed' | 'accepted' | 'terminated';

/**
 * INVITE client transaction: RFC 3261 §17.1.1 (Figure 5) with the Accepted state of RFC 6026 §8.4 (Figure 5 there).
 *
 *     Calling --1xx--> Proceeding --300-699, ACK--> Completed --D--> Terminated
 *        |  \------------- 2xx ----------------> Accepted --M--> Terminated
 *        \-- B: time-out --> Terminated
 */
export class InviteClientTransaction {
  readonly request: SipRequest;
  readonly flow: Flow;
  readonly #key: string;
  #octets: string;
  readonly #environment: TransactionEnvironment;
  readonly #user: ClientTransactionUser;
  #state: State = 'calling';
  #timerA: Timer | undefined;
  #timerB: Timer | undefined;
  #timerD: Timer | undefined;
  /** True once nobody waits for the callee any more: then Proceeding has an end too. */
  #expires = false;
  #ackOctets = '';

  constructor(
    key: string,
    request: SipRequest,
    flow: Flow,
    environment: TransactionEnvironment,
    user: ClientTransactionUser,
  ) {
    this.#key = key;
    this.request = request;
    this.flow = flow;
    this.#octets = serialise(request);
    this.#environment = environment;
    this.#user = user;
  }

  get state(): State {
    return this.#state;
  }

  /** Enters Calling: sends the INVITE and starts timers A (UDP) and B. */
  start(): void {
    const { clock, timers } = this.#environment;
    this.flow.send(this.#octets);
    if (!this.flow.reliable) this.#armTimerA(timers.t1Ms);
    this.#timerB = clock.after(transactionTimeoutMs(timers), () => this.#onTimerB());
  }

  receive(response: SipResponse): void {
    if (response.status < 200) this.#onProvisional(response);
    else if (response.status < 300) this.#onSuccess(response);
    else this.#onRefusal(response);
  }

  /** Gives up: for a CANCEL that nobody answered (RFC 3261 §9.1) and for shut-down. */
  abandon(): void {
    this.#terminate();
  }

  /** Gives up, as a time-out, when no final response follows within 64 times T1: after a CANCEL (RFC 3261 §9.1) or the end of the dialog. */
  expire(): void {
    if (this.#state !== 'calling' && this.#state !== 'proceeding') return;
    const { clock, timers } = this.#environment;
    this.#expires = true;
    this.#timerB?.cancel();
    this.#timerB = clock.after(transactionTimeoutMs(timers), () => this.#onTimerB());
  }

  /** The connection has gone: nobody will answer (RFC 3261 §17.1.4). */
  fail(): void {
    if (this.#state !== 'calling' && this.#state !== 'proceeding') return;
    this.#terminate();
    this.#user.onTimeout();
  }

  #armTimerA(intervalMs: number): void {
    this.#timerA = this.#environment.clock.after(intervalMs, () => {
      this.flow.send(this.#octets);
      this.#armTimerA(intervalMs * 2);
    });
  }

  #onTimerB(): void {
    this.#terminate();
    this.#user.onTimeout();
  }

  #onProvisional(response: SipResponse): void {
    if (this.#state !== 'calling' && this.#state !== 'proceeding') return;
    this.#state = 'proceeding';
    this.#timerA?.cancel();
    if (!this.#expires) this.#timerB?.cancel();
    this.#user.onResponse(response);
  }

  #onSuccess(response: SipResponse): void {
    if (this.#state === 'completed' || this.#state === 'terminated') return;
    if (this.#state !== 'accepted') {
      this.#state = 'accepted';
      this.#stopTimers();
      this.#environment.afterTimeout(() => this.#terminate()); // timer M
    }
    this.#user.onResponse(response);
  }

  #onRefusal(response: SipResponse): void {
    if (this.#state === 'completed') this.flow.send(this.#ackOctets);
    if (this.#state !== 'calling' && this.#state !== 'proceeding') return;
    this.#state = 'completed';
    this.#stopTimers();
    this.#ackOctets = serialise(buildAck(this.request, response));
    this.flow.send(this.#ackOctets);
    if (this.flow.reliable) this.#terminate();
    else this.#timerD = this.#environment.clock.after(timerDMs, () => this.#terminate());
    this.#user.onResponse(response);
  }

  /** After a final response, or for good: the request is not sent again. */
  #stopTimers(): void {
    this.#timerA?.cancel();
    this.#timerB?.cancel();
    this.#octets = '';
  }

  #terminate(): void {
    if (this.#state === 'terminated') return;
    this.#state = 'terminated';
    this.#stopTimers();
    this.#timerD?.cancel();
    this.#environment.forget(this.#key);
  }
}

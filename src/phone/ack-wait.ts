import type { Clock, Timer } from '../base/time/clock.ts';
import { type TimerValues, transactionTimeoutMs } from '../sip/transaction/index.ts';

/** Sends our 2xx until its ACK comes: the response travels end to end, so on TCP too (RFC 3261 §13.3.1.4). */
export class AckWait {
  readonly inviteSeq: number;
  readonly #clock: Clock;
  readonly #timers: TimerValues;
  readonly #send: () => void;
  #repeat: Timer | undefined;
  #giveUp: Timer | undefined;

  constructor(clock: Clock, timers: TimerValues, inviteSeq: number, send: () => void) {
    this.#clock = clock;
    this.#timers = timers;
    this.inviteSeq = inviteSeq;
    this.#send = send;
  }

  start(onGivenUp: () => void): void {
    this.#send();
    this.#arm(this.#timers.t1Ms);
    this.#giveUp = this.#clock.after(transactionTimeoutMs(this.#timers), () => {
      this.stop();
      onGivenUp();
    });
  }

  stop(): void {
    this.#repeat?.cancel();
    this.#giveUp?.cancel();
  }

  #arm(intervalMs: number): void {
    this.#repeat = this.#clock.after(intervalMs, () => {
      this.#send();
      this.#arm(Math.min(intervalMs * 2, this.#timers.t2Ms));
    });
  }
}

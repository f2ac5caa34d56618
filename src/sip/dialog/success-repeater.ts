import type { Clock, Timer } from '../../base/time/clock.ts';
import { type TimerValues, transactionTimeoutMs } from '../transaction/index.ts';

/**
 * Repeats a 2xx until its ACK arrives: after T1, doubling up to T2, for 64 times T1, on every transport, because the
 * response travels end to end and not hop by hop (RFC 3261 §13.3.1.4).
 */
export class SuccessRepeater {
  readonly #clock: Clock;
  readonly #timers: TimerValues;
  readonly #inviteSeq: number;
  /** Holds the response, and with it the request; gone once the ACK is here. */
  #send: (() => void) | undefined;
  #repeat: Timer | undefined;
  #giveUp: Timer | undefined;
  #waiting = false;

  constructor(clock: Clock, timers: TimerValues, inviteSeq: number, send: () => void) {
    this.#clock = clock;
    this.#timers = timers;
    this.#inviteSeq = inviteSeq;
    this.#send = send;
  }

  /** True until the ACK has come or is given up. */
  get waiting(): boolean {
    return this.#waiting;
  }

  start(onNoAck: () => void): void {
    this.#waiting = true;
    this.#send?.();
    this.#arm(this.#timers.t1Ms);
    this.#giveUp = this.#clock.after(transactionTimeoutMs(this.#timers), () => {
      this.stop();
      onNoAck();
    });
  }

  /** Takes an ACK. @returns whether it is the one that was waited for: one for another INVITE changes nothing. */
  acknowledge(seq: number): boolean {
    if (!this.#waiting || seq !== this.#inviteSeq) return false;
    this.stop();
    return true;
  }

  stop(): void {
    this.#waiting = false;
    this.#repeat?.cancel();
    this.#giveUp?.cancel();
    this.#repeat = undefined;
    this.#giveUp = undefined;
    this.#send = undefined;
  }

  #arm(intervalMs: number): void {
    this.#repeat = this.#clock.after(intervalMs, () => {
      this.#send?.();
      this.#arm(Math.min(intervalMs * 2, this.#timers.t2Ms));
    });
  }
}

import type { Clock, Timer } from '../../base/time/clock.ts';
import type { Settings } from '../../settings/index.ts';
import type { Cause } from '../cause.ts';

/** The timers of one call, all from settings; 0 switches one off. Each names the cause that it ends the call with. */
export class CallTimers {
  readonly #clock: Clock;
  readonly #settings: Settings;
  readonly #expire: (cause: Cause) => void;
  readonly #running = new Map<Cause, Timer>();

  constructor(clock: Clock, settings: Settings, expire: (cause: Cause) => void) {
    this.#clock = clock;
    this.#settings = settings;
    this.#expire = expire;
  }

  /** From the INVITE on [session.absolute-timeout]. */
  callStarted(): void {
    this.#start('absolute timeout', this.#settings.absolute_timeout);
  }

  /** From the first 180 on [session.ring-timeout]. */
  ringing(): void {
    this.#start('no answer', this.#settings.ring_timeout);
  }

  /** From the first media before the answer on [own.early-timeout]. */
  earlyMedia(): void {
    this.#start('early timeout', this.#settings.early_timeout);
  }

  /** The next destination rings anew. */
  attemptEnded(): void {
    this.#stop('no answer');
    this.#stop('early timeout');
  }

  /** From the answer on: the shorter of the setting and the dial rule's bound [session.call-timeout]. */
  answered(maxDurationS: number): void {
    this.attemptEnded();
    const bounds = [this.#settings.call_timeout, maxDurationS].filter((seconds) => seconds > 0);
    this.#start('call timeout', bounds.length === 0 ? 0 : Math.min(...bounds));
  }

  stopAll(): void {
    for (const timer of this.#running.values()) timer.cancel();
    this.#running.clear();
  }

  #start(cause: Cause, seconds: number): void {
    if (seconds === 0 || this.#running.has(cause)) return;
    this.#running.set(
      cause,
      this.#clock.after(seconds * 1000, () => this.#expire(cause)),
    );
  }

  #stop(cause: Cause): void {
    this.#running.get(cause)?.cancel();
    this.#running.delete(cause);
  }
}

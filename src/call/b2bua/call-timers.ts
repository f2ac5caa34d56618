import type { Clock, Timer } from '../../base/time/clock.ts';
import type { Settings } from '../../settings/index.ts';
import type { Cause } from '../cause.ts';

/** The timers of one call, all from settings; 0 switches one off. Each names the cause that it ends the call with. */
export class CallTimers {
  readonly #clock: Clock;
  readonly #settings: Settings;
  readonly #expire: (cause: Cause) => void;
  #absolute: Timer | undefined;
  #invitation: Timer | undefined;
  #trying: Timer | undefined;
  #ringing: Timer | undefined;
  #early: Timer | undefined;
  #connected: Timer | undefined;

  constructor(clock: Clock, settings: Settings, expire: (cause: Cause) => void) {
    this.#clock = clock;
    this.#settings = settings;
    this.#expire = expire;
  }

  /** From the INVITE on [session.absolute-timeout]. */
  callStarted(): void {
    this.#absolute ??= this.#after(this.#settings.absolute_timeout, 'absolute timeout');
  }

  /** So long its caller wants to wait for an answer (RFC 3261 §13.3.1); in 0 s nobody could give one. */
  invitationExpires(afterS: number): void {
    this.#invitation ??= this.#after(afterS, 'invitation expired');
  }

  /** From a 100 on: a next hop that says no more has to end as well (timer C, RFC 3261 §16.8) [session.ring-timeout]. */
  trying(): void {
    this.#trying ??= this.#after(this.#settings.ring_timeout, 'no answer');
  }

  /** From the first 180 on [session.ring-timeout]. */
  ringing(): void {
    this.#trying?.cancel();
    this.#ringing ??= this.#after(this.#settings.ring_timeout, 'no answer');
  }

  /** From the first media before the answer on [own.early-timeout]. */
  earlyMedia(): void {
    this.#early ??= this.#after(this.#settings.early_timeout, 'early timeout');
  }

  /** The next destination rings anew. */
  attemptEnded(): void {
    this.#trying?.cancel();
    this.#ringing?.cancel();
    this.#early?.cancel();
    this.#trying = undefined;
    this.#ringing = undefined;
    this.#early = undefined;
  }

  /** From the answer on: the shorter of the setting and the dial rule's bound [session.call-timeout]. */
  answered(maxDurationS: number): void {
    this.attemptEnded();
    this.#invitation?.cancel();
    const bounds = [this.#settings.call_timeout, maxDurationS].filter((seconds) => seconds > 0);
    this.#connected ??= this.#after(bounds.length === 0 ? 0 : Math.min(...bounds), 'call timeout');
  }

  stopAll(): void {
    this.attemptEnded();
    this.#absolute?.cancel();
    this.#invitation?.cancel();
    this.#connected?.cancel();
  }

  #after(seconds: number, cause: Cause): Timer | undefined {
    return seconds === 0 ? undefined : this.#clock.after(seconds * 1000, () => this.#expire(cause));
  }
}

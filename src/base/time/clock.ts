/** A running timer; cancelling it twice, or after it has fired, is allowed and does nothing. */
export interface Timer {
  cancel(): void;
}

/**
 * Time as a parameter. Durations are measured with `monotonicMs`, which never steps; `wallMs` is only for what a
 * person or a record reads. The simulation gives both from one seed (test/kit/simulated-clock.ts).
 */
export interface Clock {
  /** Milliseconds from an arbitrary start; never goes backwards. */
  monotonicMs(): number;
  /** Milliseconds since 1970-01-01 UTC; may step when the machine's clock is set. */
  wallMs(): number;
  /** Calls `fire` once after `delayMs`. */
  after(delayMs: number, fire: () => void): Timer;
}

import type { Clock, Timer } from '../../src/base/time/clock.ts';

/** One server's share of the clock: its timers are known, and die with it. */
export class MortalClock implements Clock {
  readonly #clock: Clock;
  readonly #running = new Set<Timer>();
  #isDead = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get pendingCount(): number {
    return this.#running.size;
  }

  monotonicMs(): number {
    return this.#clock.monotonicMs();
  }

  wallMs(): number {
    return this.#clock.wallMs();
  }

  after(delayMs: number, fire: () => void): Timer {
    if (this.#isDead) return { cancel: () => {} };
    const timer = this.#clock.after(delayMs, () => {
      this.#running.delete(timer);
      fire();
    });
    this.#running.add(timer);
    return {
      cancel: () => {
        this.#running.delete(timer);
        timer.cancel();
      },
    };
  }

  kill(): void {
    this.#isDead = true;
    for (const timer of this.#running) timer.cancel();
    this.#running.clear();
  }
}

import type { Clock, Timer } from '../../src/base/time/clock.ts';

/** One server's share of the clock: its timers are known, and die with it. */
export class MortalClock implements Clock {
  readonly #clock: Clock;
  readonly #wall: Pick<Clock, 'wallMs'>;
  readonly #running = new Set<Timer>();
  #isDead = false;

  constructor(clock: Clock, wall: Pick<Clock, 'wallMs'>) {
    this.#clock = clock;
    this.#wall = wall;
  }

  get pendingCount(): number {
    return this.#running.size;
  }

  monotonicMs(): number {
    return this.#clock.monotonicMs();
  }

  wallMs(): number {
    return this.#wall.wallMs();
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

import type { Clock } from '../../src/base/time/clock.ts';

/** Steps are whole milliseconds and so much more, which tells of every time by which of them it was read. */
const markMs = 1 / 1024;

/**
 * The clock on the wall of the machine that the server runs on: the world's, until somebody sets it. What the server
 * wrote down can be read in the world's time again.
 */
export class WallClock {
  readonly #clock: Clock;
  readonly #skews: number[] = [0];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether it was ever set. */
  get wasSet(): boolean {
    return this.#skews.length > 1;
  }

  wallMs(): number {
    return this.#clock.wallMs() + (this.#skews.at(-1) ?? 0);
  }

  /** Somebody, or a time server, sets it by whole milliseconds. */
  step(byMs: number): void {
    this.#skews.push(Math.floor(this.#skews.at(-1) ?? 0) + byMs + this.#skews.length * markMs);
  }

  /** The world's time of what the server has read from this clock. */
  trueMs(wallMs: number): number {
    const skew = this.#skews[Math.round((wallMs - Math.floor(wallMs)) / markMs)] ?? 0;
    return Math.round(wallMs - skew);
  }

  trueTime(wallMs: number | undefined): number | undefined {
    return wallMs === undefined ? undefined : this.trueMs(wallMs);
  }
}

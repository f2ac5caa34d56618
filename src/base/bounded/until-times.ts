import type { Clock } from '../time/clock.ts';
import { BoundedMap } from './bounded-map.ts';

/** What holds for a while, by key: bounded, and the oldest makes room. */
export class UntilTimes<Key> {
  readonly #clock: Clock;
  readonly #untilMs: BoundedMap<Key, number>;

  constructor(clock: Clock, most: number) {
    this.#clock = clock;
    this.#untilMs = new BoundedMap(most);
  }

  /** How many are remembered; some of them may be over. */
  get size(): number {
    return this.#untilMs.size;
  }

  /** Holds from now on for so long, whatever held before. */
  set(key: Key, forMs: number): void {
    this.#untilMs.set(key, this.#clock.monotonicMs() + forMs);
  }

  holds(key: Key): boolean {
    const untilMs = this.#untilMs.get(key);
    if (untilMs === undefined) return false;
    if (this.#clock.monotonicMs() < untilMs) return true;
    this.#untilMs.delete(key);
    return false;
  }
}

import { BoundedMap } from '../../base/bounded/bounded-map.ts';
import type { Ban } from './ban.ts';

const maxRepeaters = 20_000;
const repeatMs = 30 * 24 * 3_600_000;

interface Repeater {
  readonly count: number;
  /** UTC milliseconds. */
  readonly atMs: number;
}

/** How often each subject has been banned lately: a further ban within 30 days is one more. Bounded; the oldest goes first. */
export class Repeaters {
  readonly #byKey: BoundedMap<string, Repeater>;
  readonly #onForgotten: (key: string) => void;

  constructor(onForgotten: (key: string) => void) {
    this.#onForgotten = onForgotten;
    this.#byKey = new BoundedMap(maxRepeaters, onForgotten);
  }

  /** A ban begins. @returns how many there were with it */
  next(key: string, nowMs: number): number {
    const before = this.#byKey.get(key);
    const count = before !== undefined && nowMs - before.atMs < repeatMs ? before.count + 1 : 1;
    this.#byKey.set(key, { count, atMs: nowMs });
    return count;
  }

  /** A ban of the last server, over or not. To be called in the order of their beginning. */
  remember({ key, count, atMs }: Ban): void {
    this.#byKey.set(key, { count, atMs });
  }

  has(key: string): boolean {
    return this.#byKey.has(key);
  }

  delete(key: string): void {
    this.#byKey.delete(key);
  }

  /** Forgets all. @returns whom */
  clear(): readonly string[] {
    const keys = [...this.#byKey.entries()].map(([key]) => key);
    this.#byKey.clear();
    return keys;
  }

  forgetOld(nowMs: number): void {
    for (const [key, { atMs }] of this.#byKey.entries()) {
      if (nowMs - atMs < repeatMs) return;
      this.#byKey.delete(key);
      this.#onForgotten(key);
    }
  }
}

import type { Clock, Timer } from '../../src/base/time/clock.ts';

interface Pending {
  readonly dueMs: number;
  readonly order: number;
  readonly fire: () => void;
  /** Place in the heap; -1 once it has fired or was cancelled. */
  index: number;
}

/** A clock that only moves when a test says so. Timers due at the same instant fire in the order they were set. */
export class SimulatedClock implements Clock {
  #nowMs = 0;
  #order = 0;
  #startWallMs: number;
  /** A binary heap, the next timer first: simulations set and cancel hundreds of thousands. */
  readonly #heap: Pending[] = [];

  constructor(startWallMs = Date.UTC(2026, 0, 1)) {
    this.#startWallMs = startWallMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return this.#startWallMs + this.#nowMs;
  }

  /** Somebody sets the machine's clock, forward or back; nothing else moves. */
  stepWall(byMs: number): void {
    this.#startWallMs += byMs;
  }

  after(delayMs: number, fire: () => void): Timer {
    const dueMs = this.#nowMs + Math.max(0, delayMs);
    const entry: Pending = { dueMs, order: this.#order++, fire, index: this.#heap.length };
    this.#heap.push(entry);
    this.#rise(entry);
    return { cancel: () => this.#remove(entry) };
  }

  /** Timers that are still set: a finished test leaves none. */
  get pendingCount(): number {
    return this.#heap.length;
  }

  /** When the next timer is due, on the monotonic clock; undefined when none is set. */
  get nextDueMs(): number | undefined {
    return this.#heap[0]?.dueMs;
  }

  /** Moves time forward and fires every timer on the way, also those that fired timers set. */
  advance(durationMs: number): void {
    const untilMs = this.#nowMs + durationMs;
    for (let next = this.#heap[0]; next !== undefined && next.dueMs <= untilMs; next = this.#heap[0]) {
      this.#remove(next);
      this.#nowMs = next.dueMs;
      next.fire();
    }
    this.#nowMs = untilMs;
  }

  #remove(entry: Pending): void {
    const { index } = entry;
    if (index < 0) return;
    entry.index = -1;
    const last = this.#heap.pop();
    if (last === undefined || last === entry) return;
    this.#place(last, index);
    this.#rise(last);
    this.#sink(last);
  }

  #rise(entry: Pending): void {
    while (entry.index > 0) {
      const parent = this.#heap[(entry.index - 1) >> 1];
      if (parent === undefined || isBefore(parent, entry)) return;
      this.#swap(parent, entry);
    }
  }

  #sink(entry: Pending): void {
    for (;;) {
      const left = this.#heap[2 * entry.index + 1];
      const right = this.#heap[2 * entry.index + 2];
      const child = left !== undefined && right !== undefined && isBefore(right, left) ? right : left;
      if (child === undefined || isBefore(entry, child)) return;
      this.#swap(entry, child);
    }
  }

  #swap(one: Pending, other: Pending): void {
    const { index } = one;
    this.#place(one, other.index);
    this.#place(other, index);
  }

  #place(entry: Pending, index: number): void {
    this.#heap[index] = entry;
    entry.index = index;
  }
}

function isBefore(one: Pending, other: Pending): boolean {
  return one.dueMs < other.dueMs || (one.dueMs === other.dueMs && one.order < other.order);
}

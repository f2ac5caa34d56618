import type { Clock, Timer } from '../time/clock.ts';

interface Waiting<T> {
  readonly item: T;
  readonly dueMs: number;
}

/**
 * Items that all wait the same time. One timer serves them all, so that thousands of finished transactions cost an
 * array slot each and not a timer each (RFC 3261 timers D, I, J, K and RFC 6026 L, M are such constants).
 */
export class ExpiryQueue<T> {
  readonly #clock: Clock;
  readonly #delayMs: number;
  readonly #expire: (item: T) => void;
  #waiting: Waiting<T>[] = [];
  #head = 0;
  #timer: Timer | undefined;

  constructor(clock: Clock, delayMs: number, expire: (item: T) => void) {
    this.#clock = clock;
    this.#delayMs = delayMs;
    this.#expire = expire;
  }

  get size(): number {
    return this.#waiting.length - this.#head;
  }

  push(item: T): void {
    this.#waiting.push({ item, dueMs: this.#clock.monotonicMs() + this.#delayMs });
    this.#timer ??= this.#clock.after(this.#delayMs, () => this.#sweep());
  }

  /** Forgets what waits, without expiring it. */
  clear(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#waiting = [];
    this.#head = 0;
  }

  #sweep(): void {
    this.#timer = undefined;
    const nowMs = this.#clock.monotonicMs();
    for (let next = this.#waiting[this.#head]; next !== undefined && next.dueMs <= nowMs; ) {
      this.#head++;
      this.#expire(next.item);
      next = this.#waiting[this.#head];
    }
    if (this.#head > 1024 || this.#head === this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#head);
      this.#head = 0;
    }
    const first = this.#waiting[this.#head];
    // A quarter of a second of slack gathers many items into one sweep.
    if (first !== undefined) this.#timer ??= this.#clock.after(Math.max(first.dueMs - nowMs, 250), () => this.#sweep());
  }
}

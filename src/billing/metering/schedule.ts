import type { Clock, Timer } from '../../base/time/clock.ts';

/** Something that is to happen once; cancelling it again, or later, is allowed. */
export interface Appointment {
  cancel(): void;
}

interface Entry extends Appointment {
  readonly dueMs: number;
  readonly id: string;
  readonly fire: () => void;
  isCancelled: boolean;
}

/** After a change that concerned all calls, all of them are due at once: signalling waits for none but these. */
const stepsPerTurn = 200;

/**
 * The next step of every metered call, with one timer for all. Steps that are due at the same millisecond are taken by
 * call id: of two calls that want the same last increment, the same one has it whenever their timers were set.
 */
export class Schedule {
  readonly #clock: Clock;
  /** A binary heap, the next step first. */
  readonly #heap: Entry[] = [];
  #timer: Timer | undefined;
  #timerDueMs = Number.POSITIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  at(dueMs: number, id: string, fire: () => void): Appointment {
    const entry: Entry = {
      dueMs,
      id,
      fire,
      isCancelled: false,
      cancel: () => {
        entry.isCancelled = true;
        // A schedule without appointments leaves no timer behind.
        if (this.#heap[0] === entry) this.#setTimer();
      },
    };
    this.#push(entry);
    this.#setTimer();
    return entry;
  }

  #setTimer(): void {
    this.#dropCancelled();
    const dueMs = this.#heap[0]?.dueMs ?? Number.POSITIVE_INFINITY;
    if (dueMs === this.#timerDueMs) return;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#timerDueMs = dueMs;
    if (dueMs === Number.POSITIVE_INFINITY) return;
    this.#timer = this.#clock.after(Math.max(0, dueMs - this.#clock.monotonicMs()), () => this.#run());
  }

  #run(): void {
    this.#timer = undefined;
    this.#timerDueMs = Number.POSITIVE_INFINITY;
    const nowMs = this.#clock.monotonicMs();
    let left = stepsPerTurn;
    try {
      for (let next = this.#heap[0]; next !== undefined && next.dueMs <= nowMs && left > 0; next = this.#heap[0]) {
        this.#pop();
        if (next.isCancelled) continue;
        left--;
        next.fire();
      }
    } finally {
      // What one step broke keeps no other from its time.
      this.#setTimer();
    }
  }

  #dropCancelled(): void {
    while (this.#heap[0]?.isCancelled === true) this.#pop();
  }

  #push(entry: Entry): void {
    let at = this.#heap.push(entry) - 1;
    while (at > 0) {
      const parentAt = (at - 1) >> 1;
      const parent = this.#heap[parentAt];
      if (parent === undefined || isBefore(parent, entry)) break;
      this.#heap[at] = parent;
      at = parentAt;
    }
    this.#heap[at] = entry;
  }

  #pop(): void {
    const last = this.#heap.pop();
    if (last === undefined || this.#heap.length === 0) return;
    let at = 0;
    for (;;) {
      const left = this.#heap[2 * at + 1];
      const right = this.#heap[2 * at + 2];
      const isRight = left !== undefined && right !== undefined && isBefore(right, left);
      const child = isRight ? right : left;
      if (child === undefined || isBefore(last, child)) break;
      this.#heap[at] = child;
      at = isRight ? 2 * at + 2 : 2 * at + 1;
    }
    this.#heap[at] = last;
  }
}

function isBefore(one: Entry, other: Entry): boolean {
  return one.dueMs < other.dueMs || (one.dueMs === other.dueMs && one.id < other.id);
}

import type { Clock, Timer } from '../base/time/clock.ts';
import { type Failure, StoreError, type Write, type WriteFailure } from './messages.ts';

interface Waiting {
  readonly write: Write;
  readonly resolve: () => void;
  readonly reject: (error: StoreError) => void;
}

/** More unanswered writes than this mean that the disk does not keep up; further ones are refused at once. */
const maxUnanswered = 50_000;
/** A batch that is unanswered for so long means that the store is stalled. */
const stallMs = 5000;
/**
 * A commit costs some 150 us of CPU time whatever is in it, so they follow each other no faster than this: an idle
 * server writes at once, a busy one adds at most so much to the set-up of a call.
 */
const paceMs = 40;
/** Writes that nobody's answer waits for look this long for company. */
const patienceMs = 100;

/**
 * Gathers the writes of one turn of the event loop into one message to the worker, and gives each its own answer.
 * Knows from the answers whether the store can write.
 */
export class WriteQueue {
  readonly #post: (batch: number, writes: readonly Write[]) => void;
  readonly #clock: Clock;
  #gathered: Waiting[] = [];
  #turnSet = false;
  #timer: Timer | undefined;
  #dueMs = 0;
  #postedMs = Number.NEGATIVE_INFINITY;
  readonly #posted = new Map<number, { readonly waiting: readonly Waiting[]; readonly sinceMs: number }>();
  #unanswered = 0;
  #nextBatch = 1;
  #fault: Failure | undefined;
  #final = false;

  constructor(clock: Clock, post: (batch: number, writes: readonly Write[]) => void) {
    this.#clock = clock;
    this.#post = post;
  }

  /** Why nothing can be written for now; undefined while all is well. */
  get fault(): Failure | undefined {
    if (this.#fault !== undefined) return this.#fault;
    const oldest = this.#posted.values().next().value;
    if (oldest === undefined || this.#clock.monotonicMs() - oldest.sinceMs < stallMs) return undefined;
    return { reason: 'stalled', message: `the store has not answered for ${stallMs / 1000} s; look at the disk` };
  }

  /** Resolves when the write is on disk. `soon` may wait for company, at most 100 ms. */
  write(write: Write, when: 'now' | 'soon' = 'now'): Promise<void> {
    if (this.#final && this.#fault !== undefined) return Promise.reject(new StoreError(this.#fault));
    if (this.#unanswered >= maxUnanswered) {
      const message = `${maxUnanswered} writes wait for the disk; this one is refused`;
      return Promise.reject(new StoreError({ reason: 'stalled', message }));
    }
    this.#unanswered++;
    this.#schedule(when);
    return new Promise((resolve, reject) => {
      this.#gathered.push({ write, resolve, reject });
    });
  }

  /** Posts what is gathered without waiting for the end of the turn. */
  flush(): void {
    this.#turnSet = false;
    this.#timer?.cancel();
    this.#timer = undefined;
    const waiting = this.#gathered;
    if (waiting.length === 0) return;
    this.#gathered = [];
    const batch = this.#nextBatch++;
    this.#postedMs = this.#clock.monotonicMs();
    this.#posted.set(batch, { waiting, sinceMs: this.#postedMs });
    this.#post(
      batch,
      waiting.map((one) => one.write),
    );
  }

  written(batch: number, failures: readonly WriteFailure[]): void {
    const waiting = this.#posted.get(batch)?.waiting ?? [];
    this.#posted.delete(batch);
    this.#unanswered -= waiting.length;
    this.#learn(waiting.length, failures);
    if (failures.length === 0) {
      for (const one of waiting) one.resolve();
      return;
    }
    const failed = new Map(failures.map(({ at, failure }) => [at, failure]));
    waiting.forEach((one, at) => {
      const failure = failed.get(at);
      if (failure === undefined) one.resolve();
      else one.reject(new StoreError(failure));
    });
  }

  /** No answer will come any more: everything that waits, and whatever is asked later, is refused with `failure`. */
  stop(failure: Failure): void {
    this.#fault = failure;
    this.#final = true;
    const waiting = [...this.#posted.values()].flatMap((batch) => batch.waiting);
    for (const one of [...waiting, ...this.#gathered]) one.reject(new StoreError(failure));
    this.#posted.clear();
    this.#gathered = [];
    this.#unanswered = 0;
  }

  #schedule(when: 'now' | 'soon'): void {
    if (this.#turnSet) return;
    const nowMs = this.#clock.monotonicMs();
    const dueMs = when === 'soon' ? nowMs + patienceMs : this.#postedMs + paceMs;
    if (dueMs <= nowMs) {
      this.#turnSet = true;
      setImmediate(() => this.flush());
    } else if (this.#timer === undefined || dueMs < this.#dueMs) {
      this.#timer?.cancel();
      this.#dueMs = dueMs;
      this.#timer = this.#clock.after(dueMs - nowMs, () => this.flush());
    }
  }

  #learn(size: number, failures: readonly WriteFailure[]): void {
    if (this.#final) return;
    const fault = failures.find(({ failure }) => failure.reason !== 'refused');
    if (fault !== undefined) this.#fault = fault.failure;
    else if (failures.length < size) this.#fault = undefined;
  }
}

import { BoundedMap } from '../../base/bounded/bounded-map.ts';
import type { Clock } from '../../base/time/clock.ts';
import type { Subject } from './leases.ts';

const windowMs = 1000;
const maxSubjects = 20_000;

/** The last calls of one subject, the oldest at `next`. */
interface Recent {
  readonly atMs: Float64Array;
  next: number;
}

/** Calls within the last second, by subject: as many times are kept as the limit has room for. */
export class RateWindows {
  readonly #clock: Clock;
  readonly #recent = new BoundedMap<Subject, Recent>(maxSubjects);

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Calls of the last second, at most `limit`. */
  measured(subject: Subject, limit: number): number {
    const recent = this.#recent.get(subject);
    if (recent === undefined) return 0;
    const sinceMs = this.#clock.monotonicMs() - windowMs;
    let count = 0;
    for (const atMs of recent.atMs) if (atMs > sinceMs) count++;
    return Math.min(count, limit);
  }

  /** Whether one more call fits, without looking at more than one time. */
  hasRoom(subject: Subject, limit: number): boolean {
    const recent = this.#recent.get(subject);
    if (recent === undefined || recent.atMs.length !== limit) return this.measured(subject, limit) < limit;
    return (recent.atMs[recent.next] ?? 0) <= this.#clock.monotonicMs() - windowMs;
  }

  /** Counts a call; nothing where there is no limit. */
  count(subject: Subject, limit: number): void {
    if (limit <= 0) return;
    const recent = this.#recent.get(subject);
    const kept = recent?.atMs.length === limit ? recent : resized(recent, limit);
    if (kept !== recent) this.#recent.set(subject, kept);
    kept.atMs[kept.next] = this.#clock.monotonicMs();
    kept.next = (kept.next + 1) % limit;
  }
}

/** Another limit keeps the newest times that it has room for. */
function resized(recent: Recent | undefined, limit: number): Recent {
  const atMs = new Float64Array(limit).fill(Number.NEGATIVE_INFINITY);
  const newest = [...(recent?.atMs ?? [])].toSorted((one, other) => one - other).slice(-limit);
  atMs.set(newest, limit - newest.length);
  return { atMs, next: 0 };
}

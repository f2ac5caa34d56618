import { BoundedMap } from '../base/bounded/bounded-map.ts';
import type { Clock } from '../base/time/clock.ts';

const minuteMs = 60_000;
const maxCounters = 20_000;
const maxShown = 1000;

/** How often a source was refused by a rule in one minute. */
export interface StrangerRefusal {
  readonly source: string;
  readonly rule: string;
  /** Wall clock time at which the minute began. */
  readonly minuteMs: number;
  readonly count: number;
}

/**
 * What strangers are refused, counted by source, rule and minute. Of who has proven nothing no single decision is kept:
 * anybody could fill the disk with them. Only the last counter of a source and rule is kept, and a bounded number of all.
 */
export class StrangerCounts {
  readonly #clock: Clock;
  readonly #counters = new BoundedMap<
    string,
    { readonly source: string; readonly rule: string; minuteMs: number; count: number }
  >(maxCounters);

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(source: string, rule: string): void {
    const nowMs = this.#clock.wallMs();
    const beganMs = nowMs - (nowMs % minuteMs);
    const key = `${source} ${rule}`;
    const counter = this.#counters.get(key);
    if (counter?.minuteMs === beganMs) counter.count++;
    else this.#counters.set(key, { source, rule, minuteMs: beganMs, count: 1 });
  }

  /** The newest minutes first, then the most refused. */
  newest(): readonly StrangerRefusal[] {
    return [...this.#counters.entries()]
      .map(([, counter]) => ({ ...counter }))
      .sort((one, other) => other.minuteMs - one.minuteMs || other.count - one.count)
      .slice(0, maxShown);
  }
}

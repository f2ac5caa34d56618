import { type Histogram, monitorEventLoopDelay } from 'node:perf_hooks';

/** How often the event loop is asked whether it is on time. */
const periodMs = 10;
const nanosecondsPerSecond = 1e9;

/** Seconds that the event loop was late since it was last asked for. */
export interface LoopDelays {
  readonly median: number;
  readonly p99: number;
  readonly most: number;
}

/**
 * How late the event loop comes to what is due. The engine's histogram holds whole intervals between two looks, so that
 * a loop without work shows the period; here the period is taken off, and what is left is what a packet waits.
 */
export class EventLoopDelay {
  readonly #intervals: Histogram;

  /** `intervals` are those between two looks, in nanoseconds. */
  constructor(intervals: Histogram = watchedLoop()) {
    this.#intervals = intervals;
  }

  /** The delays since the last call: each reader of the metrics sees those since the one before. */
  take(): LoopDelays {
    const late = (intervalNs: number): number => Math.max(0, intervalNs / nanosecondsPerSecond - periodMs / 1000);
    const { max } = this.#intervals;
    const [median, p99] = [50, 99].map((part) => late(this.#intervals.percentile(part)));
    this.#intervals.reset();
    return { median: median ?? 0, p99: p99 ?? 0, most: late(max) };
  }
}

function watchedLoop(): Histogram {
  const intervals = monitorEventLoopDelay({ resolution: periodMs });
  intervals.enable();
  return intervals;
}

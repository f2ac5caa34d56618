import { performance } from 'node:perf_hooks';
import type { Clock } from '../base/time/clock.ts';

const periodMs = 1000;

/** How much of its time the signalling thread worked in the last second, from 0 to 1; looked at once a second at most. */
export function signallingLoad(clock: Clock): () => number {
  let last = performance.eventLoopUtilization();
  let askedAtMs = clock.monotonicMs();
  let load = 0;
  return () => {
    const nowMs = clock.monotonicMs();
    if (nowMs - askedAtMs < periodMs) return load;
    askedAtMs = nowMs;
    const now = performance.eventLoopUtilization();
    load = performance.eventLoopUtilization(now, last).utilization;
    last = now;
    return load;
  };
}

import assert from 'node:assert/strict';
import { createHistogram } from 'node:perf_hooks';
import { test } from 'node:test';
import { EventLoopDelay } from './event-loop-delay.ts';

const ms = 1_000_000;

test('a loop that is on time shows no delay, and one that was held up the time it was held up for, once', () => {
  const intervals = createHistogram();
  const delay = new EventLoopDelay(intervals);
  for (let look = 0; look < 100; look++) intervals.record(10 * ms);
  assert.ok(delay.take().most < 0.0001, 'the interval between two looks is nobody’s delay');
  for (let look = 0; look < 99; look++) intervals.record(11 * ms);
  intervals.record(90 * ms);
  const { median, p99, most } = delay.take();
  const inMs = [median, p99, most].map((seconds) => Math.round(seconds * 1000));
  assert.deepEqual(inMs, [1, 1, 80]);
  assert.equal(delay.take().most, 0);
});

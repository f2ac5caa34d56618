import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { EventLoopDelay } from './event-loop-delay.ts';

test('a loop that was held up shows the time it was held up for, once, and no interval of the looking itself', async () => {
  const delay = new EventLoopDelay();
  await pause(30);
  delay.take();
  // The first interval after a reading is not counted.
  await pause(30);
  const untilMs = performance.now() + 80;
  while (performance.now() < untilMs);
  await pause(15);
  const { most } = delay.take();
  assert.ok(most > 0.06, `${most} s of 80 ms`);
  await pause(30);
  const after = delay.take();
  assert.ok(after.median < 0.005, `${after.median} s for a loop that did nothing`);
  assert.ok(after.most < most, 'told before');
});

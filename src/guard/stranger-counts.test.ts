import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SimulatedClock } from '../../test/kit/simulated-clock.ts';
import { StrangerCounts } from './stranger-counts.ts';

test('refusals of strangers are counted by source, rule and minute, and a flood of sources is bounded', () => {
  const clock = new SimulatedClock(Date.UTC(2026, 0, 1, 10));
  const counts = new StrangerCounts(clock);
  for (let asked = 0; asked < 3; asked++) counts.add('192.0.2.66', 'wrong password');
  counts.add('192.0.2.66', 'guest refused');
  const [most] = counts.newest();
  assert.deepEqual(most, {
    source: '192.0.2.66',
    rule: 'wrong password',
    minuteMs: Date.UTC(2026, 0, 1, 10),
    count: 3,
  });
  clock.advance(60_000);
  counts.add('192.0.2.66', 'wrong password');
  assert.deepEqual([counts.newest()[0]?.count, counts.newest()[0]?.minuteMs], [1, Date.UTC(2026, 0, 1, 10, 1)]);
  for (let source = 0; source < 30_000; source++) counts.add(`s${source}`, 'x');
  assert.equal(counts.newest().length, 1000);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SlidingSums } from './sliding-sum.ts';

test('what an address spent counts for the window and a quarter of an hour at most [limits.maxcostperip]', () => {
  const hourMs = 3_600_000;
  const sums = new SlidingSums(2);
  sums.add('192.0.2.1', 5n, 10 * hourMs);
  sums.add('192.0.2.1', 3n, 30 * hourMs);
  assert.equal(sums.of('192.0.2.1', 33.9 * hourMs, 24 * hourMs), 8n);
  assert.equal(sums.of('192.0.2.1', 34.3 * hourMs, 24 * hourMs), 3n);
  assert.equal(sums.of('192.0.2.2', 34 * hourMs, 24 * hourMs), 0n);
});

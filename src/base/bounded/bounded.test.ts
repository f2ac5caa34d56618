import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SimulatedClock } from '../../../test/kit/simulated-clock.ts';
import { BoundedMap } from './bounded-map.ts';
import { ExpiryQueue } from './expiry-queue.ts';
import { UntilTimes } from './until-times.ts';

test('a full map lets the entry go that was set longest ago', () => {
  const evicted: string[] = [];
  const map = new BoundedMap<string, number>(2, (key) => evicted.push(key));
  map.set('a', 1);
  map.set('b', 2);
  map.set('a', 3);
  map.set('c', 4);
  assert.deepEqual([evicted, map.has('a'), map.has('b'), map.size], [['b'], true, false, 2]);
});

test('items of an expiry queue expire after the delay, in order, with one timer for all', () => {
  const clock = new SimulatedClock();
  const expired: number[] = [];
  const queue = new ExpiryQueue<number>(clock, 1000, (item) => expired.push(item));
  queue.push(1);
  clock.advance(400);
  queue.push(2);
  assert.equal(clock.pendingCount, 1);
  clock.advance(600);
  assert.deepEqual(expired, [1]);
  clock.advance(400);
  assert.deepEqual(expired, [1, 2]);
  assert.deepEqual([queue.size, clock.pendingCount], [0, 0]);
});

test('an item that is pushed while others expire is not lost', () => {
  const clock = new SimulatedClock();
  const expired: number[] = [];
  const queue: ExpiryQueue<number> = new ExpiryQueue<number>(clock, 1000, (item) => {
    expired.push(item);
    if (item < 3) queue.push(item + 1);
  });
  queue.push(1);
  clock.advance(10_000);
  assert.deepEqual(expired, [1, 2, 3]);
});

test('what holds for a while is over at its end, counts from the last time it was set, and makes room when it is the oldest', () => {
  const clock = new SimulatedClock();
  const held = new UntilTimes<string>(clock, 2);
  held.set('a', 1000);
  clock.advance(600);
  held.set('a', 1000);
  clock.advance(999);
  assert.equal(held.holds('a'), true);
  clock.advance(1);
  assert.equal(held.holds('a'), false);
  for (const key of ['b', 'c', 'd']) held.set(key, 1000);
  assert.deepEqual([held.holds('b'), held.holds('c'), held.holds('d'), held.size], [false, true, true, 2]);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SimulatedClock } from '../../test/kit/simulated-clock.ts';
import type { Write } from './messages.ts';
import { WriteQueue } from './write-queue.ts';

const write: Write = ['heartbeat', 1, 1];

function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

test('all writes of one turn of the event loop are one message, and each gets its own answer', async () => {
  const posted: (readonly [number, number])[] = [];
  const queue = new WriteQueue(new SimulatedClock(), (batch, writes) => posted.push([batch, writes.length]));
  const results = Promise.allSettled([queue.write(write), queue.write(write), queue.write(write)]);
  await turn();
  assert.deepEqual(posted, [[1, 3]]);
  queue.written(1, [{ at: 1, failure: { reason: 'refused', message: 'no' } }]);
  assert.deepEqual(
    (await results).map((result) => result.status),
    ['fulfilled', 'rejected', 'fulfilled'],
  );
  assert.equal(queue.fault, undefined, 'a refused write says nothing of the disk');
});

test('a write that may wait travels with the next urgent one, or after 100 ms alone', async () => {
  const posted: number[] = [];
  const clock = new SimulatedClock();
  const queue = new WriteQueue(clock, (_, writes) => posted.push(writes.length));
  const all = [queue.write(write, 'soon'), queue.write(write, 'soon')];
  await turn();
  assert.deepEqual(posted, []);
  all.push(queue.write(write));
  await turn();
  assert.deepEqual(posted, [3]);
  all.push(queue.write(write, 'soon'));
  clock.advance(99);
  assert.deepEqual(posted, [3]);
  clock.advance(1);
  assert.deepEqual(posted, [3, 1]);
  assert.equal(clock.pendingCount, 0);
  queue.written(1, []);
  queue.written(2, []);
  await Promise.all(all);
});

test('on a busy server messages follow each other every 40 ms, on an idle one they leave at once', async () => {
  const posted: number[] = [];
  const clock = new SimulatedClock();
  const queue = new WriteQueue(clock, (_, writes) => posted.push(writes.length));
  const all = [queue.write(write)];
  await turn();
  all.push(queue.write(write), queue.write(write));
  await turn();
  clock.advance(39);
  assert.deepEqual(posted, [1]);
  clock.advance(1);
  assert.deepEqual(posted, [1, 2]);
  clock.advance(1000);
  all.push(queue.write(write));
  await turn();
  assert.deepEqual(posted, [1, 2, 1]);
  for (const batch of [1, 2, 3]) queue.written(batch, []);
  await Promise.all(all);
});

test('a full disk is a fault until a write succeeds again', async () => {
  const clock = new SimulatedClock();
  const queue = new WriteQueue(clock, () => {});
  const first = queue.write(write);
  await turn();
  queue.written(1, [{ at: 0, failure: { reason: 'full', message: 'the disk is full' } }]);
  await assert.rejects(first, /the disk is full/);
  assert.equal(queue.fault?.reason, 'full');
  const second = queue.write(write);
  clock.advance(40);
  queue.written(2, []);
  await second;
  assert.equal(queue.fault, undefined);
});

test('a store that does not answer for five seconds is stalled', async () => {
  const clock = new SimulatedClock();
  const queue = new WriteQueue(clock, () => {});
  const waiting = queue.write(write);
  await turn();
  clock.advance(4999);
  assert.equal(queue.fault?.reason, undefined);
  clock.advance(1);
  assert.equal(queue.fault?.reason, 'stalled');
  queue.written(1, []);
  await waiting;
  assert.equal(queue.fault, undefined);
});

test('after the end of the thread everything that waits and everything later is refused', async () => {
  const queue = new WriteQueue(new SimulatedClock(), () => {});
  const posted = queue.write(write);
  await turn();
  const gathered = queue.write(write);
  queue.stop({ reason: 'broken', message: 'the thread has ended' });
  for (const one of [posted, gathered, queue.write(write)]) await assert.rejects(one, /the thread has ended/);
  await turn();
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SourceCalls } from './source-calls.ts';
import { RateWindows } from './rate-window.ts';
import { type Talk, TalkTime, usedUpInMs } from './talk-time.ts';
import { SimulatedClock } from '../../../test/kit/simulated-clock.ts';

const talk = (callId: string, day: string, sinceMs: number): Talk => ({ accountId: 1, callId, day, sinceMs });

test('talk belongs to the day and month on which the call began, whenever it ends', () => {
  const time = new TalkTime();
  const late = talk('late', '2026-11-30', 0);
  time.begin(late);
  const early = talk('early', '2026-12-01', 1000);
  time.begin(early);
  assert.deepEqual(
    ['2026-11-30', '2026-11', '2026-12-01', '2026-12'].map((period) => time.usedMs(1, period, 5000)),
    [5000, 5000, 4000, 4000],
  );
  time.end(early, 6000);
  time.end(early, 9000);
  time.end(late, 7000);
  assert.equal(time.usedMs(1, '2026-12', 9000), 5000);
  assert.equal(time.usedMs(1, '2026-11', 9000), 7000);
  assert.deepEqual(time.running(1), []);
});

test('calls that talk together use a period up together', () => {
  assert.equal(usedUpInMs({ limitS: 60, usedMs: 0, callsNow: 1 }), 60_000);
  assert.equal(usedUpInMs({ limitS: 60, usedMs: 0, callsNow: 7 }), Math.ceil(60_000 / 7));
  assert.equal(usedUpInMs({ limitS: 60, usedMs: 70_000, callsNow: 1 }), 0);
});

test('calls of a source leave the window as time goes on, and their talk with them', () => {
  const sources = new SourceCalls();
  for (let at = 0; at < 3000; at++) {
    const call = sources.add('a', at);
    call.answered(at);
    call.ended(at + 1000);
  }
  assert.deepEqual([sources.count('a', -1), sources.count('b', -1)], [3000, 0]);
  assert.equal(sources.talkS('a', 2989, 9000), 10);
  assert.equal(sources.count('a', 2999), 0);
});

test('talk of a source that goes on counts up to now, and a call that left the window not at all', () => {
  const sources = new SourceCalls();
  const [old, running, unanswered] = [sources.add('a', 0), sources.add('a', 1000), sources.add('a', 1500)];
  old.answered(0);
  running.answered(2000);
  unanswered.ended(3000);
  assert.equal(sources.talkS('a', -1, 5000), 8);
  assert.equal(sources.talkS('a', 500, 5000), 3);
  old.ended(9000);
  running.ended(6000);
  assert.equal(sources.talkS('a', 500, 60_000), 4);
  assert.equal(sources.talkS('a', 1200, 60_000), 0);
});

test('a rate has room again when the oldest of its calls is a second old, also after the limit was changed', () => {
  const clock = new SimulatedClock();
  const rates = new RateWindows(clock);
  for (let call = 0; call < 3; call++) {
    assert.ok(rates.hasRoom('a', 3));
    rates.count('a', 3);
    clock.advance(100);
  }
  assert.deepEqual([rates.hasRoom('a', 3), rates.measured('a', 3), rates.hasRoom('a', 4)], [false, 3, true]);
  clock.advance(701);
  assert.ok(rates.hasRoom('a', 3));
  rates.count('a', 2);
  assert.equal(rates.hasRoom('a', 2), false);
});

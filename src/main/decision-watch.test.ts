import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SimulatedClock } from '../../test/kit/simulated-clock.ts';
import { silentLog } from '../base/log/log.ts';
import { DecisionWatch } from './decision-watch.ts';

test('old decisions go at start and once a day, slice after slice with pauses between, and a fault of the disk ends nothing', async () => {
  const clock = new SimulatedClock(Date.parse('2026-11-21T10:00:00Z'));
  let rows = 2500;
  let fails = true;
  const asked: (readonly [number, number])[] = [];
  const watch = new DecisionWatch({
    ...{ clock, log: silentLog, settings: () => ({ decision_days: 90, max_decisions: 5000 }) },
    prune: (beforeMs, maxRows) => {
      asked.push([beforeMs, maxRows]);
      if (fails) return Promise.reject(new Error('disk full'));
      const slice = Math.min(1000, rows);
      rows -= slice;
      return Promise.resolve(slice);
    },
  });
  const pass = async (ms: number): Promise<void> => {
    clock.advance(ms);
    for (let turn = 0; turn < 5; turn++) await Promise.resolve();
  };
  watch.start();
  await pass(0);
  assert.deepEqual(asked, [[Date.parse('2026-08-23T10:00:00Z'), 5000]]);
  fails = false;
  await pass(86_400_000);
  assert.equal(rows, 1500);
  for (let slice = 0; slice < 3; slice++) await pass(100);
  assert.deepEqual([rows, asked.length], [0, 5]);
  watch.stop();
  assert.equal(clock.pendingCount, 0);
});

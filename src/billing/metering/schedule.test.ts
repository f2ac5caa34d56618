import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SimulatedClock } from '../../../test/kit/simulated-clock.ts';
import { Schedule } from './schedule.ts';

test('steps that are due together are taken by id, a few hundred in a turn, and none is lost', () => {
  const clock = new SimulatedClock();
  const schedule = new Schedule(clock);
  const taken: string[] = [];
  const ids = Array.from({ length: 1000 }, (_, at) => String(at).padStart(4, '0'));
  let turns = 0;
  const inTurn = clock.after.bind(clock);
  clock.after = (delayMs, fire) =>
    inTurn(delayMs, () => {
      turns++;
      fire();
    });
  for (const id of ids.toReversed()) schedule.at(5000, id, () => taken.push(id));
  schedule.at(5000, '0500a', () => taken.push('cancelled')).cancel();
  clock.advance(5000);
  assert.deepEqual(taken, ids);
  assert.ok(turns >= 5, `${turns} turns`);
  assert.equal(clock.pendingCount, 0);
});

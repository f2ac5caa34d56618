import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decide } from './decision.ts';
import { fits, limitRefusal, passesUnder } from './limit.ts';
import { seededRandom } from '../../test/kit/seeded-random.ts';
import { SimulatedClock } from '../../test/kit/simulated-clock.ts';

test('a limit is kept when what is in use and what is asked fit below it together', () => {
  const rows: readonly (readonly [number | bigint, number | bigint, number | bigint, boolean])[] = [
    [4, 1, 5, true],
    [5, 1, 5, false],
    [0, 1, 0, true],
    [9, 1, -1, true],
    [69_990_000n, 10_000n, 70_000_000n, true],
    [70_000_000n, 1n, 70_000_000n, false],
  ];
  for (const [measured, asked, limit, expected] of rows) assert.equal(fits({ measured, asked, limit }), expected);
});

test('a decision can be made again under another limit from what it recorded', () => {
  const refused = limitRefusal({
    rule: 'maxlines',
    sipStatus: 403,
    measure: { measured: 5, asked: 1, limit: 5 },
    unit: 'calls',
    origin: { by: 'anna', atMs: 7 },
    evidence: '',
  });
  const parts = { clock: new SimulatedClock(), random: seededRandom(1) };
  const decision = decide(refused, { subject: 'account:alice', callId: 'c' }, 'enforce', parts);
  assert.deepEqual([decision.setBy, decision.setAtMs, decision.unit], ['anna', 7, 'calls']);
  assert.deepEqual(
    [passesUnder(decision, 5n), passesUnder(decision, 6n), passesUnder(decision, 0n)],
    [false, true, true],
  );
  assert.equal(passesUnder({ ...decision, measured: '0049', asked: '' }, 5n), undefined);
});

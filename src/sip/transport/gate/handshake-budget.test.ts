import assert from 'node:assert/strict';
import { it } from 'node:test';
import { HandshakeBudget } from './handshake-budget.ts';

const granted = (budget: HandshakeBudget, sources: readonly string[], isKnown: boolean, nowMs: number): number =>
  sources.filter((source) => budget.admits(source, isKnown, nowMs)).length;
const times = (count: number, source: (at: number) => string): string[] =>
  Array.from({ length: count }, (_, at) => source(at));

it('one stranger has a part of the budget, and the rest is left for others', () => {
  const budget = new HandshakeBudget(100, 0);
  assert.equal(
    granted(
      budget,
      times(1000, () => 'a'),
      false,
      0,
    ),
    20,
  );
  assert.equal(
    granted(
      budget,
      times(1000, () => 'a'),
      false,
      1000,
    ),
    5,
  );
  assert.equal(
    granted(
      budget,
      times(10, () => 'b'),
      false,
      1000,
    ),
    10,
  );
});

it('many strangers together have what one second gives, and no more in the next', () => {
  const budget = new HandshakeBudget(100, 0);
  assert.equal(
    granted(
      budget,
      times(5000, (at) => `s${at}`),
      false,
      0,
    ),
    100,
  );
  assert.equal(
    granted(
      budget,
      times(5000, (at) => `t${at}`),
      false,
      1000,
    ),
    100,
  );
});

it('a known source is served while strangers have used up theirs', () => {
  const budget = new HandshakeBudget(100, 0);
  granted(
    budget,
    times(5000, (at) => `s${at}`),
    false,
    0,
  );
  assert.equal(
    granted(
      budget,
      times(200, () => 'office'),
      true,
      0,
    ),
    200,
  );
});

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  baselineFloorMicros,
  decayedBaseline,
  dynamicLimitMicros,
  highestEarlierSpend,
  type SpendDay,
} from './dynamic-limit.ts';

const unit = 1_000_000n;
const seven = 7000n;

/** Days before `2026-12-01`, the newest first, in currency units. */
function spendOf(...units: readonly (number | 'blocked')[]): SpendDay[] {
  const today = Date.parse('2026-12-01T00:00:00Z');
  return units.map((spent, back) => ({
    day: new Date(today - (back + 1) * 86_400_000).toISOString().slice(0, 10),
    spentMicros: spent === 'blocked' ? 1000n * unit : BigInt(spent) * unit,
    wasBlocked: spent === 'blocked',
  }));
}

function decayed(days: readonly SpendDay[]): bigint {
  return decayedBaseline(days, '2026-12-01', baselineFloorMicros(seven, 10n * unit));
}

describe('the highest day of all times', () => {
  test('is the highest of the days before today, whatever today has [credit.maxdyndailycredit]', () => {
    const today = { day: '2026-12-01', spentMicros: 900n * unit, wasBlocked: false };
    assert.equal(highestEarlierSpend([...spendOf(5, 0, 10), today], '2026-12-01'), 10n * unit);
    assert.equal(highestEarlierSpend(spendOf(30, 5, 0, 10), '2026-12-01'), 30n * unit);
  });

  test('is not raised by a day on which the account was blocked', () => {
    assert.equal(highestEarlierSpend(spendOf('blocked', 30), '2026-12-01'), 30n * unit);
  });

  test('times seven is the limit, and never less than the minimum [credit.maxdyndailycredit-multiplier]', () => {
    assert.equal(dynamicLimitMicros(30n * unit, seven, 10n * unit), 210n * unit);
    assert.equal(dynamicLimitMicros(1n * unit, seven, 10n * unit), 10n * unit);
    assert.equal(dynamicLimitMicros(10n * unit, 6500n, 10n * unit), 65n * unit);
  });
});

describe('our usual day', () => {
  test('of an account that has always spent ten is ten', () => {
    const baseline = decayed(spendOf(...Array.from({ length: 28 }, () => 10)));
    assert.ok(baseline > 9n * unit && baseline <= 10n * unit, String(baseline));
  });

  test('grows by half a day at most, however much is spent', () => {
    const floor = baselineFloorMicros(seven, 10n * unit);
    assert.equal(decayed(spendOf(1000)), (floor * 3n) / 2n);
    assert.equal(decayed(spendOf(1000, 1000)), (((floor * 3n) / 2n) * 3n) / 2n);
  });

  test('counts a peak half after fourteen days and forgets it after twenty-eight', () => {
    const usual = Array.from({ length: 28 }, () => 40);
    const steady = decayed(spendOf(...usual));
    const quiet = decayed(spendOf(...Array.from({ length: 14 }, () => 0), ...usual));
    assert.ok(quiet > steady / 3n && quiet < (steady * 3n) / 4n, `${steady} ${quiet}`);
    const forgotten = decayed(spendOf(...Array.from({ length: 28 }, () => 0), ...usual));
    assert.equal(forgotten, baselineFloorMicros(seven, 10n * unit));
  });

  test('a thief who always stays under the limit needs ten days for what the highest day gives in three', () => {
    const grow = (usualDay: (days: readonly SpendDay[]) => bigint): number => {
      let days: SpendDay[] = [];
      for (let count = 1; count < 60; count++) {
        const limit = dynamicLimitMicros(usualDay(days), seven, 10n * unit);
        if (limit >= 400n * unit) return count;
        const spent = [limit - 1n, ...days.map(({ spentMicros }) => spentMicros)];
        days = spendOf(...spent.map(() => 0)).map((day, at) => ({ ...day, spentMicros: spent[at] ?? 0n }));
      }
      return 60;
    };
    assert.equal(
      grow((days) => highestEarlierSpend(days, '2026-12-01')),
      3,
    );
    assert.ok(grow(decayed) >= 10);
  });
});

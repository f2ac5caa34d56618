import assert from 'node:assert/strict';
import { test } from 'node:test';
import { monthlyLimitMicros } from './monthly-limit.ts';

const growth = { limitMicros: 100n, incrementMicros: 20n, endMicros: 150n };

test('MON-1: after active months 100 grows to 120, 140 and 150, and a month without calls adds nothing [credit.maxmonthlycreditinc]', () => {
  const active: string[] = [];
  const after = ['2026-01', '2026-02', '2026-03', '2026-04', '2026-05'].map((month, index) => {
    if (month !== '2026-02') active.push(month);
    const next = `2026-0${index + 2}`;
    return monthlyLimitMicros(growth, next, '2026-01', active);
  });
  assert.deepEqual(after, [120n, 120n, 140n, 150n, 150n]);
});

test('growth never passes its end, counts from the month in which the limit was set, and needs an end [credit.maxmonthlycreditend]', () => {
  const years = Array.from(
    { length: 24 },
    (_, index) => `20${25 + Math.floor(index / 12)}-${String((index % 12) + 1).padStart(2, '0')}`,
  );
  assert.equal(monthlyLimitMicros(growth, '2027-01', '2025-01', years), 150n);
  assert.equal(monthlyLimitMicros(growth, '2026-12', '2026-11', years), 120n);
  assert.equal(monthlyLimitMicros({ ...growth, endMicros: 0n }, '2027-01', '2025-01', years), 100n);
  assert.equal(monthlyLimitMicros({ ...growth, limitMicros: 0n }, '2027-01', '2025-01', years), 0n);
});

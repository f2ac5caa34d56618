import assert from 'node:assert/strict';
import { test } from 'node:test';
import { spendPeakOf, spendPeakPut } from './spend-peak-rows.ts';

test('what an account is used to spend comes back from its row to the millionth [credit.maxdyndailycredit]', () => {
  const peak = { accountId: 7, highestMicros: 9_007_199_254_740_993n, blockedDays: ['2026-11-20'] };
  const change = spendPeakPut(peak);
  assert.ok(change.kind === 'put');
  assert.deepEqual(spendPeakOf(change.row), peak);
});

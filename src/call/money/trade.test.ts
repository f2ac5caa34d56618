import assert from 'node:assert/strict';
import { test } from 'node:test';
import { priceRow } from '../../../test/kit/money.ts';
import { PeriodSums } from '../../billing/limits/period-sums.ts';
import { SlidingSums } from '../../billing/limits/sliding-sum.ts';
import { lossBy, rememberTrade } from './trade.ts';

const hourMs = 3_600_000;

test('what calls cost is known after a restart: by address, by SIP server and hour, and what each payer lost in a day', () => {
  const sums = { hours: new PeriodSums(9), losses: new PeriodSums(9), sources: new SlidingSums(9) };
  const of = (callId: string, accountId: number, costMicros: bigint, atMs: number) => {
    return { callId, accountId, costMicros, day: '2026-11-21', atMs, payerId: 1, sourceAddress: '192.0.2.9' };
  };
  const nowMs = 495_000 * hourMs + 5000;
  const past = [
    of('a', 1, 30n, nowMs),
    of('a', 7, 50n, nowMs),
    of('b', 1, 90n, nowMs - hourMs),
    of('b', 7, 10n, nowMs - hourMs),
  ];
  rememberTrade(sums, past, (accountId) => accountId === 7);
  assert.equal(sums.sources.of('192.0.2.9', nowMs, 24 * hourMs), 120n);
  assert.deepEqual([sums.hours.of(7, '495000'), sums.hours.of(7, '494999')], [50n, 10n]);
  // A call that earned does not pay for one that lost.
  assert.equal(sums.losses.of(1, '2026-11-21'), 20n);
});

test('a loss never falls while a call lasts, and is told at the first second of each increment of the carrier', () => {
  const [costRow, saleRow] = [priceRow(60_000n, { firstIncrementS: 60, nextIncrementS: 60 }), priceRow(30_000n)];
  const minute = (row: typeof costRow) => (_startMs: number, seconds: number) => {
    const step = BigInt(row.nextIncrementS);
    return (((BigInt(seconds) + step - 1n) / step) * step * row.peakPerMinuteMicros) / 60n;
  };
  const loss = lossBy(minute(costRow), costRow, minute(saleRow));
  assert.deepEqual([loss(0, 1), loss(0, 60), loss(0, 61), loss(0, 120)], [59_500n, 59_500n, 89_500n, 89_500n]);
  for (let second = 1; second < 300; second++) assert.ok(loss(0, second + 1) >= loss(0, second));
});

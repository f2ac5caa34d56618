import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { aCdr } from '../../test/kit/records.ts';
import { blankAccount } from '../accounts/blank-account.ts';
import { AccountDirectory } from '../accounts/directory.ts';
import { silentLog } from '../base/log/log.ts';
import { systemRandom } from '../base/random/random.ts';
import { systemClock } from '../base/time/system-clock.ts';
import { chargePosting, type Posting } from '../billing/ledger/posting.ts';
import { PeriodSums } from '../billing/limits/period-sums.ts';
import { SlidingSums } from '../billing/limits/sliding-sum.ts';
import { rememberTrade } from '../call/money/trade.ts';
import type { Cdr } from '../call/record.ts';
import { openStore } from './open-store.ts';
import type { Store } from './store.ts';

const root = mkdtempSync(join(tmpdir(), 'ringfence-past-'));
process.on('exit', () => rmSync(root, { recursive: true, force: true }));

async function open(): Promise<Store> {
  const opened = await openStore(join(root, 'data'), {
    ...{ clock: systemClock, log: silentLog, random: systemRandom(), realm: 'home' },
  });
  assert.ok(opened.ok, opened.ok ? '' : opened.error);
  return opened.value.store;
}

const [payerId, carrierId] = [10, 11];
const day = '2026-11-21';
const noonMs = Date.parse('2026-11-21T12:00:00Z');
const hour = 3_600_000;
const hourOfNoon = String(noonMs / hour);

function call(callId: string, startedAtMs: number, given: Partial<Cdr> = {}): Cdr {
  const times = { startedAtMs, answeredAtMs: startedAtMs + 1000, endedAtMs: startedAtMs + 61_000 };
  return { ...aCdr(callId, startedAtMs), ...times, calleeName: 'trunk:carrier', ...given };
}

function charge(callId: string, accountId: number, costMicros: bigint, late?: number): Posting {
  const charged = { callId, accountId, costMicros, day, currency: 'EUR', cause: '', atMs: noonMs + 1 };
  return chargePosting(late === undefined ? charged : { ...charged, late });
}

test('a start finds in the database what calls of its periods have used, each once, and nothing that is older', async () => {
  const first = await open();
  await first.calls.end(call('old', noonMs - 50 * hour), [charge('old', payerId, 1000n)]);
  await first.calls.end(call('won', noonMs), [charge('won', payerId, 90n), charge('won', carrierId, 30n)]);
  await first.calls.end(call('lost', noonMs + 60_000), [charge('lost', payerId, 5n), charge('lost', carrierId, 25n)]);
  await first.calls.amend(call('lost', noonMs + 60_000), [charge('lost', carrierId, 7n, 1)]);
  await first.calls.end(call('unanswered', noonMs, { answeredAtMs: undefined }));
  await first.calls.end(call('refused', noonMs, { answeredAtMs: undefined, decisionId: 'd1' }));
  await first.close();
  const store = await open();
  const charges = await store.past.callChargesSince(noonMs - hour);
  assert.deepEqual(
    charges.map(({ callId, accountId, costMicros }) => [callId, accountId, costMicros]),
    [
      ['won', payerId, 90n],
      ['won', carrierId, 30n],
      ['lost', payerId, 5n],
      ['lost', carrierId, 25n],
      ['lost', carrierId, 7n],
    ],
  );
  const accounts = [
    blankAccount(payerId, 'alice', 'enduser'),
    { ...blankAccount(carrierId, 'carrier', 'sipserver' as const) },
  ];
  const directory = new AccountDirectory({ accounts, credentials: [], numbers: [], dialRules: [], nextId: 99 });
  const trade = { hours: new PeriodSums(9), losses: new PeriodSums(9), sources: new SlidingSums(9) };
  rememberTrade(trade, charges, (id) => directory.accountById(id)?.kind === 'sipserver');
  const found = [
    trade.hours.of(carrierId, hourOfNoon),
    trade.losses.of(payerId, day),
    trade.sources.of('192.0.2.1', noonMs + 2, hour),
  ];
  assert.deepEqual(found, [62n, 27n, 95n]);
  const talk = await store.past.talkSince(noonMs - hour);
  assert.deepEqual(
    talk.map(({ payerId: id, calleeName, talkMs }) => [id, calleeName, talkMs]),
    [[payerId, 'trunk:carrier', 120_000]],
  );
  const sourceCalls = await store.past.sourceCallsSince(noonMs - hour);
  assert.deepEqual(
    sourceCalls.map(({ sourceAddress, startedAtMs, endedAtMs }) => [
      sourceAddress,
      startedAtMs - noonMs,
      endedAtMs - noonMs,
    ]),
    [
      ['192.0.2.1', 0, 61_000],
      ['192.0.2.1', 0, 61_000],
      ['192.0.2.1', 60_000, 121_000],
    ],
  );
  await store.close();
});

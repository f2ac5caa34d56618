import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, renameSync, rmSync, symlinkSync, unlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { aCdr } from '../../test/kit/records.ts';
import { silentLog } from '../base/log/log.ts';
import { systemRandom } from '../base/random/random.ts';
import { systemClock } from '../base/time/system-clock.ts';
import { Balances } from '../billing/ledger/balances.ts';
import type { DialogRecord } from '../call/record.ts';
import { chargePosting, type Posting } from '../billing/ledger/posting.ts';
import { openStore } from './open-store.ts';
import type { Store } from './store.ts';

const root = mkdtempSync(join(tmpdir(), 'ringfence-ledger-'));
process.on('exit', () => rmSync(root, { recursive: true, force: true }));
let folders = 0;

function newFolder(): string {
  folders++;
  return join(root, String(folders));
}

async function open(folder: string): Promise<Store> {
  const opened = await openStore(folder, { clock: systemClock, log: silentLog, random: systemRandom(), realm: 'home' });
  assert.ok(opened.ok, opened.ok ? '' : opened.error);
  return opened.value.store;
}

async function balancesOf(store: Store): Promise<Balances> {
  return new Balances((await store.loadSnapshot()).ledger.sums);
}

function topUp(id: string, amountMicros: bigint, accountId = 2): Posting {
  return {
    ...{ id, accountId, kind: 'top-up', amountMicros, currency: 'EUR', cause: 'paid', actor: 'command line' },
    ...{ atMs: 1000, day: '2026-11-21', callId: '', cleared: true, reverses: '' },
  };
}

function charge(callId: string, costMicros: bigint, day = '2026-11-21', accountId = 2): Posting {
  const cause = 'call to 43123';
  return chargePosting({ callId, accountId, costMicros, day, currency: 'EUR', cause, atMs: 2000 });
}

test('a charge is on the balance, the day and the month to the last millionth [credit.todaycredit]', async () => {
  const store = await open(newFolder());
  await store.apply([], [], [topUp('first', 10_000_000n)]);
  await store.calls.end(aCdr('call-1'), [charge('call-1', 7310n)]);
  const balances = await balancesOf(store);
  assert.equal(balances.postedMicros(2), 9_992_690n);
  assert.equal(balances.chargedOnDay(2, '2026-11-21'), 7310n);
  assert.equal(balances.chargedOnDay(2, '2026-11-22'), 0n);
  assert.equal(balances.chargedInMonth(2, '2026-11'), 7310n);
  await store.close();
});

test('the charges of a call across midnight, its CDR and the end of its row are one transaction', async () => {
  const folder = newFolder();
  const store = await open(folder);
  await store.calls.begin({ callId: 'call-1', startedAtMs: 1, cdr: aCdr('call-1'), invites: [], money: '' });
  await store.calls.end(aCdr('call-1'), [charge('call-1', 5n, '2026-11-30'), charge('call-1', 6n, '2026-12-01')]);
  await store.close();
  const again = await open(folder);
  const balances = await balancesOf(again);
  assert.deepEqual([balances.chargedInMonth(2, '2026-11'), balances.chargedInMonth(2, '2026-12')], [5n, 6n]);
  assert.equal((await again.queryCdrs({ limit: 10 })).length, 1);
  assert.equal((await again.loadSnapshot()).unfinishedCalls.length, 0);
  await again.close();
});

test('what a carrier charges after the CDR was written is a charge of its own, and the CDR tells of it', async () => {
  const store = await open(newFolder());
  await store.calls.end(aCdr('call-1'), [charge('call-1', 5n)]);
  const cause = 'carrier cost of a call to 43123';
  const times = { day: '2026-11-21', currency: 'EUR', cause, atMs: 2000 };
  const late = chargePosting({ ...times, callId: 'call-1', accountId: 2, costMicros: 7n, late: 1 });
  const [attempt] = aCdr('call-1').attempts;
  assert.ok(attempt);
  const amended = { ...aCdr('call-1'), attempts: [{ ...attempt, lateAnsweredAtMs: 6000 }] };
  await store.calls.amend(amended, [late]);
  await store.calls.amend(amended, [late]);
  assert.equal((await balancesOf(store)).postedMicros(2), -12n);
  assert.deepEqual(await store.queryCdrs({ limit: 10 }), [amended]);
  const wrong = { ...late, amountMicros: -8n };
  await assert.rejects(store.calls.amend(aCdr('call-1'), [wrong]), /moved other money/);
  assert.deepEqual(await store.queryCdrs({ limit: 10 }), [amended]);
  await store.close();
});

test('the same charge again changes nothing, and with another amount nothing of the call is written', async () => {
  const store = await open(newFolder());
  await store.calls.end(aCdr('call-1'), [charge('call-1', 5n)]);
  await store.calls.end(aCdr('call-1'), [charge('call-1', 5n)]);
  await store.calls.begin({ callId: 'call-2', startedAtMs: 1, cdr: aCdr('call-2'), invites: [], money: '' });
  const wrong = { ...charge('call-1', 6n), callId: 'call-2' };
  await assert.rejects(store.calls.end(aCdr('call-2'), [charge('call-2', 1n), wrong]), /moved other money/);
  assert.equal((await balancesOf(store)).postedMicros(2), -5n);
  assert.equal((await store.queryCdrs({ callId: 'call-2', limit: 1 })).length, 0);
  assert.equal((await store.loadSnapshot()).unfinishedCalls.length, 1);
  await store.close();
});

test('a call that a restored backup has in progress is charged by the journal once, and the check says what is lost', async () => {
  const folder = newFolder();
  const store = await open(folder);
  const dialog: DialogRecord = {
    ...{ callId: 'x', localTag: 'a', remoteTag: 'b', localUri: 'sip:a@x', remoteUri: 'sip:b@x', localSeq: 1 },
    ...{ remoteTarget: 'sip:b@x', routeSet: [], transport: 'udp', localAddress: '192.0.2.1', localPort: 5060 },
    ...{ remoteAddress: '192.0.2.2', remotePort: 5060 },
  };
  for (const callId of ['early', 'late']) {
    await store.calls.begin({ callId, startedAtMs: 1, cdr: aCdr(callId), invites: [], money: '' });
    const cdr = { ...aCdr(callId), endedAtMs: undefined };
    await store.calls.answer({ callId, answeredAtMs: 2, cdr, caller: dialog, callee: dialog, money: '{"payers":[]}' });
  }
  await store.apply([], [], [topUp('first', 100n)]);
  const backup = join(folder, 'backup.db');
  await store.backup(backup);
  await store.calls.end(aCdr('early'), [charge('early', 5n)]);
  await store.calls.end(aCdr('unknown'), [charge('unknown', 7n)]);
  await store.close();
  for (const end of ['', '-wal', '-shm']) rmSync(join(folder, `ringfence.db${end}`), { force: true });
  renameSync(backup, join(folder, 'ringfence.db'));
  const again = await open(folder);
  assert.equal(again.ledger.refusal()?.reason, 'database older than journal');
  await assert.rejects(again.calls.end(aCdr('late'), [charge('late', 1n)]), /resume/);
  const cdr = { ...aCdr('late'), endedAtMs: 3000 };
  await again.calls.answer({ callId: 'late', answeredAtMs: 2, cdr, caller: dialog, callee: dialog, money: 'kept' });
  assert.match((await again.ledger.check()).notes.join(), /1 calls of a dead server wait/);
  const { restored, unfinishedCalls } = await again.resumeLedger();
  assert.equal(restored, 2);
  assert.deepEqual(
    unfinishedCalls.map((call) => [call.cdr.callId, call.money]),
    [
      ['early', ''],
      ['late', 'kept'],
    ],
  );
  await again.calls.end(aCdr('early'), []);
  await again.calls.end(aCdr('late'), [charge('late', 1n)]);
  assert.equal((await balancesOf(again)).postedMicros(2), 100n - 5n - 7n - 1n);
  const { findings, notes } = await again.ledger.check();
  assert.deepEqual(findings, []);
  assert.match(notes.join(), /the CDRs of their calls are lost, but for 1 that the backup had in progress/);
  await again.close();
});

test('an amount beyond what a double can tell is kept whole', async () => {
  const store = await open(newFolder());
  const large = 9_007_199_254_740_993n;
  await store.apply([], [], [topUp('large', large), charge('small', 2n)]);
  assert.equal((await balancesOf(store)).postedMicros(2), large - 2n);
  assert.equal((await store.ledger.find('large'))?.amountMicros, large);
  await store.close();
});

test('the bounds of a billing day stand at the next start', async () => {
  const folder = newFolder();
  const store = await open(folder);
  store.ledger.putPeriod({ day: '2026-11-21', startsAtMs: 5, endsAtMs: 9 });
  await store.close();
  const again = await open(folder);
  const { periods } = (await again.loadSnapshot()).ledger;
  assert.deepEqual(periods, [{ day: '2026-11-21', startsAtMs: 5, endsAtMs: 9 }]);
  await again.close();
});

test('while the journal finds no room, postings fail by name, calls that cost are refused and free ones go on', async () => {
  const folder = newFolder();
  const first = await open(folder);
  await first.apply([], [], [topUp('first', 10n)]);
  await first.close();
  const journal = join(folder, 'ledger');
  const path = join(journal, readdirSync(journal)[0] ?? '');
  const store = await open(folder);
  renameSync(path, `${path}.kept`);
  symlinkSync('/dev/full', path);
  assert.equal(store.ledger.refusal(), undefined);
  await assert.rejects(store.apply([], [], [topUp('second', 1n)]), /journal of the ledger cannot be written/);
  assert.equal(store.ledger.refusal()?.reason, 'disk full');
  await store.calls.begin({ callId: 'free', startedAtMs: 1, cdr: aCdr('free'), invites: [], money: '' });
  await store.calls.end(aCdr('free'));
  assert.equal(store.ledger.refusal()?.reason, 'disk full', 'what is written beside changes nothing');
  unlinkSync(path);
  renameSync(`${path}.kept`, path);
  await store.calls.begin({ callId: 'later', startedAtMs: 1, cdr: aCdr('later'), invites: [], money: '' });
  assert.equal(store.ledger.refusal(), undefined);
  await store.apply([], [], [topUp('second', 1n)]);
  assert.deepEqual((await store.ledger.check()).findings, []);
  await store.close();
});

test('media before answers is summed by payer and time', async () => {
  const store = await open(newFolder());
  await store.calls.end(aCdr('call-1'), []);
  await store.calls.end({ ...aCdr('call-2'), earlyMediaMs: 4500 }, []);
  assert.deepEqual(
    [await store.past.earlyMediaMsSince(10, 0), await store.past.earlyMediaMsSince(10, 6000)],
    [4500, 0],
  );
  await store.close();
});

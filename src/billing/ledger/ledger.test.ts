import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MemoryPostings, memoryLedger } from '../../../test/kit/memory-ledger.ts';
import { SimulatedClock } from '../../../test/kit/simulated-clock.ts';
import type { Ledger } from './ledger.ts';
import { chargePosting, type Posting } from './posting.ts';
import type { PostingRequest } from './posting-request.ts';

interface Stage {
  readonly store: MemoryPostings;
  readonly ledger: Ledger;
  readonly commit: (postings: readonly Posting[]) => Promise<void>;
}

function stage(): Stage {
  const store = new MemoryPostings();
  const ledger = memoryLedger(new SimulatedClock(Date.parse('2026-11-21T10:00:00Z')), store);
  return { store, ledger, commit: (postings) => store.post(postings) };
}

const base = { accountId: 2, cause: '', actor: 'anna' };
const topUp = (id: string, amountMicros: bigint, cleared = true): PostingRequest => ({
  ...{ ...base, kind: 'top-up', id, amountMicros, cleared },
});
const transfer = (id: string, amountMicros: bigint): PostingRequest => ({
  ...{ ...base, kind: 'transfer', id, amountMicros, toAccountId: 3 },
});
const chargeback = (id: string, amountMicros: bigint, reverses = ''): PostingRequest => ({
  ...{ ...base, kind: 'chargeback', id, amountMicros, reverses },
});
const adjustment = (id: string, amountMicros: bigint, isPostpaid = false): PostingRequest => ({
  ...{ ...base, kind: 'adjustment', id, amountMicros, isPostpaid },
});

async function error(outcome: ReturnType<Ledger['post']>): Promise<string> {
  const result = await outcome;
  return result.ok ? '' : result.error;
}

test('the same id is one posting, and with another amount an error', async () => {
  const { ledger, commit } = stage();
  assert.deepEqual((await ledger.post(topUp('p1', 5n), commit)).ok, true);
  const again = await ledger.post(topUp('p1', 5n), commit);
  assert.equal(again.ok && again.value.isNew, false);
  assert.match(await error(ledger.post(topUp('p1', 6n), commit)), /was used for a top-up of 0\.000005 EUR/);
  assert.equal(ledger.balances.postedMicros(2), 5n);
});

test('a transfer takes neither what a running call holds nor what is not cleared [credit.credit]', async () => {
  const { ledger, commit } = stage();
  await ledger.post(topUp('p1', 10n), commit);
  await ledger.post(topUp('p2', 10n, false), commit);
  ledger.watchHolds((accountId) => (accountId === 2 ? 4n : 0n));
  const refusal = await error(ledger.post(transfer('t1', 7n), commit));
  assert.match(
    refusal,
    /has 0\.000006 that can be taken \(balance 0\.00002, uncleared 0\.00001, held by running calls/,
  );
  assert.equal(await error(ledger.post(transfer('t2', 6n), commit)), '');
  assert.deepEqual([ledger.balances.postedMicros(2), ledger.balances.postedMicros(3)], [14n, 6n]);
});

test('an adjustment takes no prepaid account below zero, a chargeback does [credit.postpaid]', async () => {
  const { ledger, commit } = stage();
  await ledger.post(topUp('p1', 10n), commit);
  assert.match(await error(ledger.post(adjustment('a1', -11n), commit)), /can be taken/);
  assert.equal(await error(ledger.post(adjustment('a2', -11n, true), commit)), '');
  assert.equal(await error(ledger.post(chargeback('c1', 10n, 'p1'), commit)), '');
  assert.equal(ledger.balances.postedMicros(2), -11n);
  assert.match(await error(ledger.post(chargeback('c2', 1n, 'p1'), commit)), /has 0\.00 left/);
  assert.match(await error(ledger.post(chargeback('c3', 1n, 'none'), commit)), /is no top-up of this account/);
});

test('uncleared money is for domestic calls up to the cap, and for everything once it is cleared', async () => {
  const { ledger, commit } = stage();
  await ledger.post(topUp('p1', 10n), commit);
  await ledger.post(topUp('p2', 8n, false), commit);
  const spendable = (domestic: boolean, unclearedCapMicros: bigint): bigint =>
    ledger.balances.spendableMicros(2, { domestic, unclearedCapMicros });
  assert.deepEqual(
    [spendable(false, 5n), spendable(true, 0n), spendable(true, 5n), spendable(true, 99n)],
    [10n, 10n, 15n, 18n],
  );
  const charge = { callId: 'c', accountId: 2, costMicros: 12n, day: '2026-11-21', currency: 'EUR', cause: '', atMs: 1 };
  await ledger.charge([chargePosting(charge)], commit);
  assert.deepEqual([spendable(false, 5n), spendable(true, 5n)], [-2n, 3n]);
  assert.equal((await ledger.clear('p2', 'anna', commit)).ok, true);
  const again = await ledger.clear('p2', 'anna', commit);
  assert.equal(again.ok && again.value.isNew, false);
  assert.deepEqual([spendable(false, 0n), ledger.balances.postedMicros(2)], [6n, 6n]);
});

test('PAY-2: a first payment buys nothing until an administrator has cleared it', async () => {
  const { ledger, commit } = stage();
  const spendable = (): bigint => ledger.balances.spendableMicros(2, { domestic: true, unclearedCapMicros: 0n });
  await ledger.post(topUp('first', 10n, false), commit);
  assert.equal(spendable(), 0n);
  await ledger.clear('first', 'anna', commit);
  assert.equal(spendable(), 10n);
});

test('of a top-up that was taken back before it was cleared, only the rest is cleared', async () => {
  const { ledger, commit } = stage();
  await ledger.post(topUp('p1', 8n, false), commit);
  await ledger.post(chargeback('c1', 5n, 'p1'), commit);
  assert.deepEqual(ledger.balances.of(2), { postedMicros: 3n, unclearedMicros: 3n, clearedMicros: 0n });
  await ledger.clear('p1', 'anna', commit);
  assert.deepEqual(ledger.balances.of(2), { postedMicros: 3n, unclearedMicros: 0n, clearedMicros: 3n });
  const repeated = await ledger.post(chargeback('c1', 5n, 'p1'), commit);
  assert.equal(repeated.ok && repeated.value.isNew, false);
});

test('money arrives when it is on the disk and leaves before, and comes back when the disk refused it', async () => {
  const { ledger, commit } = stage();
  await ledger.post(topUp('p1', 10n), commit);
  const refusing = (): Promise<void> => {
    assert.equal(ledger.balances.postedMicros(2), 6n, 'gone while the disk works');
    assert.equal(ledger.balances.postedMicros(3), 0n, 'not there yet');
    return Promise.reject(new Error('disk full'));
  };
  await assert.rejects(ledger.post(transfer('t1', 4n), refusing), /disk full/);
  assert.equal(ledger.balances.postedMicros(2), 10n);
});

test('a charge stands while its commit fails, and counts once however often it is repeated', async () => {
  const { ledger, commit } = stage();
  const charge = { callId: 'c', accountId: 2, costMicros: 3n, day: '2026-11-21', currency: 'EUR', cause: '', atMs: 1 };
  const postings = [chargePosting(charge), { ...chargePosting({ ...charge, costMicros: 0n, day: '2026-11-22' }) }];
  await assert.rejects(ledger.charge(postings, () => Promise.reject(new Error('disk full'))));
  assert.equal(ledger.balances.chargedOnDay(2, '2026-11-21'), 3n);
  await ledger.charge(postings, commit);
  assert.equal(ledger.balances.postedMicros(2), -3n);
});

test('what cannot be a request is refused by name', async () => {
  const { ledger, commit } = stage();
  const wrong: readonly (readonly [PostingRequest, RegExp])[] = [
    [topUp('', 1n), /^id must have/],
    [topUp('call/1', 1n), /looks like one of the server's own/],
    [topUp('a\nb', 1n), /^id must have/],
    [topUp('z', 0n), /^amount must not be 0/],
    [topUp('z', -1n), /^amount of a top-up must be above 0/],
    [{ ...base, kind: 'transfer', id: 't', amountMicros: 1n, toAccountId: 2 }, /between two accounts/],
  ];
  for (const [request, expected] of wrong) assert.match(await error(ledger.post(request, commit)), expected);
});

test('any sequence and repetition of requests keeps the sum, and no prepaid account below zero but by a chargeback', async () => {
  const request = fc.record({
    kind: fc.constantFrom('top-up' as const, 'transfer' as const, 'adjustment' as const, 'chargeback' as const),
    id: fc.integer({ min: 1, max: 15 }),
    account: fc.constantFrom(2, 3, 4),
    amount: fc.bigInt({ min: 1n, max: 20n }),
    cleared: fc.boolean(),
    fails: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(request, { maxLength: 40 }), async (requests) => {
      const { store, ledger } = stage();
      for (const { kind, id, account, amount, cleared, fails } of requests) {
        const common = { id: `${kind}${id}`, accountId: account, amountMicros: amount, cause: '', actor: 'x' };
        const asked: PostingRequest =
          kind === 'top-up'
            ? { ...common, kind, cleared }
            : kind === 'transfer'
              ? { ...common, kind, toAccountId: account === 2 ? 3 : 2 }
              : kind === 'adjustment'
                ? { ...common, kind, amountMicros: -amount, isPostpaid: false }
                : { ...common, kind, reverses: '' };
        const commit = (postings: readonly Posting[]): Promise<void> =>
          fails ? Promise.reject(new Error('disk')) : store.post(postings);
        await ledger.post(asked, commit).catch(() => {});
      }
      const onDisk = store.balances();
      for (const accountId of [2, 3, 4]) {
        assert.deepEqual(ledger.balances.of(accountId), onDisk.of(accountId));
        const wasTakenBack = [...store.postings.values()].some(
          (one) => one.kind === 'chargeback' && one.accountId === accountId,
        );
        assert.ok(wasTakenBack || onDisk.of(accountId).clearedMicros >= 0n);
      }
      const arrived = [...store.postings.values()].reduce((sum, { amountMicros }) => sum + amountMicros, 0n);
      assert.equal(ledger.balances.totalMicros(), arrived);
      assert.deepEqual((await ledger.check()).findings, []);
    }),
    { numRuns: 200 },
  );
});

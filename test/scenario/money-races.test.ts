import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { movement, priceRow } from '../kit/money.ts';
import { connectedCall, ids, moneyStage, type MoneyStageOptions, sendCalls, startCalls, tally } from './money-stage.ts';
import type { Stage } from './stage.ts';

/** 0.06 a minute by the second: an increment costs 0.001. */
const increment = 1000n;
const oneLeft = 2n * increment - 1n;
const roomy = {
  pricePerMinuteMicros: 5_000_000n,
  spendPerAccountDayMicros: 1_000_000_000n,
  spendPerTrunkHourMicros: 1_000_000_000n,
  spendPerServerDayMicros: 1_000_000_000n,
};

describe('with room for one increment, one of thirty calls in one instant passes', () => {
  const rows: readonly (readonly [limit: string, options: MoneyStageOptions, rule: string])[] = [
    [
      'what the ceiling lets an account spend in a day',
      { ceiling: { ...roomy, spendPerAccountDayMicros: oneLeft } },
      'ceiling',
    ],
    [
      'what the ceiling lets all accounts spend in a day',
      { ceiling: { ...roomy, spendPerServerDayMicros: oneLeft } },
      'ceiling',
    ],
    [
      'the month of a postpaid caller [credit.creditcheckforpostp]',
      {
        settings: { creditcheckforpostp: true },
        balances: { [ids.alice]: 0n },
        money: { alice: { isPostpaid: true, monthMicros: oneLeft } },
      },
      'maxmonthlycredit',
    ],
    [
      'the own day of a postpaid caller',
      { balances: { [ids.alice]: 0n }, money: { alice: { isPostpaid: true, dayMicros: oneLeft } } },
      'maxdailycredit',
    ],
  ];
  for (const [limit, options, rule] of rows) {
    test(limit, async () => {
      const stage = await moneyStage(options);
      const alice = await stage.phone('alice', '192.0.2.21');
      assert.deepEqual(tally(alice, await startCalls(stage, alice, 30)), { 100: 1, 403: 29 });
      assert.deepEqual(new Set(stage.decisions.map((decision) => decision.rule)), new Set([rule]));
    });
  }

  test('the own day of the reseller above, by its own tariff', async () => {
    const stage = await moneyStage({
      rows: { [ids.alice]: priceRow(60_000n), [ids.reseller]: priceRow(30_000n) },
      money: { reseller: { dayMicros: 999n } },
    });
    stage.change('alice', { resellerId: ids.reseller });
    const alice = await stage.phone('alice', '192.0.2.21');
    assert.deepEqual(tally(alice, await startCalls(stage, alice, 30)), { 100: 1, 403: 29 });
  });

  test('the credit of a reseller that two customers share', async () => {
    const stage = await moneyStage({
      rows: { [ids.alice]: priceRow(60_000n), [ids.sender]: priceRow(60_000n), [ids.reseller]: priceRow(60_000n) },
      balances: { [ids.reseller]: oneLeft },
    });
    for (const name of ['alice', 'sender']) stage.change(name, { resellerId: ids.reseller });
    const [alice, sender] = [await stage.phone('alice', '192.0.2.21'), await stage.peer('192.0.2.60')];
    const [sent, called] = [await sendCalls(stage, sender, 15), await startCalls(stage, alice, 15)];
    const passed = (tally(sender, sent)[100] ?? 0) + (tally(alice, called)[100] ?? 0);
    assert.equal(passed, 1);
  });

  test('uncleared money up to its cap', async () => {
    const stage = await moneyStage({
      balances: { [ids.alice]: 0n },
      settings: { maxunclearedcredit: oneLeft, home_country: '43' },
    });
    await stage.move({ ...movement(ids.alice, 1_000_000n), cleared: false });
    const alice = await stage.phone('alice', '192.0.2.21');
    const calls = await startCalls(stage, alice, 30);
    const { 100: passed = 0 } = tally(alice, calls);
    assert.equal(passed, 1);
  });
});

describe('while a metered call is connected', () => {
  const balances = { [ids.alice]: 30n * increment, [ids.sender]: 0n };

  test('a transfer of the whole balance is refused, one of all that it leaves passes, and the call ends when its own is over', async () => {
    const stage = await moneyStage({ balances });
    const [alice, carrier] = [await stage.phone('alice', '192.0.2.21'), await stage.peer('192.0.2.50')];
    await connectedCall(stage, alice, carrier);
    stage.clock.advance(5000);
    const whole = await transfer(stage, 'whole', 30n * increment);
    assert.match(whole.ok ? '' : whole.error, /held by running calls/);
    const heldMicros = stage.server.money.heldOf(ids.alice);
    const rest = stage.balanceOf('alice') - heldMicros;
    assert.ok((await transfer(stage, 'rest', rest === 0n ? 1n : rest)).ok === rest > 0n);
    await drain(stage, 60);
    assert.ok(carrier.requests('BYE').length > 0);
    assert.ok(stage.balanceOf('alice') >= 0n);
    assert.equal(stage.balanceOf('alice') + stage.balanceOf('sender') + charged(stage), 30n * increment);
    assert.equal(stage.server.money.heldCounters.size, 0);
  });

  test('ten transfers in one instant move no more than is free', async () => {
    const stage = await moneyStage({ balances });
    const [alice, carrier] = [await stage.phone('alice', '192.0.2.21'), await stage.peer('192.0.2.50')];
    await connectedCall(stage, alice, carrier);
    const moved = await Promise.all(Array.from({ length: 10 }, (_, at) => transfer(stage, `t${at}`, 7n * increment)));
    await drain(stage, 60);
    assert.ok(moved.filter(({ ok }) => ok).length <= 4);
    assert.ok(stage.balanceOf('alice') >= 0n);
    assert.equal(stage.balanceOf('alice') + stage.balanceOf('sender') + charged(stage), 30n * increment);
  });

  test('a top-up in the last half second keeps it up for exactly what was paid', async () => {
    const stage = await moneyStage({ balances });
    const [alice, carrier] = [await stage.phone('alice', '192.0.2.21'), await stage.peer('192.0.2.50')];
    await connectedCall(stage, alice, carrier);
    stage.clock.advance(29_600);
    await stage.move(movement(ids.alice, 5n * increment));
    stage.clock.advance(5300);
    assert.equal(carrier.requests('BYE').length, 0);
    await stage.run(200);
    assert.equal(carrier.requests('BYE').length, 1);
    assert.equal(stage.balanceOf('alice'), 0n);
  });

  test('disabling or locking its account ends it within a second', async () => {
    for (const change of [
      (stage: Stage) => stage.change('alice', { enabled: false }),
      (stage: Stage) => stage.change('alice', { money: { ...stage.accountOf('alice').money, lockedBy: 'chargeback' } }),
    ]) {
      const stage = await moneyStage({ balances });
      const [alice, carrier] = [await stage.phone('alice', '192.0.2.21'), await stage.peer('192.0.2.50')];
      await connectedCall(stage, alice, carrier);
      await stage.run(4500);
      change(stage);
      await stage.run(999);
      assert.ok(carrier.requests('BYE').length > 0);
      await drain(stage, 40);
      assert.ok(charged(stage) <= 6n * increment, String(charged(stage)));
      assert.equal(stage.server.money.heldCounters.size, 0);
    }
  });

  test('a dearer price list changes nothing of it, and what is held covers what it costs', async () => {
    const stage = await moneyStage({ balances });
    const [alice, carrier] = [await stage.phone('alice', '192.0.2.21'), await stage.peer('192.0.2.50')];
    await connectedCall(stage, alice, carrier);
    await stage.run(2000);
    stage.change('alice', { packetIds: [] });
    await drain(stage, 45);
    assert.deepEqual([stage.balanceOf('alice'), charged(stage)], [0n, 30n * increment]);
  });
});

function transfer(stage: Stage, id: string, amountMicros: bigint): ReturnType<Stage['ledger']['post']> {
  const asked = { id, accountId: ids.alice, toAccountId: ids.sender, amountMicros, cause: '', actor: 'thief' };
  const moved = stage.ledger.post({ ...asked, kind: 'transfer' }, (postings) => stage.postings.post(postings));
  return moved.finally(() => stage.server.accountChanged(ids.alice));
}

/** Charges of alice so far. */
function charged(stage: Stage): bigint {
  const own = [...stage.postings.postings.values()].filter(
    ({ accountId, kind }) => accountId === ids.alice && kind === 'charge',
  );
  return own.reduce((sum, { amountMicros }) => sum - amountMicros, 0n);
}

async function drain(stage: Stage, seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second++) await stage.run(1000);
}

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Ceiling, firstCeiling } from '../../src/billing/ceiling.ts';
import { movement, priceRow } from '../kit/money.ts';
import { heartbeatAt } from '../kit/records.ts';
import { connectedCall, ids, moneyStage, type MoneyStageOptions, sendCalls, startCalls, tally } from './money-stage.ts';
import { sdp } from './scripted-peer.ts';

/** 0.06 a minute by the second: an increment costs 0.001. */
const increment = 1000n;
const oneLeft = 2n * increment - 1n;

describe('with room for one increment, one of thirty calls in one instant passes', () => {
  const rows: (readonly [limit: string, options: MoneyStageOptions, rule: string])[] = [
    ['the credit of the caller [credit.credit]', { balances: { [ids.alice]: oneLeft } }, 'credit'],
    [
      "the limit of the caller's own day [credit.maxdailycredit]",
      { money: { alice: { dayMicros: 50n * increment } }, spentToday: { [ids.alice]: 49n * increment } },
      'maxdailycredit',
    ],
    [
      'the common day of endusers [credit.maxdailycreditforenduser]',
      { settings: { maxdailycreditforenduser: oneLeft } },
      'maxdailycreditforenduser',
    ],
    [
      'the month of the caller [credit.maxmonthlycredit]',
      { money: { alice: { monthMicros: 50n * increment } }, spentToday: { [ids.alice]: 49n * increment } },
      'maxmonthlycredit',
    ],
    [
      'the dynamic limit of the caller [credit.checkmaxdyndailycredit]',
      { spentToday: { [ids.alice]: 9_999_000n } },
      'checkmaxdyndailycredit',
    ],
    [
      'what calls from one address may cost [limits.maxcostperip]',
      { settings: { maxcostperip: oneLeft } },
      'maxcostperip',
    ],
  ];
  for (const [limit, options, rule] of rows) {
    test(limit, async () => {
      const stage = await moneyStage(options);
      const alice = await stage.phone('alice', '192.0.2.21');
      const calls = await startCalls(stage, alice, 30);
      assert.deepEqual(tally(alice, calls), { 100: 1, 403: 29 });
      assert.deepEqual(new Set(stage.decisions.map((decision) => decision.rule)), new Set([rule]));
    });
  }

  test('the balance of the reseller above, by its own tariff', async () => {
    const stage = await moneyStage({
      rows: { [ids.alice]: priceRow(60_000n), [ids.reseller]: priceRow(30_000n) },
      balances: { [ids.reseller]: 999n },
    });
    stage.change('alice', { resellerId: ids.reseller });
    const alice = await stage.phone('alice', '192.0.2.21');
    const calls = await startCalls(stage, alice, 30);
    assert.deepEqual(tally(alice, calls), { 100: 1, 403: 29 });
    assert.match(stage.decisions[0]?.evidence ?? '', /^reseller: /);
  });

  test('the balance of the reseller above a customer that has no price, and nothing for a call to a user of ours', async () => {
    const stage = await moneyStage({
      rows: { [ids.reseller]: priceRow(30_000n) },
      balances: { [ids.reseller]: 999n },
    });
    stage.change('alice', { resellerId: ids.reseller });
    const alice = await stage.phone('alice', '192.0.2.21');
    await stage.phone('bob', '192.0.2.22');
    assert.deepEqual(tally(alice, await startCalls(stage, alice, 1, 'sip:bob@server.example')), { 100: 1 });
    assert.equal(stage.server.money.heldCounters.size, 0);
    const calls = await startCalls(stage, alice, 30);
    assert.deepEqual(tally(alice, calls), { 100: 1, 403: 29 });
    assert.match(stage.decisions[0]?.evidence ?? '', /^reseller: /);
  });

  test('the common day of traffic senders [credit.maxdailycreditforts]', async () => {
    const stage = await moneyStage({ settings: { maxdailycreditforts: oneLeft } });
    const sender = await stage.peer('192.0.2.60');
    assert.deepEqual(tally(sender, await sendCalls(stage, sender, 30)), { 100: 1, 403: 29 });
  });

  test('our exposure on a SIP server: the others go to the next one [fraud.provider-side-credit-limit]', async () => {
    const stage = await moneyStage({
      rows: { [ids.alice]: priceRow(60_000n), [ids.carrier]: priceRow(30_000n) },
      money: { carrier: { dayMicros: 999n } },
    });
    const alice = await stage.phone('alice', '192.0.2.21');
    const [carrier, spare] = [await stage.peer('192.0.2.50'), await stage.peer('192.0.2.51')];
    await startCalls(stage, alice, 30);
    assert.equal(carrier.requests('INVITE').length, 1);
    assert.ok(spare.requests('INVITE').length > 1);
  });

  test('the ceiling of a SIP server and hour: the others go to the next one', async () => {
    const stage = await moneyStage({
      rows: { [ids.alice]: priceRow(60_000n), [ids.carrier]: priceRow(30_000n) },
      ceiling: { ...firstCeiling, spendPerTrunkHourMicros: 999n },
    });
    const alice = await stage.phone('alice', '192.0.2.21');
    const [carrier, spare] = [await stage.peer('192.0.2.50'), await stage.peer('192.0.2.51')];
    await startCalls(stage, alice, 30);
    assert.equal(carrier.requests('INVITE').length, 1);
    assert.ok(spare.requests('INVITE').length > 1);
    assert.ok(stage.decisions.some((decision) => decision.rule === 'ceiling'));
  });

  const ceilings: (readonly [string, Partial<Ceiling>])[] = [
    ['an account and day', { spendPerAccountDayMicros: oneLeft }],
    ['the server and day', { spendPerServerDayMicros: oneLeft }],
  ];
  for (const [of, lower] of ceilings) {
    test(`the ceiling of ${of}`, async () => {
      const stage = await moneyStage({ ceiling: { ...firstCeiling, ...lower } });
      const alice = await stage.phone('alice', '192.0.2.21');
      const calls = await startCalls(stage, alice, 30);
      assert.deepEqual(tally(alice, calls), { 100: 1, 403: 29 });
      assert.deepEqual(new Set(stage.decisions.map((decision) => decision.rule)), new Set(['ceiling']));
    });
  }

  test('what the calls of an account may lose in a day: the others go to a SIP server that loses nothing', async () => {
    const stage = await moneyStage({
      rows: { [ids.alice]: priceRow(60_000n), [ids.carrier]: priceRow(120_000n), [ids.spare]: priceRow(30_000n) },
      settings: { blocknotprofitablecalls: 0, maxnegativemargin: oneLeft },
    });
    const alice = await stage.phone('alice', '192.0.2.21');
    const [carrier, spare] = [await stage.peer('192.0.2.50'), await stage.peer('192.0.2.51')];
    await startCalls(stage, alice, 30);
    assert.equal(carrier.requests('INVITE').length, 1);
    assert.ok(spare.requests('INVITE').length > 1);
    assert.ok(stage.decisions.some((decision) => decision.rule === 'maxnegativemargin'));
  });
});

describe('what the limits beside the ledger count', () => {
  test('a call over a dearer SIP server ends when the account has lost what it may in a day', async () => {
    const stage = await moneyStage({
      rows: { [ids.alice]: priceRow(60_000n), [ids.carrier]: priceRow(120_000n) },
      settings: { blocknotprofitablecalls: 0, maxnegativemargin: 30_000n },
    });
    const alice = await stage.phone('alice', '192.0.2.21');
    const carrier = await stage.peer('192.0.2.50');
    await connectedCall(stage, alice, carrier);
    await stage.run(31_000);
    assert.equal(stage.store.cdrs[0]?.cause, 'limit reached');
    // Thirty seconds lost 0.03; the day has no more of it for the next call, nor has it been forgotten.
    const calls = await startCalls(stage, alice, 1);
    assert.equal(carrier.requests('INVITE').length, 1);
    assert.equal(calls.length, 1);
    assert.equal(stage.decisions.at(-1)?.rule, 'maxnegativemargin');
  });

  test('what a SIP server cost counts for the hour, and the next hour is free again', async () => {
    const stage = await moneyStage({
      rows: { [ids.alice]: priceRow(60_000n), [ids.carrier]: priceRow(30_000n) },
      ceiling: { ...firstCeiling, spendPerTrunkHourMicros: 10_000n },
    });
    const alice = await stage.phone('alice', '192.0.2.21');
    const carrier = await stage.peer('192.0.2.50');
    await connectedCall(stage, alice, carrier);
    await stage.run(21_000);
    assert.equal(stage.store.cdrs[0]?.cause, 'limit reached');
    await startCalls(stage, alice, 1);
    assert.equal(carrier.requests('INVITE').length, 1);
    await stage.run(3_600_000);
    await startCalls(stage, alice, 1);
    assert.equal(carrier.requests('INVITE').length, 2);
  });
});

describe('a metered call', () => {
  test('of credit 1.00 at 0.10 a minute is cut after 600 s and leaves 0.00 [credit.credit]', async () => {
    const stage = await moneyStage({
      rows: { [ids.alice]: priceRow(100_000n) },
      balances: { [ids.alice]: 1_000_000n },
    });
    const alice = await stage.phone('alice', '192.0.2.21');
    const carrier = await stage.peer('192.0.2.50');
    await connectedCall(stage, alice, carrier);
    stage.clock.advance(599_950);
    assert.equal(carrier.requests('BYE').length, 0);
    await stage.run(100);
    assert.deepEqual([alice.requests('BYE').length, carrier.requests('BYE').length], [1, 1]);
    const [cdr] = stage.store.cdrs;
    assert.deepEqual([cdr?.cause, (cdr?.endedAtMs ?? 0) - (cdr?.answeredAtMs ?? 0)], ['credit used up', 600_000]);
    assert.equal(stage.decisions[0]?.id, cdr?.decisionId);
    assert.match(stage.decisions[0]?.wouldPass ?? '', /^a credit of at least 1\.00\d+, or at most/);
    assert.match(stage.decisions[0]?.evidence ?? '', /1\.00 of credit, 1\.00 held .*; the call ran, and was ended$/);
    assert.deepEqual([stage.balanceOf('alice'), stage.server.money.heldCounters.size], [0n, 0]);
  });

  test('is charged by the seconds that it lasted, with its CDR, and what it held is free again [credit.todaycredit]', async () => {
    const stage = await moneyStage({ balances: { [ids.alice]: 100_000n } });
    const alice = await stage.phone('alice', '192.0.2.21');
    const call = await connectedCall(stage, alice, await stage.peer('192.0.2.50'));
    stage.clock.advance(10_500);
    call.hangUp();
    await stage.run(20);
    const charges = [...stage.postings.postings.values()].filter(({ callId }) => callId !== '');
    assert.deepEqual(
      charges.map(({ amountMicros, callId, day }) => [amountMicros, callId, day]),
      [[-11_000n, stage.store.cdrs[0]?.callId, '2026-11-23']],
    );
    assert.deepEqual([stage.balanceOf('alice'), stage.server.money.heldCounters.size], [89_000n, 0]);
  });

  test('goes on after a top-up in its last seconds, and its media is paid for that long', async () => {
    const stage = await moneyStage({ balances: { [ids.alice]: 30_000n } });
    const alice = await stage.phone('alice', '192.0.2.21');
    const carrier = await stage.peer('192.0.2.50');
    await connectedCall(stage, alice, carrier);
    stage.clock.advance(29_000);
    const paidUntil = (): number => [...stage.plane.sessions][0]?.paidUntilMs ?? 0;
    const before = paidUntil();
    await stage.move(movement(ids.alice, 10_000n));
    assert.ok(paidUntil() > before);
    stage.clock.advance(10_500);
    assert.equal(carrier.requests('BYE').length, 0);
    await stage.run(700);
    assert.equal(carrier.requests('BYE').length, 1);
    assert.equal(stage.balanceOf('alice'), 0n);
  });

  test('ends at once when its account is disabled, and is charged to that second', async () => {
    const stage = await moneyStage({ balances: { [ids.alice]: 100_000n } });
    const alice = await stage.phone('alice', '192.0.2.21');
    const carrier = await stage.peer('192.0.2.50');
    await connectedCall(stage, alice, carrier);
    stage.clock.advance(20_000);
    stage.change('alice', { enabled: false });
    await stage.run(20);
    assert.equal(carrier.requests('BYE').length, 1);
    assert.equal(stage.balanceOf('alice'), 79_000n);
  });

  test('is cut by a daily limit that is lowered under it, or goes on with own.cutrunningcalls 0', async () => {
    for (const [cutrunningcalls, byes] of [
      [1, 1],
      [0, 0],
    ] as const) {
      const stage = await moneyStage({ settings: { cutrunningcalls } });
      const alice = await stage.phone('alice', '192.0.2.21');
      const carrier = await stage.peer('192.0.2.50');
      await connectedCall(stage, alice, carrier);
      stage.clock.advance(10_000);
      stage.change('alice', { money: { ...stage.accountOf('alice').money, dayMicros: 5000n } });
      await stage.run(1500);
      // Nobody answers, so it may have been sent again.
      assert.equal(Math.min(1, carrier.requests('BYE').length), byes);
    }
  });

  test('that is not answered costs nothing, and gives its money back', async () => {
    const stage = await moneyStage({ balances: { [ids.alice]: 1000n } });
    const alice = await stage.phone('alice', '192.0.2.21');
    const carrier = await stage.peer('192.0.2.50');
    await startCalls(stage, alice, 1);
    carrier.respond(carrier.request('INVITE'), 486);
    await stage.run(20);
    assert.deepEqual([stage.balanceOf('alice'), stage.server.money.heldCounters.size], [1000n, 0]);
    assert.deepEqual(tally(alice, await startCalls(stage, alice, 1)), { 100: 1 });
  });

  test('whose carrier answers after the CANCEL is posted as cost of the carrier, and costs the caller nothing', async () => {
    const cost = priceRow(30_000n, { attemptFeeMicros: 7n });
    const stage = await moneyStage({ rows: { [ids.alice]: priceRow(60_000n), [ids.carrier]: cost } });
    const alice = await stage.phone('alice', '192.0.2.21');
    const carrier = await stage.peer('192.0.2.50');
    const [invite] = await startCalls(stage, alice, 1);
    assert.ok(invite);
    carrier.respond(carrier.request('INVITE'), 180);
    await stage.run(20);
    alice.cancel(invite);
    await stage.run(20);
    carrier.respond(carrier.request('INVITE'), 200, { body: sdp('192.0.2.50') });
    await stage.run(20);
    assert.deepEqual([carrier.requests('ACK').length, carrier.requests('BYE').length], [1, 1]);
    assert.deepEqual([stage.balanceOf('carrier'), stage.balanceOf('alice')], [-507n, 1_000_000_000n]);
    const costs = [...stage.postings.postings.values()].filter(({ kind }) => kind === 'charge');
    assert.deepEqual(
      costs.map(({ amountMicros }) => amountMicros),
      [-7n, -500n],
      'the fee of the attempt with the CDR, its answer afterwards',
    );
  });

  test('is not made while the ledger cannot write, with a decision that says so; a free one is', async () => {
    const stage = await moneyStage();
    stage.postings.refused = { reason: 'disk full', message: 'free some space' };
    const alice = await stage.phone('alice', '192.0.2.21');
    await stage.phone('bob', '192.0.2.22');
    assert.deepEqual(tally(alice, await startCalls(stage, alice, 1)), { 503: 1 });
    assert.deepEqual([stage.decisions[0]?.rule, stage.decisions[0]?.measured], ['ledger', 'disk full']);
    await stage.invite(alice, 'alice', 'sip:bob@server.example');
    assert.equal(alice.statuses('INVITE').at(-1), 100);
  });

  test('goes on for a minute while the ledger cannot write, then to what is paid, and ends with a decision that says so', async () => {
    for (const [stallMs, isCut] of [
      [50_000, false],
      [240_000, true],
    ] as const) {
      const stage = await moneyStage();
      const [alice, carrier] = [await stage.phone('alice', '192.0.2.21'), await stage.peer('192.0.2.50')];
      await connectedCall(stage, alice, carrier);
      await stage.run(40_000);
      stage.postings.refused = { reason: 'store stalled', message: 'look at the disk' };
      await stage.run(stallMs);
      stage.postings.refused = undefined;
      assert.equal(carrier.requests('BYE').length > 0, isCut);
      await stage.run(60_000);
      const talkedS = [...stage.postings.postings.values()]
        .filter(({ kind }) => kind === 'charge')
        .map(({ amountMicros }) => -amountMicros / increment);
      const [decision] = stage.decisions;
      assert.deepEqual(
        [decision?.rule, decision?.measured],
        isCut ? ['ledger', 'store stalled'] : [undefined, undefined],
      );
      assert.ok(
        talkedS.every((seconds) => seconds > 100n && seconds <= 40n + 60n + 60n + 60n),
        String(talkedS),
      );
    }
  });

  test('over midnight has a charge for each day', async () => {
    const stage = await moneyStage({ balances: { [ids.alice]: 1_000_000n } });
    stage.clock.advance(14 * 3_600_000 - 30_000);
    const alice = await stage.phone('alice', '192.0.2.21');
    const call = await connectedCall(stage, alice, await stage.peer('192.0.2.50'));
    stage.clock.advance(60_000);
    call.hangUp();
    await stage.run(20);
    const days = [...stage.postings.postings.values()].filter(({ callId }) => callId !== '').map(({ day }) => day);
    assert.deepEqual(days, ['2026-11-23', '2026-11-24']);
    assert.equal(stage.balanceOf('alice'), 1_000_000n - 61_000n);
  });
});

describe('a server that died during calls', () => {
  test('charges each to the last heartbeat, and two that shared the last of a credit never more than there was', async () => {
    const stage = await moneyStage({ balances: { [ids.alice]: 20_000n } });
    const alice = await stage.phone('alice', '192.0.2.21');
    const carrier = await stage.peer('192.0.2.50');
    await connectedCall(stage, alice, carrier);
    await stage.run(1000);
    await connectedCall(stage, alice, carrier);
    const [first, second] = stage.store.answers;
    assert.ok(first && second);
    const next = await moneyStage({ balances: { [ids.alice]: 20_000n } });
    const unfinishedCalls = [first, second].map((answer) => ({ ...answer, invites: [] }));
    await next.server.endDeadCalls({ unfinishedCalls, lastHeartbeat: heartbeatAt(first.answeredAtMs + 15_500) });
    const durations = next.store.cdrs.map(({ endedAtMs, answeredAtMs }) => (endedAtMs ?? 0) - (answeredAtMs ?? 0));
    assert.ok(durations.includes(15_500));
    assert.equal(next.balanceOf('alice'), 0n);
    const charges = [...next.postings.postings.values()].filter(({ kind }) => kind === 'charge');
    assert.deepEqual(new Set(charges.map(({ callId }) => callId)), new Set([first.callId, second.callId]));
    assert.equal(next.server.money.heldCounters.size, 0);
    await next.server.endDeadCalls({ unfinishedCalls, lastHeartbeat: heartbeatAt(first.answeredAtMs + 15_500) });
    assert.equal([...next.postings.postings.values()].filter(({ kind }) => kind === 'charge').length, charges.length);
  });
});

describe('money of running calls, after a change', () => {
  test('a setting that is lowered cuts a call that runs', async () => {
    const stage = await moneyStage({ settings: { maxdailycreditforenduser: 1_000_000n } });
    const alice = await stage.phone('alice', '192.0.2.21');
    const carrier = await stage.peer('192.0.2.50');
    await connectedCall(stage, alice, carrier);
    await stage.run(5000);
    stage.settings = { ...stage.settings, maxdailycreditforenduser: 5000n };
    stage.server.settingsChanged();
    await stage.run(1000);
    assert.equal(carrier.requests('BYE').length, 1);
    assert.equal(stage.decisions.at(-1)?.rule, 'maxdailycreditforenduser');
  });

  test('what an address has cost before a restart counts [limits.maxcostperip]', async () => {
    const stage = await moneyStage({ settings: { maxcostperip: 50n * increment } });
    const hourAgoMs = stage.clock.wallMs() - 3_600_000;
    const past = { callId: 'past', accountId: ids.alice, payerId: ids.alice, sourceAddress: '192.0.2.21' };
    stage.server.charges.remember([{ ...past, costMicros: 49n * increment, day: '2026-11-23', atMs: hourAgoMs }]);
    const alice = await stage.phone('alice', '192.0.2.21');
    assert.deepEqual(tally(alice, await startCalls(stage, alice, 2)), { 100: 1, 403: 1 });
  });

  test('an administrator has the dynamic limit forget what was usual [credit.maxdyndailycredit]', async () => {
    const stage = await moneyStage({ settings: { checkmaxdyndailycredit: 1, dynamiclimit: 'highest' } });
    await stage.move(movement(ids.alice, -15_000_000n, '2026-11-22'));
    await stage.move(movement(ids.alice, -50_000_000n));
    const alice = await stage.phone('alice', '192.0.2.21');
    assert.deepEqual(tally(alice, await startCalls(stage, alice, 1)), { 100: 1 });
    stage.server.money.forgetSpending(ids.alice);
    assert.deepEqual(tally(alice, await startCalls(stage, alice, 1)), { 403: 1 });
  });

  test('uncleared money buys domestic calls only, and as much of it as may be spent', async () => {
    const stage = await moneyStage({
      settings: { home_country: '43', maxunclearedcredit: 5n * increment },
      balances: { [ids.alice]: 0n },
    });
    await stage.move({ ...movement(ids.alice, 100n * increment), cleared: false });
    const alice = await stage.phone('alice', '192.0.2.21');
    const calls = await startCalls(stage, alice, 6);
    assert.deepEqual(tally(alice, calls), { 100: 5, 403: 1 });
    stage.server.calls.endAll();
    await stage.run(40_000);
    const abroad = await startCalls(stage, alice, 1, 'sip:00494012345678@server.example');
    assert.deepEqual(tally(alice, abroad), { 403: 1 });
    assert.equal(stage.decisions.at(-1)?.rule, 'credit');
  });

  test('media before the answer is in the CDR, and costs nothing', async () => {
    const stage = await moneyStage();
    const alice = await stage.phone('alice', '192.0.2.21');
    const carrier = await stage.peer('192.0.2.50');
    await startCalls(stage, alice, 1);
    carrier.respond(carrier.request('INVITE'), 183, { body: sdp('192.0.2.50') });
    await stage.run(7000);
    stage.server.calls.endAll();
    await stage.run(40_000);
    assert.equal(Math.round((stage.store.cdrs[0]?.earlyMediaMs ?? 0) / 100), 70);
    assert.equal([...stage.postings.postings.values()].filter(({ callId }) => callId !== '').length, 0);
  });

  test('more calls than one turn looks at learn of a change, each of them', async () => {
    const stage = await moneyStage({ settings: { maxcpsperip: 0, maxcps: 0, blocktoomuchpendingsession: 0 } });
    const alice = await stage.phone('alice', '192.0.2.21');
    const carrier = await stage.peer('192.0.2.50');
    await startCalls(stage, alice, 130);
    for (const invite of carrier.requests('INVITE')) carrier.respond(invite, 200, { body: sdp('192.0.2.50') });
    await stage.run(1000);
    stage.settings = { ...stage.settings, maxdailycreditforenduser: 130n * 2n * increment };
    stage.server.settingsChanged();
    await stage.run(1500);
    const ended = new Set(carrier.requests('BYE').map(({ callId }) => callId));
    assert.equal(ended.size, 130);
  });
});

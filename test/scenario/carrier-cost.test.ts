import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Posting } from '../../src/billing/ledger/posting.ts';
import type { UnfinishedCall } from '../../src/call/record.ts';
import { priceRow } from '../kit/money.ts';
import { heartbeatAt } from '../kit/records.ts';
import { connectedCall, ids, moneyStage, type MoneyStageOptions, startCalls } from './money-stage.ts';
import { sdp } from './scripted-peer.ts';
import { type Stage, trunkAt } from './stage.ts';

const fee = 7n;
/** 0.03 a minute by the second, and a fee for each attempt. */
const cost = priceRow(30_000n, { attemptFeeMicros: fee });
const rows = { [ids.alice]: priceRow(60_000n), [ids.carrier]: cost };

function priced(given: Partial<MoneyStageOptions> = {}): Promise<Stage> {
  return moneyStage({ rows, balances: { [ids.alice]: 1_000_000n }, ...given });
}

/** What a SIP server charged us, as day and amount. */
function costsOf(stage: Stage, accountId: number = ids.carrier): readonly (readonly [string, bigint])[] {
  const own = (posting: Posting): boolean => posting.accountId === accountId && posting.kind === 'charge';
  return [...stage.postings.postings.values()].filter(own).map(({ day, amountMicros }) => [day, -amountMicros]);
}

function leftBy({ store }: Stage): readonly UnfinishedCall[] {
  return store.rows.map((row) => {
    const answer = store.answers.find(({ callId }) => callId === row.callId);
    return {
      ...{ cdr: answer?.cdr ?? row.cdr, answeredAtMs: answer?.answeredAtMs, caller: answer?.caller },
      ...{ callee: answer?.callee, invites: row.invites, money: row.money },
    };
  });
}

describe('what a SIP server charges us', () => {
  test('for a call over midnight belongs to both days, as it was held', async () => {
    const stage = await priced({ money: { carrier: { dayMicros: 20_000n } } });
    stage.clock.advance(14 * 3_600_000 - 10_000);
    const alice = await stage.phone('alice', '192.0.2.21');
    const call = await connectedCall(stage, alice, await stage.peer('192.0.2.50'));
    stage.clock.advance(40_000);
    call.hangUp();
    await stage.run(20);
    assert.deepEqual(costsOf(stage), [
      ['2026-11-23', 10n * 500n + fee],
      ['2026-11-24', 31n * 500n],
    ]);
  });

  test('is no fee of an attempt that was never made, because the server was full', async () => {
    const stage = await priced();
    stage.change('carrier', { trunk: { ...trunkAt('192.0.2.50'), maxCalls: 1 } });
    const alice = await stage.phone('alice', '192.0.2.21');
    const [carrier, spare] = [await stage.peer('192.0.2.50'), await stage.peer('192.0.2.51')];
    const calls = await startCalls(stage, alice, 2);
    assert.deepEqual([carrier.requests('INVITE').length, spare.requests('INVITE').length > 0], [1, true]);
    for (const [peer, status] of [
      [carrier, 486],
      [spare, 486],
    ] as const) {
      peer.respond(peer.request('INVITE'), status);
    }
    await stage.run(100);
    assert.equal(calls.length, 2);
    assert.deepEqual(costsOf(stage), [['2026-11-23', fee]]);
  });

  test('for attempts is held against its day until their calls are over', async () => {
    const stage = await priced({ money: { carrier: { dayMicros: 500n + 2n * fee } } });
    const alice = await stage.phone('alice', '192.0.2.21');
    const [carrier, spare] = [await stage.peer('192.0.2.50'), await stage.peer('192.0.2.51')];
    await startCalls(stage, alice, 1);
    carrier.respond(carrier.request('INVITE'), 503);
    await stage.run(100);
    assert.equal(spare.requests('INVITE').length, 1);
    assert.equal(stage.server.money.heldCounters.get(`carrier ${ids.carrier} 2026-11-23`), fee);
    const before = carrier.requests('INVITE').length;
    await startCalls(stage, alice, 2);
    assert.equal(carrier.requests('INVITE').length - before, 1, 'the second has no room beside the first and the fee');
  });

  test('for a late answer is a loss of its caller, who cannot make us lose more than the limit by hanging up early', async () => {
    const dear = { [ids.alice]: priceRow(60_000n), [ids.carrier]: priceRow(120_000n), [ids.spare]: priceRow(30_000n) };
    const settings = { blocknotprofitablecalls: 0, maxnegativemargin: 2500n } as const;
    const stage = await priced({ rows: dear, settings });
    const alice = await stage.phone('alice', '192.0.2.21');
    const [carrier, spare] = [await stage.peer('192.0.2.50'), await stage.peer('192.0.2.51')];
    const [invite] = await startCalls(stage, alice, 1);
    assert.ok(invite);
    const offered = carrier.request('INVITE');
    carrier.respond(offered, 180);
    await stage.run(20);
    alice.cancel(invite);
    await stage.run(20);
    carrier.respond(offered, 200, { body: sdp('192.0.2.50') });
    await stage.run(20);
    assert.deepEqual(costsOf(stage), [['2026-11-23', 2000n]]);
    const before = carrier.requests('INVITE').length;
    await startCalls(stage, alice, 1);
    assert.deepEqual([carrier.requests('INVITE').length - before, spare.requests('INVITE').length], [0, 1]);
  });

  test('for a call that rang when the server died is its fee, and a late answer is posted too', async () => {
    const dead = await priced();
    const alice = await dead.phone('alice', '192.0.2.21');
    const far = await dead.peer('192.0.2.50');
    await startCalls(dead, alice, 1);
    far.respond(far.request('INVITE'), 180);
    await dead.run(20);
    const stage = await priced();
    const carrier = await stage.peer('192.0.2.50');
    const lastHeartbeat = heartbeatAt(dead.clock.wallMs());
    await stage.server.endDeadCalls({ unfinishedCalls: leftBy(dead), lastHeartbeat });
    await stage.run(20);
    assert.deepEqual(costsOf(stage), [['2026-11-23', fee]]);
    stage.onLog(() => {});
    carrier.respond(far.request('INVITE'), 200, { body: sdp('192.0.2.50') });
    await stage.run(20);
    assert.equal(carrier.requests('BYE').length, 1);
    assert.deepEqual(costsOf(stage), [
      ['2026-11-23', fee],
      ['2026-11-23', 500n],
    ]);
    assert.equal(stage.balanceOf('alice'), 1_000_000n);
  });
});

test('a late answer beside a call in progress is a cost also where the server dies before that call ends', async () => {
  const both = { ...rows, [ids.spare]: priceRow(30_000n) };
  const dead = await priced({ rows: both, settings: { call_init_timeout: 4 } });
  const [first, second] = [await dead.peer('192.0.2.50'), await dead.peer('192.0.2.51')];
  const alice = await dead.phone('alice', '192.0.2.21');
  const [invite] = await startCalls(dead, alice, 1);
  assert.ok(invite);
  await dead.run(4_200);
  second.respond(second.request('INVITE'), 200, { body: sdp('192.0.2.51') });
  await dead.run(20);
  alice.ack(invite, alice.response('INVITE', 200));
  first.respond(first.request('INVITE'), 200, { body: sdp('192.0.2.50') });
  await dead.run(20);
  assert.equal(first.requests('BYE').length, 1);
  const stage = await priced({ rows: both });
  const lastHeartbeat = heartbeatAt(dead.clock.wallMs());
  await stage.server.endDeadCalls({ unfinishedCalls: leftBy(dead), lastHeartbeat });
  assert.deepEqual(costsOf(stage), [['2026-11-23', fee + 500n]]);
});

test('a call of a server that died before its first heartbeat costs its first second, whatever the one before left', async () => {
  const dead = await priced();
  const alice = await dead.phone('alice', '192.0.2.21');
  await connectedCall(dead, alice, await dead.peer('192.0.2.50'));
  for (const wallMs of [dead.clock.wallMs() - 5000, dead.clock.wallMs() + 86_400_000]) {
    const stage = await priced();
    const lastHeartbeat = { wallMs, monotonicMs: dead.clock.monotonicMs() + 60_000, epoch: 77 };
    await stage.server.endDeadCalls({ unfinishedCalls: leftBy(dead), lastHeartbeat });
    assert.equal(stage.balanceOf('alice'), 1_000_000n - 1000n);
  }
});

describe('a call of a server that died after its wall clock was set', () => {
  for (const stepMs of [86_400_000, -86_400_000]) {
    test(`by ${stepMs / 3_600_000} hours is charged for the time that has passed`, async () => {
      const dead = await priced();
      const alice = await dead.phone('alice', '192.0.2.21');
      await connectedCall(dead, alice, await dead.peer('192.0.2.50'));
      await dead.run(12_000);
      const { clock } = dead;
      const lastHeartbeat = { wallMs: clock.wallMs() + stepMs, monotonicMs: clock.monotonicMs(), epoch: 0 };
      const stage = await priced();
      await stage.server.endDeadCalls({ unfinishedCalls: leftBy(dead), lastHeartbeat });
      const [cdr] = stage.store.cdrs;
      assert.equal(Math.round(((cdr?.endedAtMs ?? 0) - (cdr?.answeredAtMs ?? 0)) / 1000), 12);
      assert.equal(stage.balanceOf('alice'), 1_000_000n - 13_000n);
    });
  }
});

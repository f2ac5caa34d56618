import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { PriceRow } from '../../src/billing/rating/price.ts';
import { HeaderList, type SipRequest } from '../../src/sip/message/index.ts';
import { priceRow } from '../kit/money.ts';
import { ids, moneyStage, type MoneyStageOptions, startCalls, tally, target } from './money-stage.ts';
import { type ScriptedPeer, sdp } from './scripted-peer.ts';
import { password, type Stage } from './stage.ts';

// Somebody has the SIP password of alice, and a carrier's number that pays. Whatever is tried, alice is charged no more
// than she has, and what the carrier can charge stays beside it.

/** Alice pays 0.001 a second, the carrier costs half of that. */
const secondMicros = 1000n;
const costMicros = 500n;
/** She has ten seconds. */
const credit = 10n * secondMicros;
const rows = { [ids.alice]: priceRow(60_000n), [ids.carrier]: priceRow(30_000n), [ids.spare]: priceRow(30_000n) };

interface Heist {
  readonly stage: Stage;
  readonly thief: ScriptedPeer;
  readonly carrier: ScriptedPeer;
  readonly spare: ScriptedPeer;
}

async function heist(given: MoneyStageOptions = {}): Promise<Heist> {
  const stage = await moneyStage({ rows, balances: { [ids.alice]: credit }, ...given });
  const thief = await stage.phone('alice', '192.0.2.21');
  const [carrier, spare] = [await stage.peer('192.0.2.50'), await stage.peer('192.0.2.51')];
  return { stage, thief, carrier, spare };
}

/** The thief's calls, each answered by the carrier; `answers` are what it sent. */
async function connectAll({ stage, thief, carrier }: Heist, count: number): Promise<readonly SipRequest[]> {
  const calls = await startCalls(stage, thief, count);
  for (const invite of carrier.requests('INVITE')) carrier.respond(invite, 200, { body: sdp('192.0.2.50') });
  await stage.run(20);
  for (const invite of calls) {
    const answer = thief.responses('INVITE').find(({ callId, status }) => callId === invite.callId && status === 200);
    if (answer !== undefined) thief.ack(invite, answer);
  }
  return calls;
}

/** Runs until every call is over, the peers answering nothing. */
async function passTime({ stage }: Heist, durationMs: number): Promise<void> {
  for (let leftMs = durationMs; leftMs > 0; leftMs -= 1000) await stage.run(Math.min(1000, leftMs));
}

/** What must hold after whatever was tried. `tailS` are seconds of legs that nobody was charged for. */
function expectBound(
  { stage }: Heist,
  { tailS = 0n, row = rows[ids.carrier] }: { tailS?: bigint; row?: PriceRow } = {},
): void {
  const owes = -(stage.balanceOf('carrier') + stage.balanceOf('spare'));
  const charged = credit - stage.balanceOf('alice');
  assert.ok(stage.balanceOf('alice') >= 0n, `alice has ${stage.balanceOf('alice')}`);
  const perSecond = row.peakPerMinuteMicros / 60n;
  const paidS = charged / secondMicros;
  assert.ok(owes <= (paidS + tailS) * perSecond, `carriers charge ${owes}, alice ${charged}`);
  assert.equal(stage.server.money.heldCounters.size, 0, 'something is held for ever');
  assert.equal(new Set(stage.store.cdrs.map(({ callId }) => callId)).size, stage.store.cdrs.length);
}

describe('with a stolen password, a thief', () => {
  test('who calls thirty times at once talks no longer together than the credit lasts', async () => {
    const tried = await heist();
    const calls = await connectAll(tried, 30);
    assert.deepEqual(tally(tried.thief, calls), { 200: 10, 403: 20 });
    await passTime(tried, 45_000);
    assert.equal(tried.stage.balanceOf('alice'), 0n);
    assert.equal(tried.carrier.requests('INVITE').length, 10);
    expectBound(tried);
  });

  test('who calls again and again is stopped when the credit is gone, whatever each call lasts', async () => {
    const tried = await heist();
    for (let round = 0; round < 12; round++) {
      const [invite] = await connectAll(tried, 1);
      assert.ok(invite);
      await tried.stage.run(round % 2 === 0 ? 300 : 1300);
      const answer = tried.thief.responses('INVITE').find((one) => one.callId === invite.callId && one.status === 200);
      if (answer !== undefined) tried.thief.send(tried.thief.inDialog('BYE', invite, answer));
      await tried.stage.run(100);
      tried.carrier.received.length = 0;
    }
    await passTime(tried, 40_000);
    assert.equal(tried.stage.balanceOf('alice'), 0n);
    expectBound(tried);
  });

  test('who renegotiates by re-INVITE and UPDATE, holds and resumes, is cut when the money is over', async () => {
    const tried = await heist();
    const { stage, thief, carrier } = tried;
    const [invite] = await connectAll(tried, 1);
    assert.ok(invite);
    const answer = thief.response('INVITE', 200);
    for (let second = 1; second < 9; second++) {
      const held = sdp('192.0.2.21', 40_000 + 2 * second, [second % 2 === 0 ? 'a=sendonly' : 'a=sendrecv']);
      thief.send(thief.inDialog(second % 3 === 0 ? 'UPDATE' : 'INVITE', invite, answer, held));
      await stage.run(300);
      const offer = carrier.requests('INVITE').at(-1);
      if (offer !== undefined) carrier.respond(offer, 200, { body: sdp('192.0.2.50') });
      await stage.run(700);
      for (const session of stage.plane.sessions) assert.ok((session.paidUntilMs ?? Infinity) <= paidEndMs(tried, 10));
    }
    await passTime(tried, 3000);
    // The thief has acknowledged nothing, so its own BYE waits (RFC 3261 §15); the carrier's does not.
    assert.ok(carrier.requests('BYE').length > 0);
    await passTime(tried, 40_000);
    assert.equal(stage.balanceOf('alice'), 0n);
    expectBound(tried);
  });

  test('who lets a carrier play for ever without an answer hears nothing after the longest early state, and nobody pays', async () => {
    const tried = await heist();
    const { stage, thief, carrier } = tried;
    const calls = await startCalls(stage, thief, 3);
    for (let second = 0; second < 120; second += 20) {
      for (const invite of carrier.requests('INVITE')) carrier.respond(invite, 183, { body: sdp('192.0.2.50') });
      await passTime(tried, 20_000);
    }
    assert.ok(carrier.requests('CANCEL').length >= 3);
    assert.deepEqual(
      Object.keys(tally(thief, calls)).filter((status) => Number(status) < 400),
      [],
    );
    for (const invite of carrier.requests('INVITE')) carrier.respond(invite, 487);
    await passTime(tried, 70_000);
    assert.deepEqual(
      [stage.balanceOf('alice'), stage.balanceOf('carrier'), stage.plane.sessions.length],
      [credit, 0n, 0],
    );
    expectBound(tried);
  });

  test('who cancels just before each answer costs no more than the carrier may in a day', async () => {
    const tried = await heist({ money: { carrier: { dayMicros: 3n * costMicros }, spare: { dayMicros: costMicros } } });
    const { stage, thief, carrier, spare } = tried;
    for (let round = 0; round < 8; round++) {
      const [invite] = await startCalls(stage, thief, 1);
      assert.ok(invite);
      for (const server of [carrier, spare]) for (const each of server.requests('INVITE')) server.respond(each, 180);
      await stage.run(20);
      thief.cancel(invite);
      await stage.run(20);
      for (const server of [carrier, spare]) {
        for (const each of server.requests('INVITE')) server.respond(each, 200, { body: sdp(server.local.address) });
        server.received.length = 0;
      }
      await passTime(tried, 2000);
    }
    await passTime(tried, 70_000);
    assert.deepEqual([stage.balanceOf('carrier'), stage.balanceOf('spare')], [-3n * costMicros, -costMicros]);
    assert.equal(stage.balanceOf('alice'), credit);
    assert.equal(stage.server.money.heldCounters.size, 0);
  });

  test('whose carrier forks and answers twice pays one leg, and the second is ended at once', async () => {
    const tried = await heist();
    const { stage, thief, carrier } = tried;
    const [invite] = await startCalls(stage, thief, 1);
    assert.ok(invite);
    const dialled = carrier.request('INVITE');
    carrier.respond(dialled, 200, { body: sdp('192.0.2.50'), tag: 'first' });
    carrier.respond(dialled, 200, { body: sdp('192.0.2.50'), tag: 'second' });
    await stage.run(20);
    thief.ack(invite, thief.response('INVITE', 200));
    // The same answers again are no further calls.
    carrier.respond(dialled, 200, { body: sdp('192.0.2.50'), tag: 'first' });
    carrier.respond(dialled, 200, { body: sdp('192.0.2.50'), tag: 'second' });
    await stage.run(100);
    const ended = carrier.requests('BYE').map(({ headers }) => headers.get('to'));
    assert.ok(ended.length > 0 && ended.every((to) => to?.includes('second')));
    await passTime(tried, 50_000);
    assert.equal(stage.balanceOf('alice'), 0n);
    // The second leg lasted a moment, and is counted as its shortest call.
    assert.equal(stage.balanceOf('carrier'), -(10n + 1n) * costMicros);
    expectBound(tried, { tailS: 1n });
  });

  test('who does not acknowledge the answer, or its PRACK, pays from the answer on all the same', async () => {
    const tried = await heist();
    const { stage, thief, carrier } = tried;
    const headers = new HeaderList().append('supported', '100rel');
    const invite = await proven(tried, headers);
    carrier.respond(carrier.request('INVITE'), 183, { body: sdp('192.0.2.50') });
    await stage.run(20);
    carrier.respond(carrier.request('INVITE'), 200, { body: sdp('192.0.2.50') });
    await stage.run(20);
    assert.ok(!thief.responses('INVITE').some(({ callId, status }) => callId === invite.callId && status === 200));
    await passTime(tried, 12_000);
    assert.ok(carrier.requests('BYE').length > 0, 'the credit is over after ten seconds');
    await passTime(tried, 60_000);
    assert.equal(stage.balanceOf('alice'), 0n);
    expectBound(tried);
  });

  test('who calls the number of the own account through the carrier pays for the way out, and the way in is bounded by it', async () => {
    const tried = await heist();
    const { stage, thief, carrier } = tried;
    await connectAll(tried, 1);
    // The carrier brings the call back.
    const back = carrier.build('INVITE', 'sip:alice@server.example', 'x', { body: sdp('192.0.2.50') });
    carrier.send(back);
    await stage.run(20);
    assert.equal(carrier.requests('INVITE').length, 1, 'nothing is sent from carrier to carrier');
    await passTime(tried, 12_000);
    assert.ok(thief.requests('BYE').length > 0);
    await passTime(tried, 240_000);
    assert.equal(stage.balanceOf('alice'), 0n);
    expectBound(tried);
  });

  test('who calls across midnight has the limit of each day, and not a millionth more', async () => {
    const tried = await heist({ money: { alice: { dayMicros: 6n * secondMicros } } });
    const { stage, thief } = tried;
    stage.clock.advance(14 * 3_600_000 - 4_000);
    await stage.register(thief, 'alice');
    await connectAll(tried, 1);
    await passTime(tried, 60_000);
    const { balances } = stage.ledger;
    const spent = ['2026-11-23', '2026-11-24'].map((day) => balances.chargedOnDay(ids.alice, day));
    assert.ok(
      spent.every((micros) => micros <= 6n * secondMicros),
      String(spent),
    );
    assert.equal(spent[0] === undefined ? 0n : spent[0] + (spent[1] ?? 0n), credit);
    expectBound(tried);
  });

  test('who sends music on hold and says nothing more is cut by the money, not by the media', async () => {
    const tried = await heist();
    const { stage, thief, carrier } = tried;
    const [invite] = await connectAll(tried, 1);
    assert.ok(invite);
    thief.send(
      thief.inDialog('INVITE', invite, thief.response('INVITE', 200), sdp('192.0.2.21', 40_000, ['a=inactive'])),
    );
    await stage.run(200);
    carrier.respond(carrier.request('INVITE'), 200, { body: sdp('192.0.2.50', 40_000, ['a=inactive']) });
    await passTime(tried, 11_000);
    assert.ok(carrier.requests('BYE').length > 0);
    await passTime(tried, 40_000);
    assert.equal(stage.balanceOf('alice'), 0n);
    expectBound(tried);
  });

  test('whose carrier answers again after the BYE is charged once', async () => {
    const tried = await heist();
    const { stage, thief, carrier } = tried;
    const [invite] = await connectAll(tried, 1);
    assert.ok(invite);
    const dialled = carrier.requests('INVITE')[0];
    assert.ok(dialled);
    await stage.run(2500);
    thief.send(thief.inDialog('BYE', invite, thief.response('INVITE', 200)));
    await stage.run(20);
    carrier.respond(dialled, 200, { body: sdp('192.0.2.50') });
    carrier.respond(dialled, 200, { body: sdp('192.0.2.50') });
    await passTime(tried, 60_000);
    assert.deepEqual([stage.balanceOf('alice'), stage.store.cdrs.length], [credit - 3n * secondMicros, 1]);
    expectBound(tried);
  });

  test('who repeats the INVITE and sends it anew in the same dialog makes one call', async () => {
    const tried = await heist();
    const { stage, thief, carrier } = tried;
    const [invite] = await startCalls(stage, thief, 1);
    assert.ok(invite);
    for (let copy = 0; copy < 5; copy++) thief.send(invite);
    await stage.run(100);
    assert.equal(carrier.requests('INVITE').length, 1);
    carrier.respond(carrier.request('INVITE'), 486);
    await passTime(tried, 40_000);
    assert.deepEqual([stage.balanceOf('alice'), stage.store.cdrs.length], [credit, 1]);
    expectBound(tried);
  });
});

/** When ten seconds of credit end, on the media plane's clock, with the answer's round trip. */
function paidEndMs({ stage }: Heist, seconds: number): number {
  const answeredAtMs = stage.store.answers[0]?.answeredAtMs ?? 0;
  return stage.clock.monotonicMs() - (stage.clock.wallMs() - answeredAtMs) + seconds * 1000;
}

/** One INVITE of the thief past its challenge, with headers of its own. */
async function proven({ stage, thief }: Heist, headers: HeaderList): Promise<SipRequest> {
  const first = thief.build('INVITE', target, 'alice', { body: sdp('192.0.2.21'), headers });
  thief.send(first);
  await stage.run(20);
  const challenge = thief.response('INVITE', 407);
  thief.ack(first, challenge);
  const again = thief.authorised(first, challenge, 'alice', password);
  thief.send(again);
  await stage.run(20);
  return again;
}

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CallBench } from './call-bench.ts';
import { sdp } from './scripted-peer.ts';
import { Stage, trunkAt } from './stage.ts';

/** Answers the BYEs that both phones got. */
async function answerByes({ stage, alice, bob }: CallBench): Promise<void> {
  for (const phone of [alice, bob]) phone.respond(phone.request('BYE'), 200);
  await stage.run(40);
}

describe('timers of a call', () => {
  test('nobody answers: the callee gets CANCEL and the caller 480 at the ring timeout [session.ring-timeout]', async () => {
    const stage = await Stage.open({ settings: { ring_timeout: 30 } });
    const alice = await stage.phone('alice', '192.0.2.21');
    const bob = await stage.phone('bob', '192.0.2.22');
    await stage.invite(alice, 'alice', 'sip:bob@server.example');
    const invite = bob.request('INVITE');
    bob.respond(invite, 180);
    await stage.run(29_900);
    assert.equal(bob.requests('CANCEL').length, 0);
    await stage.run(400);
    assert.ok(bob.requests('CANCEL').length > 0);
    assert.deepEqual(alice.statuses('INVITE').slice(0, 4), [407, 100, 180, 480]);
    assert.deepEqual(
      stage.store.cdrs.map(({ cause, sipStatus }) => [cause, sipStatus]),
      [['no answer', 480]],
    );
  });

  test('a next hop that says 100 and then nothing is given up after the ring timeout too [session.ring-timeout]', async () => {
    const bench = await CallBench.dial({ settings: { ring_timeout: 40, absolute_timeout: 3600 } });
    bench.bobSays(100);
    await bench.run(39_900);
    assert.equal(bench.bob.requests('CANCEL').length, 0);
    await bench.run(400);
    assert.ok(bench.bob.requests('CANCEL').length > 0);
    assert.ok(bench.alice.statuses('INVITE').includes(480));
    assert.deepEqual(bench.causes, ['no answer']);
  });

  test('the ring timeout begins anew with the first ringing after a 100 [session.ring-timeout]', async () => {
    const bench = await CallBench.dial({ settings: { ring_timeout: 40 } });
    bench.bobSays(100);
    await bench.run(30_000);
    bench.bobSays(180);
    await bench.run(39_900);
    assert.equal(bench.bob.requests('CANCEL').length, 0);
    await bench.run(400);
    assert.ok(bench.bob.requests('CANCEL').length > 0);
  });

  test('a caller that sets a time in Expires hears 487 when it is over, and the callee stops ringing (RFC 3261 §13.3.1)', async () => {
    const bench = await CallBench.dial({ settings: { ring_timeout: 30 } }, { headers: [['expires', '10']] });
    bench.bobSays(180);
    await bench.run(9900);
    assert.equal(bench.bob.requests('CANCEL').length, 0);
    await bench.run(200);
    assert.ok(bench.bob.requests('CANCEL').length > 0);
    assert.ok(bench.alice.statuses('INVITE').includes(487));
    assert.deepEqual(bench.causes, ['invitation expired']);
  });

  test('an answered call outlives the Expires of its INVITE', async () => {
    const bench = await CallBench.connect({ settings: { media_timeout: 0 } }, [['expires', '10']]);
    await bench.run(20_000);
    assert.deepEqual(bench.causes, []);
  });

  test('a next hop that stays silent is given up after the call init timeout and the caller gets 408 [session.call-init-timeout]', async () => {
    const stage = await Stage.open({ settings: { call_init_timeout: 5 } });
    const alice = await stage.phone('alice', '192.0.2.21');
    await stage.phone('bob', '192.0.2.22');
    await stage.invite(alice, 'alice', 'sip:bob@server.example');
    await stage.run(4_900);
    assert.ok(!alice.statuses('INVITE').includes(408));
    await stage.run(200);
    assert.ok(alice.statuses('INVITE').includes(408));
    assert.equal(stage.store.cdrs[0]?.cause, 'call init timeout');
  });

  test('both sides get BYE when the longest connected time is reached [session.call-timeout]', async () => {
    const call = await CallBench.connect({ settings: { call_timeout: 600, media_timeout: 0 } });
    await call.stage.run(599_000);
    assert.equal(call.bob.requests('BYE').length, 0);
    await call.stage.run(1_500);
    await answerByes(call);
    const [cdr] = call.stage.store.cdrs;
    assert.equal(cdr?.cause, 'call timeout');
    assert.equal((cdr?.endedAtMs ?? 0) - (cdr?.answeredAtMs ?? 0), 600_000);
  });

  test('any call ends at the absolute timeout, and its CDR says so [session.absolute-timeout]', async () => {
    const call = await CallBench.connect({ settings: { call_timeout: 0, media_timeout: 0, absolute_timeout: 900 } });
    await call.stage.run(901_000);
    await answerByes(call);
    assert.equal(call.stage.store.cdrs[0]?.cause, 'absolute timeout');
  });

  test('a call without media from either side ends after the media timeout [session.media-timeout]', async () => {
    const call = await CallBench.connect({ settings: { media_timeout: 60 } });
    await call.stage.run(59_000);
    call.stage.plane.checkSilence();
    assert.equal(call.bob.requests('BYE').length, 0);
    await call.stage.run(1_100);
    call.stage.plane.checkSilence();
    await call.stage.run(40);
    await answerByes(call);
    assert.equal(call.stage.store.cdrs[0]?.cause, 'media timeout');
  });

  test('a call on hold is exempt from the media timeout up to its own limit [session.media-timeout]', async () => {
    const call = await CallBench.connect({ settings: { media_timeout: 60, media_timeout_hold: 600 } });
    const { stage, alice, bob, invite, answer } = call;
    alice.send(alice.inDialog('INVITE', invite, answer, sdp('192.0.2.21', 40_000, ['a=inactive'])));
    await stage.run(20);
    bob.respond(bob.request('INVITE'), 200, { body: sdp('192.0.2.22', 40_000, ['a=inactive']) });
    await stage.run(20);
    const hold = alice.response('INVITE', 200);
    alice.send(alice.inDialogAck(invite, hold));
    await stage.run(300_000);
    stage.plane.checkSilence();
    await stage.run(40);
    assert.equal(bob.requests('BYE').length, 0);
    await stage.run(301_000);
    stage.plane.checkSilence();
    await stage.run(40);
    assert.ok(bob.requests('BYE').length > 0);
  });

  test('media before the answer is bounded by the early timeout', async () => {
    const stage = await Stage.open({ settings: { early_timeout: 40 } });
    const alice = await stage.phone('alice', '192.0.2.21');
    const bob = await stage.phone('bob', '192.0.2.22');
    await stage.invite(alice, 'alice', 'sip:bob@server.example');
    bob.respond(bob.request('INVITE'), 183, { body: sdp('192.0.2.22') });
    await stage.run(39_000);
    assert.equal(bob.requests('CANCEL').length, 0);
    await stage.run(1_500);
    assert.ok(bob.requests('CANCEL').length > 0);
    assert.equal(stage.store.cdrs[0]?.cause, 'early timeout');
  });

  test("a dial rule's longest duration ends the call before the server's does", async () => {
    const stage = await Stage.open({
      settings: { media_timeout: 0 },
      accounts: [{ name: 'carrier', kind: 'sipserver', trunk: trunkAt('192.0.2.50') }],
      dialRules: [{ pattern: '00.', maxDurationS: 120, routes: [{ sipServerId: 3, priority: 1, weight: 1 }] }],
    });
    const carrier = await stage.peer('192.0.2.50');
    const alice = await stage.phone('alice', '192.0.2.21');
    const invite = await stage.invite(alice, 'alice', 'sip:0043123@server.example');
    carrier.respond(carrier.request('INVITE'), 200, { body: sdp('192.0.2.50') });
    await stage.run(20);
    alice.ack(invite, alice.response('INVITE', 200));
    await stage.run(119_000);
    assert.equal(carrier.requests('BYE').length, 0);
    await stage.run(2_000);
    assert.ok(carrier.requests('BYE').length > 0);
    assert.equal(stage.store.cdrs[0]?.cause, 'call timeout');
  });

  test('an answer that the caller never acknowledges ends the call on both sides after 32 s', async () => {
    const stage = await Stage.open();
    const alice = await stage.phone('alice', '192.0.2.21');
    const bob = await stage.phone('bob', '192.0.2.22');
    await stage.invite(alice, 'alice', 'sip:bob@server.example');
    bob.respond(bob.request('INVITE'), 200, { body: sdp('192.0.2.22') });
    await stage.run(20);
    await stage.run(31_000);
    assert.ok(alice.statuses('INVITE').filter((status) => status === 200).length > 5);
    await stage.run(1_500);
    assert.ok(alice.requests('BYE').length > 0 && bob.requests('BYE').length > 0);
    assert.equal(stage.store.cdrs[0]?.cause, 'no ack');
  });
});

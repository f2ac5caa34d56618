import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CallBench } from './call-bench.ts';
import { sdp } from './scripted-peer.ts';

const allow = ['allow', 'INVITE, ACK, BYE, CANCEL, UPDATE, PRACK'] as const;
const early = { headers: [['supported', '100rel'], allow] } as const;
const held = (address: string): string => sdp(address, 40_000, ['a=sendonly']);

/** Both sides have settled their first exchange by reliable responses, and nobody has answered. */
async function ringingReliably(): Promise<CallBench> {
  const bench = await CallBench.dial({}, early);
  bench.bobSaysReliably(183, 1, sdp('192.0.2.22'));
  await bench.run();
  bench.bob.respond(bench.bob.request('PRACK'), 200);
  bench.prack(bench.alice.response('INVITE', 183));
  await bench.run();
  assert.deepEqual(bench.alice.statuses('PRACK'), [200]);
  return bench;
}

describe('UPDATE before the answer (RFC 3311 §5)', () => {
  test('an offer of the caller reaches the callee by UPDATE, and its answer comes back', async () => {
    const bench = await ringingReliably();
    const progress = bench.alice.response('INVITE', 183);
    bench.alice.send(bench.alice.inDialog('UPDATE', bench.invite, progress, sdp('192.0.2.21', 45_000)));
    await bench.run();
    const update = bench.bob.request('UPDATE');
    assert.match(update.body, /m=audio/);
    bench.bob.respond(update, 200, { body: sdp('192.0.2.22', 46_000) });
    await bench.run();
    assert.match(bench.alice.response('UPDATE', 200).body, /m=audio/);
    const [session] = bench.stage.plane.sessions;
    assert.deepEqual(
      [session?.configOf(0, 'a')?.target?.port, session?.configOf(0, 'b')?.target?.port],
      [45_000, 46_000],
    );
    bench.bobSays(200);
    await bench.run();
    assert.equal(bench.answer.body, '');
    bench.alice.ack(bench.invite, bench.answer);
    await bench.run();
    assert.equal(bench.stage.server.calls.count, 1);
  });

  test('an offer of the callee reaches the caller by UPDATE', async () => {
    const bench = await ringingReliably();
    const invite = bench.bob.request('INVITE');
    bench.bob.send(bench.bob.inDialogAsCallee('UPDATE', invite, sdp('192.0.2.22', 46_000)));
    await bench.run();
    bench.alice.respond(bench.alice.request('UPDATE'), 200, { body: sdp('192.0.2.21', 45_000) });
    await bench.run();
    assert.match(bench.bob.response('UPDATE', 200).body, /m=audio/);
  });

  test('an offer before the first exchange is settled is answered 500 with a Retry-After of at most 10 s', async () => {
    const bench = await CallBench.dial({}, early);
    bench.bobSays(183, { body: sdp('192.0.2.22') });
    await bench.run();
    const progress = bench.alice.response('INVITE', 183);
    bench.prack(progress);
    await bench.run();
    // Bob's own answer was not reliable: he cannot be sent another offer yet.
    bench.alice.send(bench.alice.inDialog('UPDATE', bench.invite, progress, sdp('192.0.2.21', 45_000)));
    await bench.run();
    const retryAfter = Number(bench.alice.response('UPDATE', 500).headers.get('retry-after'));
    assert.ok(retryAfter >= 0 && retryAfter <= 10);
    assert.equal(bench.bob.requests('UPDATE').length, 0);
  });

  test('without SDP it is answered at once and moves nothing', async () => {
    const bench = await ringingReliably();
    const progress = bench.alice.response('INVITE', 183);
    bench.alice.send(bench.alice.inDialog('UPDATE', bench.invite, progress));
    await bench.run();
    assert.deepEqual([bench.alice.statuses('UPDATE'), bench.bob.requests('UPDATE').length], [[200], 0]);
  });
});

describe('UPDATE in a call that is up', () => {
  test('hold by UPDATE goes on as UPDATE where the other side allows it', async () => {
    const bench = await CallBench.connect({}, [allow], [allow]);
    bench.alice.send(bench.alice.inDialog('UPDATE', bench.invite, bench.answer, held('192.0.2.21')));
    await bench.run();
    const update = bench.bob.request('UPDATE');
    assert.match(update.body, /a=sendonly/);
    bench.bob.respond(update, 200, { body: sdp('192.0.2.22', 40_000, ['a=recvonly']) });
    await bench.run();
    assert.match(bench.alice.response('UPDATE', 200).body, /a=recvonly/);
  });

  test('hold by UPDATE becomes a re-INVITE for a side that does not allow UPDATE', async () => {
    const bench = await CallBench.connect({}, [allow]);
    bench.alice.send(bench.alice.inDialog('UPDATE', bench.invite, bench.answer, held('192.0.2.21')));
    await bench.run();
    assert.equal(bench.bob.requests('UPDATE').length, 0);
    bench.bobSays(200, { body: sdp('192.0.2.22', 40_000, ['a=recvonly']) });
    await bench.run();
    assert.match(bench.alice.response('UPDATE', 200).body, /a=recvonly/);
  });

  test('two that cross are glare: 491 to both, and the call goes on', async () => {
    const bench = await CallBench.connect({}, [allow], [allow]);
    const dialled = bench.bob.request('INVITE');
    bench.alice.send(bench.alice.inDialog('UPDATE', bench.invite, bench.answer, held('192.0.2.21')));
    await bench.run();
    bench.bob.send(bench.bob.inDialogAsCallee('UPDATE', dialled, held('192.0.2.22')));
    await bench.run();
    assert.deepEqual(bench.bob.statuses('UPDATE'), [491]);
    bench.bob.respond(bench.bob.request('UPDATE'), 491);
    await bench.run();
    assert.deepEqual([bench.alice.statuses('UPDATE'), bench.stage.server.calls.count], [[491], 1]);
  });

  test('a new Contact in it is where the next request goes', async () => {
    const bench = await CallBench.connect({}, [allow]);
    const update = bench.alice.inDialog('UPDATE', bench.invite, bench.answer);
    update.headers.set('contact', '<sip:elsewhere@192.0.2.21:5060>');
    bench.alice.send(update);
    await bench.run();
    for (const call of bench.stage.server.calls.calls()) bench.stage.server.calls.endCall(call.plan.callId);
    await bench.run();
    assert.equal(bench.alice.request('BYE').uri, 'sip:elsewhere@192.0.2.21:5060');
  });
});

describe('hold', () => {
  for (const [form, lines, address] of [
    ['a=sendonly', ['a=sendonly'], '192.0.2.21'],
    ['a=inactive', ['a=inactive'], '192.0.2.21'],
    ['the address 0.0.0.0 of RFC 2543', [], '0.0.0.0'],
  ] as const) {
    test(`by ${form} reaches the other side, and silence is then no reason to end the call`, async () => {
      const bench = await CallBench.connect();
      bench.alice.send(bench.alice.inDialog('INVITE', bench.invite, bench.answer, sdp(address, 40_000, lines)));
      await bench.run();
      bench.bobSays(200, { body: sdp('192.0.2.22', 40_000, ['a=inactive']) });
      await bench.run();
      bench.alice.send(bench.alice.inDialogAck(bench.invite, bench.answer));
      await bench.run();
      assert.equal(bench.stage.plane.sessions[0]?.configOf(0, 'a')?.expectsMedia, false);
      const told = bench.bob.request('INVITE').body;
      assert.match(told, /a=sendonly|a=inactive/);
      assert.ok(!told.includes('0.0.0.0'));
    });
  }
});

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Secret } from '../../src/base/log/secret.ts';
import { HeaderList } from '../../src/sip/message/index.ts';
import { CallBench } from './call-bench.ts';
import { type ScriptedPeer, sdp } from './scripted-peer.ts';
import { Stage, trunkAt } from './stage.ts';

const allow = ['allow', 'INVITE, ACK, BYE, CANCEL, UPDATE, PRACK'] as const;
const supports = { headers: [['supported', '100rel'], allow] } as const;
const requires = { headers: [['require', '100rel'], allow] } as const;

function saysReliably(phone: ScriptedPeer, rseq: number, body?: string, tag?: string): void {
  const headers = new HeaderList()
    .append('require', '100rel')
    .append('rseq', String(rseq))
    .append(...allow);
  const invite = phone.request('INVITE');
  phone.respond(invite, 183, {
    headers,
    ...(body === undefined ? {} : { body }),
    ...(tag === undefined ? {} : { tag }),
  });
}

/** Bob has given his description reliably, and the caller has acknowledged it. */
async function ringingReliably(bench: CallBench): Promise<CallBench> {
  saysReliably(bench.bob, 1, sdp('192.0.2.22'));
  await bench.run();
  bench.bob.respond(bench.bob.request('PRACK'), 200);
  bench.prack(bench.alice.response('INVITE', 183));
  await bench.run();
  return bench;
}

describe('a PRACK of the caller', () => {
  test('for plain ringing owes no answer, though an offer waits behind it', async () => {
    const bench = await CallBench.dial({}, { ...requires, body: '' });
    bench.bobSays(180);
    await bench.run();
    saysReliably(bench.bob, 1, sdp('192.0.2.22'));
    await bench.run();
    bench.prack(bench.alice.response('INVITE', 180));
    await bench.run();
    assert.deepEqual(bench.alice.statuses('PRACK'), [200]);
    bench.prack(bench.alice.response('INVITE', 183), sdp('192.0.2.21'));
    await bench.run();
    assert.deepEqual(bench.alice.statuses('PRACK'), [200, 200]);
    assert.match(bench.bob.request('PRACK').body, /m=audio/);
  });

  test('that the 200 has overtaken is answered 200, and one for nothing 481 (RFC 3262 §3)', async () => {
    const bench = await CallBench.dial({}, requires);
    bench.bobSays(180);
    await bench.run();
    bench.bobSays(200, { body: sdp('192.0.2.22') });
    await bench.run();
    const ringing = bench.alice.response('INVITE', 180);
    bench.prack(ringing);
    await bench.run();
    ringing.headers.set('rseq', '77');
    bench.prack(ringing);
    await bench.run();
    assert.deepEqual(bench.alice.statuses('PRACK'), [200, 481]);
  });

  test('for a device whose answer another one has replaced is answered 200, and the call goes on', async () => {
    const bench = await CallBench.dial({}, supports);
    saysReliably(bench.bob, 1, sdp('192.0.2.22'), 'one');
    await bench.run();
    const first = bench.alice.response('INVITE', 183);
    saysReliably(bench.bob, 1, sdp('192.0.2.22', 47_000, ['a=sendonly']), 'two');
    await bench.run();
    const second = bench.alice.response('INVITE', 183);
    assert.notEqual(first.toTag, second.toTag);
    bench.prack(first);
    bench.prack(second);
    await bench.run();
    assert.deepEqual(bench.alice.statuses('PRACK'), [200, 200]);
  });
});

describe('a callee that never stops telling', () => {
  test('leaves no more than twenty early dialogs towards the caller', async () => {
    const bench = await CallBench.dial({}, supports);
    for (let count = 0; count < 100; count++) {
      bench.bobSays(183, { body: sdp('192.0.2.22', 40_000, [`a=x:${count}`]) });
      await bench.run();
    }
    const tags = new Set(bench.alice.responses('INVITE').map(({ toTag }) => toTag));
    assert.ok(tags.size > 2 && tags.size <= 23, `${tags.size} tags`);
    assert.ok(bench.stage.server.stack.dialogs.size <= 25, `${bench.stage.server.stack.dialogs.size} dialogs`);
    bench.bobSays(200, { body: sdp('192.0.2.22') });
    await bench.run();
    bench.alice.ack(bench.invite, bench.answer);
    await bench.run();
    assert.equal(bench.stage.server.stack.dialogs.size, 2);
  });

  test('is passed on two hundred times, and can still answer', async () => {
    const bench = await CallBench.dial();
    for (let count = 0; count < 400; count++) {
      bench.bobSays(count % 2 === 0 ? 180 : 182);
      await bench.run(2);
    }
    assert.ok(bench.alice.responses('INVITE').length <= 210, `${bench.alice.responses('INVITE').length}`);
    bench.bobSays(200, { body: sdp('192.0.2.22') });
    await bench.run();
    assert.match(bench.answer.body, /m=audio/);
  });

  test('gets four PRACKs at once in each early dialog, and the next when one is answered', async () => {
    const bench = await CallBench.dial();
    for (let rseq = 1; rseq <= 50; rseq++) saysReliably(bench.bob, rseq);
    await bench.run();
    const numbers = (): number => new Set(bench.bob.requests('PRACK').map(({ cseq }) => cseq.seq)).size;
    assert.equal(numbers(), 4);
    const [first] = bench.bob.requests('PRACK');
    assert.ok(first);
    bench.bob.respond(first, 200);
    await bench.run();
    saysReliably(bench.bob, 5);
    await bench.run();
    assert.equal(numbers(), 5);
  });
});

describe('an early dialog that fails', () => {
  for (const status of [481, 408]) {
    test(`because the callee answers an UPDATE with ${status} ends the ringing, and nothing is left`, async () => {
      const bench = await ringingReliably(await CallBench.dial({}, supports));
      const progress = bench.alice.response('INVITE', 183);
      bench.alice.send(bench.alice.inDialog('UPDATE', bench.invite, progress, sdp('192.0.2.21', 45_000)));
      await bench.run();
      bench.bob.respond(bench.bob.request('UPDATE'), status);
      await bench.run();
      assert.deepEqual([bench.bob.requests('CANCEL').length, bench.bob.requests('BYE').length], [1, 0]);
      assert.ok((bench.alice.responses('INVITE').at(-1)?.status ?? 0) >= 400);
      await bench.run(70_000);
      assert.deepEqual([bench.stage.server.calls.count, bench.stage.server.stack.dialogs.size], [0, 0]);
      assert.equal(bench.stage.server.limits.lines.inUse(1), 0);
    });
  }

  test('because the caller answers no UPDATE gets no BYE of ours, but the refusal of its INVITE (RFC 3261 §15)', async () => {
    const bench = await ringingReliably(await CallBench.dial({}, supports));
    bench.bob.send(bench.bob.inDialogAsCallee('UPDATE', bench.bob.request('INVITE'), sdp('192.0.2.22', 46_000)));
    await bench.run();
    bench.alice.respond(bench.alice.request('UPDATE'), 481);
    await bench.run();
    assert.equal(bench.alice.requests('BYE').length, 0);
    assert.ok((bench.alice.responses('INVITE').at(-1)?.status ?? 0) >= 400);
    assert.equal(bench.bob.requests('CANCEL').length, 1);
  });
});

describe('of several devices, the one that answers', () => {
  test('has the media, though another one had settled an UPDATE while it rang', async () => {
    const stage = await Stage.open();
    const alice = await stage.phone('alice', '192.0.2.21');
    const bob = await stage.phone('bob', '192.0.2.22');
    const other = await stage.phone('bob', '192.0.2.23');
    const bench = await CallBench.again({ stage, alice, bob }, sdp('192.0.2.21'), supports.headers);
    await ringingReliably(bench);
    const progress = alice.response('INVITE', 183);
    alice.send(alice.inDialog('UPDATE', bench.invite, progress, sdp('192.0.2.21', 45_000)));
    await bench.run();
    bob.respond(bob.request('UPDATE'), 200, { body: sdp('192.0.2.22', 46_000) });
    await bench.run();
    other.respond(other.request('INVITE'), 200, { body: sdp('192.0.2.23', 47_000) });
    await bench.run();
    assert.ok(bench.answer);
    assert.deepEqual(stage.plane.sessions[0]?.configOf(0, 'b')?.target, { address: '192.0.2.23', port: 47_000 });
  });

  test('without a description is not taken for the one that gave an early one', async () => {
    const bench = await CallBench.dial();
    bench.bobSays(183, { body: sdp('192.0.2.22'), tag: 'one' });
    await bench.run();
    bench.bobSays(200, { tag: 'two' });
    await bench.run();
    assert.equal(bench.alice.responses('INVITE').at(-1)?.status, 488);
    assert.deepEqual([bench.bob.requests('ACK').length, bench.bob.requests('BYE').length], [1, 1]);
  });

  test('with an offer of its own, when another fork had made one before, gets the answer of the caller’s ACK', async () => {
    const bench = await CallBench.dial({}, { ...supports, body: '' });
    saysReliably(bench.bob, 1, sdp('192.0.2.22'), 'one');
    await bench.run();
    bench.prack(bench.alice.response('INVITE', 183), sdp('192.0.2.21'));
    await bench.run();
    bench.bobSays(200, { body: sdp('192.0.2.22', 47_000), tag: 'two' });
    await bench.run();
    assert.match(bench.answer.body, /m=audio/);
    assert.notEqual(bench.answer.toTag, bench.alice.response('INVITE', 183).toTag);
    bench.ackWith(bench.answer, sdp('192.0.2.21', 48_000));
    await bench.run();
    assert.match(bench.bob.request('ACK').body, /^m=audio [1-9]/m);
    const [session] = bench.stage.plane.sessions;
    assert.deepEqual(
      [session?.configOf(0, 'a')?.target?.port, session?.configOf(0, 'b')?.target?.port],
      [48_000, 47_000],
    );
  });
});

test('a challenge of a re-INVITE that comes after the end of the call is not answered', async () => {
  const trunk = {
    ...trunkAt('192.0.2.50'),
    realm: 'carrier.example',
    authUser: 'us',
    authPassword: new Secret('secret'),
  };
  const stage = await Stage.open({
    accounts: [{ name: 'carrier', kind: 'sipserver', trunk }],
    dialRules: [{ pattern: '00.', routes: [{ sipServerId: 3, priority: 1, weight: 1 }] }],
  });
  const alice = await stage.phone('alice', '192.0.2.21');
  const carrier = await stage.peer('192.0.2.50');
  const invite = await stage.invite(alice, 'alice', 'sip:0049301@server.example');
  carrier.respond(carrier.request('INVITE'), 200, { body: sdp('192.0.2.50') });
  await stage.run(20);
  const answer = alice.response('INVITE', 200);
  alice.ack(invite, answer);
  alice.send(alice.inDialog('INVITE', invite, answer, sdp('192.0.2.21', 45_000)));
  await stage.run(20);
  const passed = carrier.request('INVITE');
  carrier.respond(passed, 100);
  alice.send(alice.inDialog('BYE', invite, answer));
  await stage.run(20);
  const challenge = 'Digest realm="carrier.example", nonce="n1", algorithm=MD5, qop="auth"';
  carrier.respond(passed, 407, { headers: new HeaderList().append('proxy-authenticate', challenge) });
  await stage.run(20);
  assert.equal(carrier.request('INVITE').cseq.seq, passed.cseq.seq, 'no INVITE follows our BYE');
  carrier.respond(carrier.request('BYE'), 200);
  await stage.run(70_000);
  assert.equal(stage.server.stack.transactionCount, 0);
});

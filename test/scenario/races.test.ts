import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { HeaderList } from '../../src/sip/message/index.ts';
import { CallBench } from './call-bench.ts';
import { sdp } from './scripted-peer.ts';
import { Stage, type StageOptions, trunkAt } from './stage.ts';

const carriers: StageOptions = {
  settings: { call_init_timeout: 4 },
  accounts: [
    { name: 'first', kind: 'sipserver', trunk: trunkAt('192.0.2.50') },
    { name: 'second', kind: 'sipserver', trunk: trunkAt('192.0.2.51') },
  ],
  dialRules: [
    {
      pattern: '00.',
      routes: [
        { sipServerId: 3, priority: 1, weight: 1 },
        { sipServerId: 4, priority: 2, weight: 1 },
      ],
    },
  ],
};

describe('CANCEL', () => {
  test('before the call is written down dials nobody', async () => {
    const stage = await Stage.open();
    const alice = await stage.phone('alice', '192.0.2.21');
    const bob = await stage.phone('bob', '192.0.2.22');
    const invite = alice.build('INVITE', 'sip:bob@server.example', 'alice', { body: sdp('192.0.2.21') });
    alice.send(invite);
    await stage.run(20);
    const challenge = alice.response('INVITE', 407);
    const again = alice.authorised(invite, challenge, 'alice', 'a right password');
    const release = stage.store.holdBegins();
    alice.send(again);
    await stage.run(20);
    alice.cancel(again);
    await stage.run(20);
    release();
    await stage.run(200);
    assert.deepEqual([alice.statuses('INVITE').at(-1), bob.requests('INVITE').length], [487, 0]);
    assert.deepEqual(
      stage.store.cdrs.map(({ cause }) => cause),
      ['cancelled'],
    );
  });

  test('that crosses the callee’s 200 gets 200, and the call that is up ends with BYE', async () => {
    const bench = await CallBench.dial();
    bench.bobSays(200, { body: sdp('192.0.2.22') });
    await bench.run();
    // The 200 is on its way to alice when she gives up; her CANCEL comes too late to do anything (RFC 3261 §9.2).
    bench.alice.cancel(bench.invite);
    await bench.run();
    assert.deepEqual([bench.alice.statuses('CANCEL'), bench.alice.statuses('INVITE').includes(487)], [[200], false]);
    bench.alice.ack(bench.invite, bench.answer);
    bench.alice.send(bench.alice.inDialog('BYE', bench.invite, bench.answer));
    await bench.run();
    assert.ok(bench.bob.requests('BYE').length > 0);
  });

  test('that a 200 of the carrier crosses leaves an ACK, a BYE, and the carrier’s answer in the CDR that is there already', async () => {
    const stage = await Stage.open(carriers);
    const carrier = await stage.peer('192.0.2.50');
    const alice = await stage.phone('alice', '192.0.2.21');
    const invite = await stage.invite(alice, 'alice', 'sip:0049301@server.example');
    carrier.respond(carrier.request('INVITE'), 180);
    await stage.run(20);
    alice.cancel(invite);
    await stage.run(20);
    assert.equal(carrier.requests('CANCEL').length, 1);
    assert.deepEqual([stage.store.cdrs.length, stage.server.calls.count], [1, 0], 'nothing waits for the carrier');
    carrier.respond(carrier.request('INVITE'), 200, { body: sdp('192.0.2.50') });
    await stage.run(40);
    assert.deepEqual([carrier.requests('ACK').length, carrier.requests('BYE').length], [1, 1]);
    assert.equal(stage.store.cdrs.length, 1);
    const [cdr] = stage.store.cdrs;
    assert.deepEqual([cdr?.cause, cdr?.attempts.length], ['cancelled', 1]);
    assert.ok(cdr?.attempts[0]?.lateAnsweredAtMs !== undefined);
  });

  test('a carrier that was given up for silence and answers late is ended, and its cost recorded beside the next one', async () => {
    const stage = await Stage.open(carriers);
    const [first, second] = [await stage.peer('192.0.2.50'), await stage.peer('192.0.2.51')];
    const alice = await stage.phone('alice', '192.0.2.21');
    const invite = await stage.invite(alice, 'alice', 'sip:0049301@server.example');
    await stage.run(4_200);
    second.respond(second.request('INVITE'), 200, { body: sdp('192.0.2.51') });
    await stage.run(20);
    alice.ack(invite, alice.response('INVITE', 200));
    first.respond(first.request('INVITE'), 200, { body: sdp('192.0.2.50') });
    await stage.run(20);
    assert.deepEqual([first.requests('ACK').length, first.requests('BYE').length], [1, 1]);
    assert.equal(second.requests('BYE').length, 0);
    alice.send(alice.inDialog('BYE', invite, alice.response('INVITE', 200)));
    await stage.run(40);
    const [cdr] = stage.store.cdrs;
    assert.deepEqual(
      cdr?.attempts.map(({ lateAnsweredAtMs }) => lateAnsweredAtMs !== undefined),
      [true, false],
    );
  });

  test('a call over a second carrier ends at once, with its CDR and its line, whatever the silent first one does', async () => {
    const stage = await Stage.open(carriers);
    stage.setLimits('alice', { maxLines: 1 });
    const [first, second] = [await stage.peer('192.0.2.50'), await stage.peer('192.0.2.51')];
    const alice = await stage.phone('alice', '192.0.2.21');
    const invite = await stage.invite(alice, 'alice', 'sip:0049301@server.example');
    await stage.run(4_200);
    second.respond(second.request('INVITE'), 200, { body: sdp('192.0.2.51') });
    await stage.run(20);
    alice.ack(invite, alice.response('INVITE', 200));
    alice.send(alice.inDialog('BYE', invite, alice.response('INVITE', 200)));
    await stage.run(20);
    second.respond(second.request('BYE'), 200);
    await stage.run(20);
    assert.deepEqual([stage.store.cdrs.length, stage.server.calls.count], [1, 0]);
    assert.equal(stage.server.limits.lines.size, 0);
    first.respond(first.request('INVITE'), 200, { body: sdp('192.0.2.50') });
    await stage.run(40);
    assert.deepEqual([first.requests('ACK').length, first.requests('BYE').length], [1, 1]);
    assert.deepEqual(
      stage.store.cdrs.map(({ attempts }) => attempts.map(({ lateAnsweredAtMs }) => lateAnsweredAtMs !== undefined)),
      [[true, false]],
    );
  });

  test('a server that stops lets no phone ring on: it waits for the 1xx that its CANCEL needs, 32 s at most', async () => {
    for (const answers of [true, false]) {
      const bench = await CallBench.dial();
      let isDrained = false;
      const { calls } = bench.stage.server;
      void calls.drain().then(() => {
        isDrained = true;
      });
      calls.endAll();
      await bench.run(2_000);
      assert.deepEqual([isDrained, bench.bob.requests('CANCEL').length], [false, 0]);
      if (answers) {
        bench.bobSays(180);
        await bench.run();
        assert.equal(bench.bob.requests('CANCEL').length, 1);
        bench.bobSays(487);
        await bench.run();
      } else {
        await bench.run(31_000);
      }
      assert.equal(isDrained, true);
    }
  });
});

describe('BYE', () => {
  test('of both sides at once is answered on both, and the call has one CDR', async () => {
    const bench = await CallBench.connect();
    const dialled = bench.bob.request('INVITE');
    bench.alice.send(bench.alice.inDialog('BYE', bench.invite, bench.answer));
    bench.bob.send(bench.bob.inDialogAsCallee('BYE', dialled));
    await bench.run(40);
    for (const phone of [bench.alice, bench.bob]) {
      for (const bye of phone.requests('BYE').slice(0, 1)) phone.respond(bye, 200);
    }
    await bench.run(40);
    const statuses = [...bench.alice.statuses('BYE'), ...bench.bob.statuses('BYE')];
    assert.ok(
      statuses.every((status) => status === 200 || status === 481),
      `${statuses}`,
    );
    assert.deepEqual([bench.causes, bench.stage.server.calls.count], [['answered'], 0]);
  });

  test('of a caller in the early dialog ends the call like a CANCEL', async () => {
    const bench = await CallBench.dial();
    bench.bobSays(180);
    await bench.run();
    bench.alice.send(bench.alice.inDialog('BYE', bench.invite, bench.alice.response('INVITE', 180)));
    await bench.run();
    assert.deepEqual([bench.alice.statuses('BYE'), bench.alice.statuses('INVITE').at(-1)], [[200], 487]);
    assert.equal(bench.bob.requests('CANCEL').length, 1);
  });

  test('of a callee that overtakes its 200 is answered, and the 200 acknowledged and ended (RFC 5407 §3.1.2)', async () => {
    const bench = await CallBench.dial();
    bench.bobSays(180);
    await bench.run();
    const dialled = bench.bob.request('INVITE');
    bench.bob.send(bench.bob.inDialogAsCallee('BYE', dialled));
    await bench.run();
    assert.deepEqual([bench.bob.statuses('BYE'), bench.alice.statuses('INVITE').at(-1)], [[200], 480]);
    bench.bobSays(200, { body: sdp('192.0.2.22') });
    await bench.run();
    assert.deepEqual([bench.bob.requests('ACK').length, bench.bob.requests('BYE').length], [1, 1]);
    assert.equal(bench.alice.statuses('INVITE').includes(200), false);
  });
});

describe('the 2xx of a callee', () => {
  test('that is repeated gets its ACK again each time, and nothing else happens', async () => {
    const bench = await CallBench.connect();
    for (let count = 0; count < 3; count++) {
      bench.bobSays(200, { body: sdp('192.0.2.22') });
      await bench.run();
    }
    assert.equal(bench.bob.requests('ACK').length, 4);
    assert.equal(new Set(bench.bob.requests('ACK').map(({ cseq }) => cseq.seq)).size, 1);
    assert.equal(bench.stage.server.calls.count, 1);
  });

  test('of a second phone behind the same branch is acknowledged and ended, and the first goes on', async () => {
    const bench = await CallBench.connect();
    bench.bobSays(200, { body: sdp('192.0.2.22', 48_000), tag: 'fork' });
    await bench.run();
    const [bye] = bench.bob.requests('BYE');
    assert.deepEqual([bench.bob.requests('ACK').length, bye?.toTag], [2, 'fork']);
    assert.deepEqual(
      [bench.stage.server.calls.count, bench.stage.plane.sessions[0]?.configOf(0, 'b')?.target?.port],
      [1, 40_000],
    );
  });

  test('is followed by no 18x: one that comes late changes nothing for the caller', async () => {
    const bench = await CallBench.connect();
    const before = bench.alice.received.length;
    bench.bobSays(183, { body: sdp('192.0.2.22', 47_000) });
    bench.bobSaysReliably(180, 5);
    await bench.run();
    assert.deepEqual([bench.alice.received.length, bench.bob.requests('PRACK').length], [before, 0]);
    assert.equal(bench.stage.plane.sessions[0]?.configOf(0, 'b')?.target?.port, 40_000);
  });

  test('that the caller never acknowledges is repeated for 64 T1, then both sides get BYE', async () => {
    const bench = await CallBench.dial();
    bench.bobSays(200, { body: sdp('192.0.2.22') });
    await bench.run();
    await bench.run(32_100);
    await bench.run(500);
    assert.equal(bench.alice.statuses('INVITE').filter((status) => status === 200).length, 11);
    assert.ok(bench.alice.requests('BYE').length > 0 && bench.bob.requests('BYE').length > 0);
    assert.deepEqual(bench.causes, ['no ack']);
  });
});

describe('a caller that vanishes while the callee rings', () => {
  test('is found out at the answer: no ACK comes, and the callee gets BYE after 64 T1', async () => {
    const bench = await CallBench.dial();
    bench.bobSays(180);
    await bench.run();
    bench.alice.close();
    bench.bobSays(200, { body: sdp('192.0.2.22') });
    await bench.run();
    await bench.run(33_000);
    await bench.run(500);
    assert.ok(bench.bob.requests('BYE').length > 0);
    assert.deepEqual(bench.causes, ['no ack']);
  });

  test('leaves it ringing no longer than the ring timeout', async () => {
    const bench = await CallBench.dial({ settings: { ring_timeout: 20 } });
    bench.bobSays(180);
    await bench.run();
    bench.alice.close();
    await bench.run(20_500);
    assert.ok(bench.bob.requests('CANCEL').length > 0);
    assert.deepEqual(bench.causes, ['no answer']);
  });
});

describe('re-INVITE', () => {
  const hold = sdp('192.0.2.21', 40_000, ['a=sendonly']);

  test('of one side while its last one is under way is answered 500 with a Retry-After of at most 10 s', async () => {
    const bench = await CallBench.connect();
    bench.alice.send(bench.alice.inDialog('INVITE', bench.invite, bench.answer, hold));
    await bench.run();
    bench.alice.send(bench.alice.inDialog('INVITE', bench.invite, bench.answer, sdp('192.0.2.21', 41_000)));
    await bench.run();
    const retryAfter = Number(bench.alice.response('INVITE', 500).headers.get('retry-after') ?? 'none');
    assert.ok(retryAfter >= 0 && retryAfter <= 10, `${retryAfter}`);
    assert.equal(bench.bob.requests('INVITE').length, 2);
  });

  test('of both sides at once is glare: 491 to both, and each may try again', async () => {
    const bench = await CallBench.connect();
    const dialled = bench.bob.request('INVITE');
    bench.alice.send(bench.alice.inDialog('INVITE', bench.invite, bench.answer, hold));
    await bench.run();
    bench.bob.send(bench.bob.inDialogAsCallee('INVITE', dialled, sdp('192.0.2.22', 41_000)));
    await bench.run();
    assert.deepEqual(bench.bob.statuses('INVITE'), [491]);
    bench.bobSays(491);
    await bench.run();
    assert.equal(bench.alice.statuses('INVITE').at(-1), 491);
    bench.bob.send(bench.bob.inDialogAsCallee('INVITE', dialled, sdp('192.0.2.22', 42_000)));
    await bench.run();
    bench.alice.respond(bench.alice.request('INVITE'), 200, { body: sdp('192.0.2.21') });
    await bench.run();
    assert.match(bench.bob.response('INVITE', 200).body, /m=audio/);
    assert.equal(bench.stage.plane.sessions[0]?.configOf(0, 'b')?.target?.port, 42_000);
  });

  test('before the ACK of the answer is answered 500, and the call goes on', async () => {
    const bench = await CallBench.dial();
    bench.bobSays(200, { body: sdp('192.0.2.22') });
    await bench.run();
    bench.alice.send(bench.alice.inDialog('INVITE', bench.invite, bench.answer, hold));
    await bench.run();
    assert.equal(bench.alice.statuses('INVITE').at(-1), 500);
    bench.alice.ack(bench.invite, bench.answer);
    await bench.run(40_000);
    assert.equal(bench.stage.server.calls.count, 1);
  });

  test('that is refused changes nothing: media and target stay as they were (RFC 6141 §3.1)', async () => {
    const bench = await CallBench.connect();
    const moved = bench.alice.inDialog('INVITE', bench.invite, bench.answer, sdp('192.0.2.21', 45_000));
    moved.headers.set('contact', '<sip:elsewhere@192.0.2.21:5060>');
    bench.alice.send(moved);
    await bench.run();
    bench.bobSays(488);
    await bench.run();
    assert.equal(bench.alice.statuses('INVITE').at(-1), 488);
    assert.equal(bench.stage.plane.sessions[0]?.configOf(0, 'a')?.target?.port, 40_000);
    for (const call of bench.stage.server.calls.calls()) bench.stage.server.calls.endCall(call.plan.callId);
    await bench.run();
    assert.ok(!bench.alice.request('BYE').uri.includes('elsewhere'));
  });
});

describe('order and identity of requests in a call', () => {
  test('a lower or an equal CSeq is answered 500 and does nothing, a higher one with a gap is served', async () => {
    const bench = await CallBench.connect();
    const send = async (seq: number): Promise<number | undefined> => {
      const info = bench.alice.inDialog('INFO', bench.invite, bench.answer, 'Signal=1\r\n');
      info.headers.set('cseq', `${seq} INFO`);
      bench.alice.send(info);
      await bench.run();
      return bench.alice.statuses('INFO').at(-1);
    };
    const first = bench.invite.cseq.seq;
    assert.equal(await send(first), 500);
    assert.equal(await send(first - 1), 500);
    assert.equal(bench.bob.requests('INFO').length, 0);
    await send(first + 100);
    bench.bob.respond(bench.bob.request('INFO'), 200);
    await bench.run();
    assert.equal(bench.alice.statuses('INFO').at(-1), 200);
    assert.equal(await send(first + 50), 500);
  });

  test('a BYE with a low CSeq ends the call all the same', async () => {
    const bench = await CallBench.connect();
    const bye = bench.alice.inDialog('BYE', bench.invite, bench.answer);
    bye.headers.set('cseq', '1 BYE');
    bench.alice.send(bye);
    await bench.run();
    assert.deepEqual([bench.alice.statuses('BYE'), bench.bob.requests('BYE').length], [[200], 1]);
  });

  for (const [what, header, from, to] of [
    ['our tag', 'to', /tag=.*/, 'tag=0000000000000000'],
    ['its own tag', 'from', /tag=.*/, 'tag=other'],
    ['the Call-ID', 'call-id', /.*/, 'another'],
  ] as const) {
    test(`with ${what} wrong, a BYE is answered 481 and the call goes on`, async () => {
      const bench = await CallBench.connect();
      const bye = bench.alice.inDialog('BYE', bench.invite, bench.answer);
      bye.headers.set(header, (bye.headers.get(header) ?? '').replace(from, to));
      bench.alice.send(bye);
      await bench.run();
      assert.deepEqual([bench.alice.statuses('BYE'), bench.bob.requests('BYE').length], [[481], 0]);
    });
  }

  test('responses to nothing are dropped: nobody is answered, and nothing is remembered', async () => {
    const bench = await CallBench.connect();
    const invite = bench.bob.request('INVITE');
    const remembered = bench.stage.server.stack.transactionCount;
    const heard = [bench.alice.received.length, bench.bob.received.length];
    for (const status of [100, 180, 200, 404, 603]) {
      const headers = new HeaderList();
      const stray = bench.bob.build('INVITE', 'sip:x@server.example', 'bob', { headers, body: sdp('192.0.2.22') });
      bench.bob.respond(stray, status, { body: sdp('192.0.2.22') });
    }
    await bench.run(1_000);
    assert.deepEqual([bench.alice.received.length, bench.bob.received.length], heard);
    assert.ok(bench.stage.server.stack.transactionCount <= remembered);
    assert.equal(invite.method, 'INVITE');
  });
});

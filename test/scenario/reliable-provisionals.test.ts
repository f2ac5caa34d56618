import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { HeaderList } from '../../src/sip/message/index.ts';
import { CallBench } from './call-bench.ts';
import { sdp } from './scripted-peer.ts';

const supports = {
  headers: [
    ['supported', '100rel'],
    ['allow', 'INVITE, UPDATE, PRACK'],
  ],
} as const;
const requires = { headers: [['require', '100rel']] } as const;

describe('reliable provisional responses of a callee (RFC 3262 §4)', () => {
  test('each gets its PRACK once, in order; one that is repeated or early gets none', async () => {
    const bench = await CallBench.dial();
    assert.match(bench.bob.request('INVITE').headers.getAll('supported').join(), /100rel/);
    for (const rseq of [700, 700, 702, 701]) {
      bench.bobSaysReliably(180, rseq);
      await bench.run();
      const prack = bench.bob.request('PRACK');
      bench.bob.respond(prack, 200);
      await bench.run();
    }
    const { seq } = bench.bob.request('INVITE').cseq;
    const racks = new Set(bench.bob.requests('PRACK').map(({ headers }) => headers.get('rack')));
    assert.deepEqual([...racks], [`700 ${seq} INVITE`, `701 ${seq} INVITE`]);
  });

  test('a caller that knows nothing of them gets plain ones, and the 200 with the answer that came before', async () => {
    const bench = await CallBench.dial();
    bench.bobSaysReliably(183, 1, sdp('192.0.2.22', 47_000));
    await bench.run();
    const progress = bench.alice.response('INVITE', 183);
    assert.deepEqual([progress.headers.has('rseq'), progress.body !== ''], [false, true]);
    bench.bobSays(200);
    await bench.run();
    assert.match(bench.answer.body, /m=audio/);
    assert.deepEqual(bench.stage.plane.sessions[0]?.configOf(0, 'b')?.target, { address: '192.0.2.22', port: 47_000 });
  });

  test('the CSeq of the dialog goes on from PRACK to BYE', async () => {
    const bench = await CallBench.dial();
    bench.bobSaysReliably(180, 1);
    await bench.run();
    bench.bob.respond(bench.bob.request('PRACK'), 200);
    bench.bobSays(200, { body: sdp('192.0.2.22') });
    await bench.run();
    bench.alice.ack(bench.invite, bench.answer);
    bench.alice.send(bench.alice.inDialog('BYE', bench.invite, bench.answer));
    await bench.run();
    const { bob } = bench;
    assert.deepEqual(
      ['INVITE', 'PRACK', 'BYE'].map((method) => bob.request(method).cseq.seq),
      [1, 2, 3],
    );
  });
});

describe('reliable provisional responses to a caller (RFC 3262 §3)', () => {
  test('one with SDP is repeated after T1, doubling, until its PRACK', async () => {
    const bench = await CallBench.dial({}, supports);
    bench.bobSays(183, { body: sdp('192.0.2.22') });
    await bench.run(3600);
    const sent = bench.alice.responses('INVITE').filter(({ status }) => status === 183);
    assert.equal(sent.length, 4, 'at 0, 0.5, 1.5 and 3.5 s');
    assert.equal(new Set(sent.map(({ headers }) => headers.get('rseq'))).size, 1);
    bench.prack(bench.alice.response('INVITE', 183));
    await bench.run(5000);
    assert.deepEqual(bench.alice.statuses('PRACK'), [200]);
    assert.equal(bench.alice.statuses('INVITE').filter((status) => status === 183).length, 4);
  });

  test('who supports them gets 180 without SDP plainly, who requires them gets it reliably', async () => {
    for (const [given, reliable] of [
      [supports, false],
      [requires, true],
    ] as const) {
      const bench = await CallBench.dial({}, given);
      bench.bobSays(180);
      await bench.run();
      assert.equal(bench.alice.response('INVITE', 180).headers.get('require') === '100rel', reliable);
    }
  });

  test('the PRACK of a 180 without SDP is answered 200, and the 180 is not repeated after it', async () => {
    const bench = await CallBench.dial({}, requires);
    bench.bobSays(180);
    await bench.run();
    bench.prack(bench.alice.response('INVITE', 180));
    await bench.run(40_000);
    assert.deepEqual(bench.alice.statuses('PRACK'), [200]);
    assert.deepEqual(
      bench.alice.statuses('INVITE').filter((status) => status === 180 || status >= 500),
      [180],
    );
  });

  test('the second waits for the PRACK of the first, and has the next number', async () => {
    const bench = await CallBench.dial({}, requires);
    bench.bobSays(180);
    await bench.run();
    bench.bobSays(183, { body: sdp('192.0.2.22') });
    await bench.run();
    assert.ok(!bench.alice.statuses('INVITE').includes(183));
    const first = bench.alice.response('INVITE', 180);
    bench.prack(first);
    await bench.run();
    const second = bench.alice.response('INVITE', 183);
    assert.equal(Number(second.headers.get('rseq')), Number(first.headers.get('rseq')) + 1);
  });

  test('a 200 waits for the PRACK of the SDP before it, and then carries none', async () => {
    const bench = await CallBench.dial({}, supports);
    bench.bobSays(183, { body: sdp('192.0.2.22') });
    await bench.run();
    bench.bobSays(200, { body: sdp('192.0.2.22') });
    await bench.run(100);
    assert.ok(!bench.alice.statuses('INVITE').includes(200));
    bench.prack(bench.alice.response('INVITE', 183));
    await bench.run();
    assert.deepEqual([bench.answer.body, bench.bob.requests('ACK').length], ['', 1]);
  });

  test('a caller that sends no PRACK for 64 T1 has vanished: 504, CANCEL to the callee, and its own cause in the CDR', async () => {
    const bench = await CallBench.dial({}, supports);
    bench.bobSays(183, { body: sdp('192.0.2.22') });
    await bench.run(31_900);
    assert.equal(bench.bob.requests('CANCEL').length, 0);
    await bench.run(300);
    assert.ok(bench.bob.requests('CANCEL').length > 0);
    assert.ok(bench.alice.statuses('INVITE').includes(504));
    assert.deepEqual(bench.causes, ['no prack']);
  });

  test('a PRACK of nothing, of a wrong number or in a wrong dialog is answered 481', async () => {
    const bench = await CallBench.dial({}, supports);
    bench.bobSays(183, { body: sdp('192.0.2.22') });
    await bench.run();
    const progress = bench.alice.response('INVITE', 183);
    for (const rack of [`1 ${bench.invite.cseq.seq} INVITE`, 'nonsense', `${progress.headers.get('rseq')} 99 INVITE`]) {
      const prack = bench.alice.inDialog('PRACK', bench.invite, progress);
      prack.headers.append('rack', rack);
      bench.alice.send(prack);
      await bench.run();
    }
    assert.deepEqual(bench.alice.statuses('PRACK'), [481, 481, 481]);
    bench.prack(progress);
    await bench.run();
    assert.equal(bench.alice.statuses('PRACK').at(-1), 200);
  });

  test('another callee with another answer begins a dialog of its own, for one offer has one answer in each', async () => {
    const bench = await CallBench.dial({}, supports);
    const mobile = await bench.stage.peer('192.0.2.23');
    assert.ok(mobile);
    bench.bobSays(183, { body: sdp('192.0.2.22') });
    await bench.run();
    const first = bench.alice.response('INVITE', 183);
    bench.prack(first);
    await bench.run();
    bench.bobSays(183, { body: sdp('192.0.2.22', 48_000, ['a=sendonly']), tag: 'fork' });
    await bench.run();
    const second = bench.alice.response('INVITE', 183);
    assert.notEqual(second.toTag, first.toTag);
    assert.match(second.body, /sendonly/);
  });

  test('an extension that we do not know is refused with 420 and named', async () => {
    const bench = await CallBench.dial();
    const headers = new HeaderList().append('require', '100rel, precondition');
    bench.alice.send(bench.alice.build('INVITE', 'sip:bob@server.example', 'alice', { headers }));
    await bench.run();
    assert.equal(bench.alice.response('INVITE', 420).headers.get('unsupported'), 'precondition');
  });

  test('a callee that insists on an extension (421) is a next hop that failed, and the caller gets 503', async () => {
    const bench = await CallBench.dial();
    bench.bobSays(421, { headers: [['require', 'precondition']] });
    await bench.run();
    assert.ok(bench.alice.statuses('INVITE').includes(503));
  });
});

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { SipRequest } from '../../src/sip/message/index.ts';
import { CallBench } from './call-bench.ts';
import { sdp } from './scripted-peer.ts';

const held = sdp('192.0.2.21', 40_000, ['a=sendonly']);
const options = { settings: { media_timeout: 0, media_timeout_hold: 0 } };

/** A call that is up, and alice's re-INVITE that puts bob on hold, of which bob has said 180. */
async function holding(body = held): Promise<{ readonly bench: CallBench; readonly reinvite: SipRequest }> {
  const bench = await CallBench.connect(options);
  const bare = bench.alice.inDialog('INVITE', bench.invite, bench.answer, body === '' ? undefined : body);
  bench.alice.send(bare);
  await bench.run();
  bench.bobSays(180);
  await bench.run();
  return { bench, reinvite: bare };
}

/** What bob was told last to send. */
function direction(bench: CallBench): string {
  return /a=(sendrecv|sendonly|recvonly|inactive)/.exec(bench.bob.request('INVITE').body)?.[1] ?? 'sendrecv';
}

async function endsWell({ alice, bob, invite, answer, stage }: CallBench): Promise<void> {
  alice.send(alice.inDialog('BYE', invite, answer));
  await stage.run(20);
  bob.respond(bob.request('BYE'), 200);
  await stage.run(20);
  assert.deepEqual(
    stage.store.cdrs.map(({ cause }) => cause),
    ['answered'],
  );
  await stage.run(40_000);
  assert.deepEqual([stage.server.stack.transactionCount, stage.server.stack.dialogs.size], [0, 0]);
}

describe('a CANCEL of a re-INVITE', () => {
  for (const body of [held, '']) {
    const what = body === '' ? 'without an offer' : 'with an offer';
    test(`${what} is passed on to the other side, and the call goes on as it was`, async () => {
      const { bench, reinvite } = await holding(body);
      bench.alice.cancel(reinvite);
      await bench.run();
      assert.deepEqual([bench.alice.statuses('CANCEL'), bench.alice.statuses('INVITE').at(-1)], [[200], 487]);
      assert.equal(bench.bob.request('CANCEL').topVia.branch, bench.bob.request('INVITE').topVia.branch);
      bench.bobSays(487);
      await bench.run();
      bench.alice.ack(reinvite, bench.alice.response('INVITE', 487));
      bench.alice.send(bench.alice.inDialog('INVITE', bench.invite, bench.answer, held));
      await bench.run();
      assert.equal(direction(bench), 'sendonly', 'the next one passes');
      bench.bobSays(200, { body: sdp('192.0.2.22', 40_000, ['a=recvonly']) });
      await bench.run();
      bench.alice.send(bench.alice.inDialogAck(bench.invite, bench.answer));
      await bench.run();
      await endsWell(bench);
    });
  }

  test('waits for the other side’s first word before it is passed on', async () => {
    const bench = await CallBench.connect(options);
    const reinvite = bench.alice.inDialog('INVITE', bench.invite, bench.answer, held);
    bench.alice.send(reinvite);
    await bench.run();
    bench.alice.cancel(reinvite);
    await bench.run();
    assert.equal(bench.bob.requests('CANCEL').length, 0);
    bench.bobSays(100);
    await bench.run();
    assert.equal(bench.bob.requests('CANCEL').length, 1);
  });

  test('that the other side’s 200 crosses is followed by an offer of what held before', async () => {
    const { bench, reinvite } = await holding();
    bench.alice.cancel(reinvite);
    await bench.run();
    const acks = bench.bob.requests('ACK').length;
    bench.bobSays(200, { body: sdp('192.0.2.22', 40_000, ['a=recvonly']) });
    await bench.run();
    assert.equal(bench.bob.requests('ACK').length, acks + 1);
    assert.equal(direction(bench), 'sendrecv');
    bench.bobSays(200, { body: sdp('192.0.2.22') });
    await bench.run();
    assert.equal(bench.bob.requests('ACK').length, acks + 2);
    assert.equal(bench.alice.requests('INVITE').length, 0, 'alice has taken back her own, and hears no more of it');
    await endsWell(bench);
  });
});

describe('a re-INVITE that the other side answers with 1xx only', () => {
  test('is cancelled after 3 minutes, and the next one passes', async () => {
    const { bench } = await holding();
    for (let minute = 0; minute < 2; minute++) {
      await bench.run(59_000);
      bench.bobSays(180);
    }
    assert.equal(bench.bob.requests('CANCEL').length, 0);
    await bench.run(63_000);
    bench.bob.respond(bench.bob.request('CANCEL'), 200);
    bench.bobSays(487);
    await bench.run();
    bench.alice.response('INVITE', 487);
    bench.alice.send(bench.alice.inDialog('INVITE', bench.invite, bench.answer, held));
    await bench.run();
    bench.bobSays(200, { body: sdp('192.0.2.22', 40_000, ['a=recvonly']) });
    await bench.run();
    bench.alice.send(bench.alice.inDialogAck(bench.invite, bench.answer));
    await bench.run();
    await endsWell(bench);
  });

  test('ends the call when that side is silent after the CANCEL too', async () => {
    const { bench } = await holding();
    await bench.run(181_000);
    bench.bob.request('CANCEL');
    await bench.run(33_000);
    bench.alice.request('BYE');
    assert.deepEqual(bench.causes, ['peer gone']);
  });
});

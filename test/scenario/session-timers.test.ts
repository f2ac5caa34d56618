import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CallBench } from './call-bench.ts';
import { sdp } from './scripted-peer.ts';

const settings = { media_timeout: 0, call_timeout: 0, absolute_timeout: 0, session_timer_timeout: 600 } as const;
const timer = ['supported', 'timer'] as const;
const allow = ['allow', 'INVITE, ACK, BYE, CANCEL, UPDATE'] as const;
/** Keeps a leg from being refreshed by us, so that a test sees only the other one. */
const peerRefreshes = [
  ['session-expires', '1800;refresher=uas'],
  ['require', 'timer'],
] as const;
/** The same of alice, whose INVITE asks for longer than we would. */
const callerRefreshes = [timer, ['session-expires', '1800;refresher=uac'], ['min-se', '1800']] as const;

describe('session timers with a callee (RFC 4028 §7)', () => {
  test('our INVITE asks for the interval of the settings', async () => {
    const bench = await CallBench.dial({ settings });
    const { headers } = bench.bob.request('INVITE');
    assert.equal(headers.get('session-expires'), '600');
    assert.ok(headers.getAll('supported').some((line) => line.includes('timer')));
  });

  test('0 asks for no timer [session.session-timer-timeout]', async () => {
    const bench = await CallBench.dial({ settings: { ...settings, session_timer_timeout: 0 } });
    assert.equal(bench.bob.request('INVITE').headers.has('session-expires'), false);
  });

  test('422 is obeyed once: the INVITE goes again with the Min-SE that it names', async () => {
    const bench = await CallBench.dial({ settings });
    bench.bobSays(422, { headers: [['min-se', '900']] });
    await bench.run();
    const again = bench.bob.request('INVITE');
    assert.deepEqual(
      [again.headers.get('session-expires'), again.headers.get('min-se'), again.cseq.seq],
      ['900', '900', 2],
    );
    bench.bobSays(422, { headers: [['min-se', '1800']] });
    await bench.run();
    assert.ok(bench.alice.statuses('INVITE').includes(422));
    assert.equal(bench.bob.requests('INVITE').length, 2);
  });

  test('where we refresh, half of the interval later it is done by UPDATE if allowed, else by the same offer again', async () => {
    for (const [answered, method] of [
      [[allow], 'UPDATE'],
      [[], 'INVITE'],
    ] as const) {
      const bench = await CallBench.connect({ settings }, callerRefreshes, [
        ['session-expires', '300;refresher=uac'],
        ...answered,
      ]);
      const offered = bench.bob.request('INVITE').body;
      await bench.run(149_000);
      assert.deepEqual([bench.bob.requests('UPDATE').length, bench.bob.requests('INVITE').length], [0, 1]);
      await bench.run(1_500);
      const refresh = bench.bob.request(method);
      assert.equal(refresh.headers.get('session-expires'), '300;refresher=uac');
      assert.equal(refresh.body, method === 'UPDATE' ? '' : offered);
      bench.bob.respond(refresh, 200, method === 'UPDATE' ? {} : { body: sdp('192.0.2.22') });
      await bench.run(200_000);
      assert.equal(bench.stage.server.calls.count, 1);
      // The other side has nothing to do with it.
      assert.equal(bench.alice.requests(method).length, 0);
    }
  });

  test('a callee that knows no timers is refreshed by us, and any answer shows that it lives', async () => {
    const bench = await CallBench.connect({ settings }, callerRefreshes);
    await bench.run(299_000);
    await bench.run(1_040);
    bench.bobSays(488);
    const refresh = bench.bob.request('INVITE').cseq.seq;
    assert.equal(refresh, 2);
    await bench.run(298_000);
    assert.deepEqual([bench.stage.server.calls.count, bench.bob.request('INVITE').cseq.seq], [1, refresh]);
    await bench.run(3_000);
    assert.equal(bench.bob.request('INVITE').cseq.seq, refresh + 1);
  });

  test('a callee that answers no refresh has left: the call ends', async () => {
    const bench = await CallBench.connect({ settings }, callerRefreshes);
    await bench.run(300_500);
    await bench.run(33_000);
    assert.ok(bench.alice.requests('BYE').length > 0);
    assert.deepEqual(bench.causes, ['peer gone']);
  });

  test('a callee that took the refresh upon itself and does not do it is gone: BYE before the end of the interval [session.session-timer-timeout]', async () => {
    const bench = await CallBench.connect({ settings }, callerRefreshes, [
      ['session-expires', '300;refresher=uas'],
      ['require', 'timer'],
    ]);
    await bench.run(267_500);
    assert.equal(bench.bob.requests('BYE').length, 0);
    await bench.run(1_000);
    assert.ok(bench.bob.requests('BYE').length > 0 && bench.alice.requests('BYE').length > 0);
    assert.deepEqual(bench.causes, ['session expired']);
  });
});

describe('session timers with a caller (RFC 4028 §9)', () => {
  test('Session-Expires below Min-SE gets 422 with ours, and nobody rings [session.session-timer-timeout]', async () => {
    const bench = await CallBench.dial({ settings }, { headers: [timer, ['session-expires', '60']] });
    assert.equal(bench.alice.response('INVITE', 422).headers.get('min-se'), '90');
    assert.equal(bench.bob.requests('INVITE').length, 0);
  });

  const rows = [
    { title: 'asks for less than ours: its own', asks: ['session-expires', '120'], said: '120;refresher=uac' },
    { title: 'asks for more than ours: ours', asks: ['session-expires', '7200'], said: '600;refresher=uac' },
    { title: 'names us: we refresh', asks: ['session-expires', '600;refresher=uas'], said: '600;refresher=uas' },
    { title: 'has a Min-SE above ours: that', asks: ['min-se', '1200'], said: '1200;refresher=uac' },
  ] as const;
  for (const { title, asks, said } of rows) {
    test(`a caller that ${title}`, async () => {
      const bench = await CallBench.connect({ settings }, [timer, asks]);
      assert.equal(bench.answer.headers.get('session-expires'), said);
      assert.equal(bench.answer.headers.get('require'), 'timer');
    });
  }

  test('a caller that knows no timers is told of none, and refreshed by us', async () => {
    const bench = await CallBench.connect({ settings }, [], peerRefreshes);
    assert.equal(bench.answer.headers.has('session-expires'), false);
    await bench.run(299_000);
    await bench.run(1_040);
    assert.ok(bench.alice.requests('INVITE').length >= 1);
    bench.alice.respond(bench.alice.request('INVITE'), 200, { body: sdp('192.0.2.21') });
    await bench.run(100);
    assert.ok(bench.alice.requests('ACK').length >= 1);
  });

  test('a refresh of the caller is answered by us as before, and the callee hears nothing of it', async () => {
    const bench = await CallBench.connect({ settings }, [timer], peerRefreshes);
    await bench.run(200_000);
    const refresh = bench.alice.inDialog('INVITE', bench.invite, bench.answer, sdp('192.0.2.21'));
    refresh.headers.append('supported', 'timer').append('session-expires', '600;refresher=uac');
    bench.alice.send(refresh);
    await bench.run();
    assert.equal(bench.answer.headers.get('session-expires'), '600;refresher=uac');
    assert.match(bench.answer.body, /m=audio/);
    bench.alice.send(bench.alice.inDialogAck(bench.invite, bench.answer));
    await bench.run(500_000);
    assert.deepEqual([bench.bob.requests('INVITE').length, bench.stage.server.calls.count], [1, 1]);
  });

  test('a caller that stops refreshing is gone: BYE to both sides, and its own cause in the CDR', async () => {
    const bench = await CallBench.connect({ settings }, [timer], peerRefreshes);
    await bench.run(567_000);
    assert.equal(bench.alice.requests('BYE').length, 0);
    await bench.run(2_000);
    assert.ok(bench.bob.requests('BYE').length > 0 && bench.alice.requests('BYE').length > 0);
    assert.deepEqual(bench.causes, ['session expired']);
  });

  test('a refresh of ours that meets 491 is tried again: soon where the peer made the Call-ID, after 2.1 s where we did', async () => {
    for (const [side, leastMs, mostMs] of [
      ['bob', 2100, 4000],
      ['alice', 0, 2000],
    ] as const) {
      const others = side === 'bob' ? callerRefreshes : [];
      const answers = side === 'bob' ? [] : peerRefreshes;
      const bench = await CallBench.connect({ settings }, others, answers);
      const phone = bench[side];
      const before = phone.requests('INVITE').length;
      await bench.run(300_010);
      phone.respond(phone.request('INVITE'), 491);
      const refusedSeq = phone.request('INVITE').cseq.seq;
      let waitedMs = 0;
      while (phone.request('INVITE').cseq.seq === refusedSeq && waitedMs < 5000) {
        await bench.run(20);
        waitedMs += 20;
      }
      assert.ok(waitedMs >= leastMs && waitedMs <= mostMs + 60, `${side}: ${waitedMs}`);
      assert.ok(phone.requests('INVITE').length > before);
    }
  });
});

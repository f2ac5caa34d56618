import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { CallBench } from './call-bench.ts';
import { sdp } from './scripted-peer.ts';

describe('an INVITE without an offer (RFC 3261 §13.2.1)', () => {
  test('asks the callee for one; its offer comes in the 200, and the answer in the ACK goes back in an ACK', async () => {
    const bench = await CallBench.dial({}, { body: '' });
    assert.equal(bench.bob.request('INVITE').body, '');
    bench.bobSays(180);
    bench.bobSays(200, { body: sdp('192.0.2.22', 46_000) });
    await bench.run();
    assert.match(bench.answer.body, /m=audio \d+ RTP\/AVP 0 101/);
    assert.equal(bench.bob.requests('ACK').length, 0);
    bench.ackWith(bench.answer, sdp('192.0.2.21', 45_000));
    await bench.run();
    assert.match(bench.bob.request('ACK').body, /m=audio [1-9]/);
    const [session] = bench.stage.plane.sessions;
    assert.deepEqual(
      [session?.configOf(0, 'a')?.target?.port, session?.configOf(0, 'b')?.target?.port],
      [45_000, 46_000],
    );
    assert.deepEqual([session?.configOf(0, 'a')?.relay, session?.configOf(0, 'b')?.relay], [true, true]);
    // A 200 that is repeated gets the same ACK, answer and all.
    bench.bobSays(200, { body: sdp('192.0.2.22', 46_000) });
    await bench.run();
    assert.deepEqual(
      bench.bob.requests('ACK').map(({ body }) => body !== ''),
      [true, true],
    );
  });

  test('an ACK without the answer ends the call on both sides, and the callee gets every stream refused', async () => {
    const bench = await CallBench.dial({}, { body: '' });
    bench.bobSays(200, { body: sdp('192.0.2.22') });
    await bench.run();
    bench.alice.ack(bench.invite, bench.answer);
    await bench.run();
    assert.match(bench.bob.request('ACK').body, /m=audio 0 /);
    assert.ok(bench.bob.requests('BYE').length > 0 && bench.alice.requests('BYE').length > 0);
    assert.deepEqual(bench.causes, ['media refused']);
  });

  test('a caller that never acknowledges the offer leaves nothing open at the callee', async () => {
    const bench = await CallBench.dial({}, { body: '' });
    bench.bobSays(200, { body: sdp('192.0.2.22') });
    await bench.run(33_000);
    await bench.run(1_000);
    assert.ok(bench.bob.requests('ACK').length > 0 && bench.bob.requests('BYE').length > 0);
    assert.deepEqual(bench.causes, ['no ack']);
  });

  test('an offer in a reliable 183 goes to a caller that can answer it in its PRACK, and back in ours', async () => {
    const bench = await CallBench.dial({}, { body: '', headers: [['supported', '100rel']] });
    bench.bobSaysReliably(183, 9, sdp('192.0.2.22', 46_000));
    await bench.run();
    assert.equal(bench.bob.requests('PRACK').length, 0);
    const progress = bench.alice.response('INVITE', 183);
    assert.match(progress.body, /m=audio/);
    bench.prack(progress, sdp('192.0.2.21', 45_000));
    await bench.run();
    assert.equal(bench.alice.response('PRACK', 200).body, '');
    assert.match(bench.bob.request('PRACK').body, /m=audio [1-9]/);
    bench.bob.respond(bench.bob.request('PRACK'), 200);
    bench.bobSays(200);
    await bench.run();
    assert.deepEqual([bench.answer.body, bench.bob.request('ACK').body], ['', '']);
    bench.alice.ack(bench.invite, bench.answer);
    await bench.run();
    assert.deepEqual(bench.stage.plane.sessions[0]?.configOf(0, 'a')?.target?.port, 45_000);
    assert.equal(bench.stage.server.calls.count, 1);
  });

  test('a PRACK without the answer that it owes is refused, and does not count', async () => {
    const bench = await CallBench.dial({}, { body: '', headers: [['supported', '100rel']] });
    bench.bobSaysReliably(183, 9, sdp('192.0.2.22'));
    await bench.run();
    bench.prack(bench.alice.response('INVITE', 183));
    await bench.run();
    assert.deepEqual([bench.alice.statuses('PRACK'), bench.bob.requests('PRACK').length], [[400], 0]);
  });

  test('a callee is not asked for reliable responses where the caller could not answer an offer in one', async () => {
    const bench = await CallBench.dial({}, { body: '' });
    assert.ok(!bench.bob.request('INVITE').headers.getAll('supported').join().includes('100rel'));
  });

  test('every device of a user may ring, and the offer of the one that answers counts', async () => {
    const bench = await CallBench.dial({}, { body: '', headers: [['supported', '100rel']] });
    bench.bobSays(486);
    await bench.run();
    const mobile = await bench.stage.phone('bob', '192.0.2.23');
    const again = await CallBench.again(bench, '');
    const desk = again.bob.request('INVITE');
    mobile.respond(mobile.request('INVITE'), 200, { body: sdp('192.0.2.23', 49_000) });
    await again.run();
    assert.ok(!desk.headers.getAll('supported').join().includes('100rel'));
    again.ackWith(again.answer, sdp('192.0.2.21'));
    await again.run();
    assert.match(mobile.request('ACK').body, /m=audio [1-9]/);
  });
});

describe('video and fax', () => {
  const lines = ['v=0', 'o=- 1 1 IN IP4 192.0.2.21', 's=-', 'c=IN IP4 192.0.2.21', 't=0 0'];
  const description = (media: readonly string[], address = '192.0.2.21'): string =>
    `${[...lines, ...media].join('\r\n')}\r\n`.replaceAll('192.0.2.21', address);

  test('video passes beside audio, with ports of ours', async () => {
    const media = ['m=audio 40000 RTP/AVP 0', 'm=video 40002 RTP/AVP 96', 'a=rtpmap:96 H264/90000'];
    const bench = await CallBench.dial({}, { body: description(media) });
    const seen = bench.bob.request('INVITE').body;
    assert.match(seen, /m=video [1-9]\d+ RTP\/AVP 96/);
    bench.bobSays(200, { body: description(media, '192.0.2.22') });
    await bench.run();
    assert.equal(bench.stage.plane.sessions[0]?.configOf(1, 'b')?.target?.port, 40_002);
  });

  test('a call that turns to T.38 has its fax relayed as it is, over the ports that its audio had', async () => {
    const bench = await CallBench.connect();
    const fax = ['m=image 40000 udptl t38', 'a=T38FaxVersion:0', 'a=T38FaxUdpEC:t38UDPRedundancy'];
    const dialled = bench.bob.request('INVITE');
    const turn = bench.bob.inDialogAsCallee('INVITE', dialled, description(fax, '192.0.2.22'));
    bench.bob.send(turn);
    await bench.run();
    const offered = bench.alice.request('INVITE');
    assert.match(offered.body, /m=image [1-9]\d+ udptl t38\r\na=T38FaxVersion:0/);
    bench.alice.respond(offered, 200, { body: description(fax) });
    await bench.run();
    assert.match(bench.bob.response('INVITE', 200).body, /m=image [1-9]\d+ udptl t38/);
    const [session] = bench.stage.plane.sessions;
    assert.ok(session);
    const { address, rtp } = session.ports(0, 'a');
    const packet = Buffer.from('0001020304', 'hex');
    const left = bench.stage.plane.deliver(packet, { address: '192.0.2.21', port: 40_000 }, { address, port: rtp });
    assert.deepEqual(left?.to, { address: '192.0.2.22', port: 40_000 });
  });
});

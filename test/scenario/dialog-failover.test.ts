import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { HeaderList, type SipRequest } from '../../src/sip/message/index.ts';
import { type ScriptedPeer, sdp } from './scripted-peer.ts';
import { Stage, trunkAt } from './stage.ts';

interface Set {
  readonly stage: Stage;
  readonly alice: ScriptedPeer;
  readonly one: ScriptedPeer;
  readonly two: ScriptedPeer;
  /** Sends a request of alice in the call. */
  readonly send: (method: string, body?: string) => SipRequest;
}

/** A call over a carrier with two servers, whose Record-Route names both of them; the first has it. */
async function upOverOne(): Promise<Set> {
  const stage = await Stage.open(
    {
      settings: { media_timeout: 0 },
      accounts: [
        { name: 'named', kind: 'sipserver', trunk: { ...trunkAt('carrier.test'), port: 0, transport: 'auto' } },
      ],
      dialRules: [{ pattern: '00.', routes: [{ sipServerId: 3, priority: 1, weight: 1 }] }],
    },
    [],
    (dns) => {
      for (const name of ['carrier.test', 'edge.carrier.test']) {
        dns.srv(`_sip._udp.${name}`, '1 1 5060 one.carrier.test', '2 1 5060 two.carrier.test');
      }
      dns.a('one.carrier.test', '192.0.2.61').a('two.carrier.test', '192.0.2.62');
    },
  );
  const one = await stage.peer('192.0.2.61');
  const two = await stage.peer('192.0.2.62');
  const alice = await stage.phone('alice', '192.0.2.21');
  const invite = await stage.invite(alice, 'alice', 'sip:0043123@server.example');
  const headers = new HeaderList().append('record-route', '<sip:edge.carrier.test;lr>');
  one.respond(one.request('INVITE'), 200, { body: sdp('192.0.2.61'), headers });
  await stage.run(20);
  const ok = alice.response('INVITE', 200);
  alice.ack(invite, ok);
  await stage.run(20);
  const send = (method: string, body?: string): SipRequest => {
    const request = alice.inDialog(method, invite, ok, body);
    alice.send(request);
    return request;
  };
  return { stage, alice, one, two, send };
}

describe('a request in a call whose next hop is a name for two servers', () => {
  test('goes to the one that has the call, and to the other when that is silent: with its number, and a branch of its own', async () => {
    const { stage, one, two, send } = await upOverOne();
    send('BYE');
    await stage.run(31_900);
    assert.equal(two.received.length, 0);
    await stage.run(300);
    const [first, second] = [one.request('BYE'), two.request('BYE')];
    assert.equal(second.headers.get('cseq'), first.headers.get('cseq'));
    assert.notEqual(second.topVia.branch, first.topVia.branch);
    assert.equal(second.headers.getAll('via').length, 1);
    two.respond(second, 200);
    await stage.run(40_000);
    assert.equal(stage.server.stack.transactionCount, 0);
  });

  test('holds no line for longer than 32 s, though the other server is asked', async () => {
    const { stage, send } = await upOverOne();
    send('BYE');
    await stage.run(31_000);
    assert.equal(stage.server.limits.lines.size, 1);
    await stage.run(1_100);
    assert.equal(stage.server.limits.lines.size, 0);
    assert.equal(stage.server.calls.count, 0);
    await stage.run(70_000);
    assert.deepEqual(
      stage.store.cdrs.map(({ cause }) => cause),
      ['answered'],
    );
  });

  for (const method of ['INFO', 'INVITE']) {
    test(`${method} goes to the other at once when the first answers 503, and the call stays there`, async () => {
      const { stage, alice, one, two, send } = await upOverOne();
      const body = method === 'INFO' ? 'Signal=1\r\n' : sdp('192.0.2.21', 40_002);
      send(method, body);
      await stage.run(20);
      one.respond(one.request(method), 503);
      await stage.run(20);
      two.respond(two.request(method), 200, method === 'INFO' ? {} : { body: sdp('192.0.2.62') });
      await stage.run(20);
      alice.response(method, 200);
      if (method === 'INVITE') assert.equal(two.requests('ACK').length, 1);
      one.received.length = 0;
      send('BYE');
      await stage.run(20);
      two.respond(two.request('BYE'), 200);
      await stage.run(20);
      assert.equal(one.requests('BYE').length, 0);
    });
  }

  test('is answered 503 when both say so', async () => {
    const { stage, alice, one, two, send } = await upOverOne();
    send('INFO', 'Signal=1\r\n');
    await stage.run(20);
    one.respond(one.request('INFO'), 503);
    await stage.run(20);
    two.respond(two.request('INFO'), 503);
    await stage.run(20);
    alice.response('INFO', 503);
    assert.equal(one.requests('INFO').length, 1);
  });

  test('that the first has rung for is nobody else’s', async () => {
    const { stage, alice, one, two, send } = await upOverOne();
    const reinvite = send('INVITE', sdp('192.0.2.21', 40_002));
    await stage.run(20);
    one.respond(one.request('INVITE'), 180);
    await stage.run(20);
    alice.cancel(reinvite);
    await stage.run(33_000);
    assert.equal(two.requests('INVITE').length, 0);
    assert.equal(one.requests('CANCEL').length > 0, true);
  });

  test('goes to the other at once when the first gave no sign of life to another call', async () => {
    const { stage, alice, one, two, send } = await upOverOne();
    await stage.invite(alice, 'alice', 'sip:0043124@server.example');
    await stage.run(32_100);
    two.respond(two.request('INVITE'), 486);
    await stage.run(20);
    one.received.length = 0;
    send('BYE');
    await stage.run(20);
    two.request('BYE');
    assert.equal(one.requests('BYE').length, 0);
  });
});

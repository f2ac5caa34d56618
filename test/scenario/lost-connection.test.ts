import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { SipRequest } from '../../src/sip/message/index.ts';
import { ScriptedPeer, sdp } from './scripted-peer.ts';
import { serverEndpoint, Stage, trunkAt } from './stage.ts';

const carrier = { address: '192.0.2.50', port: 5060 };

/** Bob's phone rings for a call whose caller’s connection has gone. `place` is the address that the caller has. */
async function ringsForNobody(place: string): Promise<{
  readonly stage: Stage;
  readonly bob: ScriptedPeer;
  readonly invite: SipRequest;
  /** Who takes connections at the port of the caller's Via. */
  readonly again: readonly ScriptedPeer[];
}> {
  const stage = await Stage.open({
    accounts: [{ name: 'carrier', kind: 'sipserver', trunk: trunkAt(carrier.address) }],
    numbers: [{ number: '4312345', accountId: 2 }],
  });
  const bob = await stage.phone('bob', '192.0.2.22');
  const host = stage.network.host(place);
  const caller = ScriptedPeer.overTcp(host, place, serverEndpoint);
  caller.mangle = (octets) => octets.replace(/^(Via: .*?):\d+;rport/m, '$1:5060;rport');
  let invite = caller.build('INVITE', 'sip:4312345@server.example', '0049', { body: sdp(place) });
  if (place === carrier.address) caller.send(invite);
  else {
    await stage.register(caller, 'alice');
    invite = await stage.invite(caller, 'alice', 'sip:bob@server.example', sdp(place));
  }
  await stage.run(20);
  bob.respond(bob.request('INVITE'), 180);
  await stage.run(20);
  caller.close();
  await stage.run(20);
  const again = await ScriptedPeer.listenTcp(host, { address: place, port: 5060 }, serverEndpoint);
  return { stage, bob, invite, again };
}

test('an answer goes to where its request came from, and no name in a Via is asked for', async () => {
  const stage = await Stage.open({
    accounts: [{ name: 'carrier', kind: 'sipserver', trunk: trunkAt(carrier.address) }],
  });
  const caller = await stage.peer(carrier.address);
  caller.mangle = (octets) => octets.replace(/^Via: SIP\/2.0\/UDP [^;]+;rport/m, 'Via: SIP/2.0/UDP edge.carrier.test');
  stage.dns.a('edge.carrier.test', '192.0.2.99');
  const bystander = await stage.peer('192.0.2.99');
  caller.send(caller.build('INVITE', 'sip:4399999@server.example', '0049', { body: sdp(carrier.address) }));
  await stage.run(20);
  caller.response('INVITE', 404);
  assert.deepEqual([bystander.received.length, stage.dns.asked], [0, []]);
});

describe('an answer to an INVITE whose connection has gone', () => {
  for (const status of [200, 486]) {
    test(`reaches a SIP server over a new one, at the port of its Via: ${status}`, async () => {
      const { stage, bob, invite, again } = await ringsForNobody(carrier.address);
      bob.respond(bob.request('INVITE'), status, status === 200 ? { body: sdp('192.0.2.22') } : {});
      await stage.run(200);
      const [back] = again;
      assert.ok(back !== undefined);
      back.response('INVITE', status);
      back.ack(invite, back.response('INVITE', status));
      await stage.run(40_000);
      assert.equal(stage.server.calls.count, status === 200 ? 1 : 0);
    });
  }

  test('makes us connect to no phone', async () => {
    const { stage, bob, again } = await ringsForNobody('192.0.2.21');
    bob.respond(bob.request('INVITE'), 486);
    await stage.run(2_000);
    assert.equal(again.length, 0);
  });
});

test('a SIP server that refused the connection while the call was being written down is followed by the next at once', async () => {
  const stage = await Stage.open({
    accounts: [
      { name: 'closed', kind: 'sipserver', trunk: { ...trunkAt('192.0.2.50'), transport: 'tcp' } },
      { name: 'reserve', kind: 'sipserver', trunk: trunkAt('192.0.2.51') },
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
  });
  const reserve = await stage.peer('192.0.2.51');
  const alice = await stage.phone('alice', '192.0.2.21');
  const written = stage.store.holdBegins();
  await stage.invite(alice, 'alice', 'sip:0043123@server.example');
  await stage.run(100);
  written();
  await stage.run(100);
  assert.equal(reserve.requests('INVITE').length, 1);
});

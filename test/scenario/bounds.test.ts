import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { StackBounds } from '../../src/sip/stack/index.ts';
import { type ScriptedPeer, sdp } from './scripted-peer.ts';
import { serverEndpoint, Stage } from './stage.ts';

/** Alice's phone rings at Bob's: two dialogs and two transactions. The registrations are forgotten. */
async function ringing(
  bounds: Partial<StackBounds>,
): Promise<{ stage: Stage; alice: ScriptedPeer; bob: ScriptedPeer }> {
  const stage = await Stage.open({ bounds });
  const alice = await stage.phone('alice', '192.0.2.21');
  const bob = await stage.phone('bob', '192.0.2.22');
  await stage.run(33_000);
  await stage.invite(alice, 'alice', 'sip:bob@server.example');
  bob.respond(bob.request('INVITE'), 180);
  await stage.run(20);
  alice.response('INVITE', 180);
  return { stage, alice, bob };
}

/** The answer that an INVITE gets before anything of it is remembered. */
async function callOf(stage: Stage, peer: ScriptedPeer, user: string, uri: string): Promise<readonly number[]> {
  peer.received.splice(0);
  peer.send(peer.build('INVITE', uri, user, { body: sdp(peer.local.address) }));
  await stage.run(20);
  return peer.statuses('INVITE');
}

describe('at a bound a stranger gets 503 with Retry-After, and a phone that has registered is served', () => {
  for (const bounds of [{ maxTransactions: 2 }, { maxDialogs: 2 }]) {
    test(JSON.stringify(bounds), async () => {
      const { stage, bob } = await ringing(bounds);
      const stranger = await stage.peer('198.51.100.66');
      assert.deepEqual(await callOf(stage, stranger, 'bob', 'sip:alice@server.example'), [503]);
      assert.equal(stranger.response('INVITE', 503).headers.get('retry-after'), '5');
      assert.deepEqual(await callOf(stage, bob, 'bob', 'sip:alice@server.example'), [407]);
      const [[bound] = ['']] = Object.entries(bounds);
      const refusals: Readonly<Record<string, number>> = stage.server.stack.boundRefusals;
      assert.equal(refusals[bound], 1);
    });
  }

  test('and beyond the reserve nobody is, but for the BYE that makes room', async () => {
    const { stage, alice, bob } = await ringing({ maxTransactions: 2 });
    const invite = bob.request('INVITE');
    await stage.invite(alice, 'alice', 'sip:bob@server.example');
    assert.deepEqual(await callOf(stage, bob, 'bob', 'sip:alice@server.example'), [503]);
    bob.respond(invite, 200, { body: sdp('192.0.2.22') });
    await stage.run(20);
    bob.send(bob.inDialogAsCallee('INFO', invite, 'x'));
    bob.send(bob.inDialogAsCallee('BYE', invite));
    await stage.run(20);
    assert.deepEqual([bob.statuses('INFO'), bob.statuses('BYE')], [[503], [200]]);
    alice.response('INVITE', 200);
  });
});

describe('a source that has its share gets 503, and the others are served', () => {
  for (const bounds of [{ maxInvitesPerSource: 1 }, { maxDialogsPerSource: 1 }]) {
    test(JSON.stringify(bounds), async () => {
      const { stage, alice, bob } = await ringing(bounds);
      assert.deepEqual(await callOf(stage, alice, 'alice', 'sip:bob@server.example'), [503]);
      assert.deepEqual(await callOf(stage, bob, 'bob', 'sip:alice@server.example'), [407]);
    });
  }

  test('and it is served again when its call is over', async () => {
    const { stage, alice } = await ringing({ maxDialogsPerSource: 1, maxInvitesPerSource: 1 });
    for (const call of stage.server.calls.calls()) stage.server.calls.endCall(call.plan.callId);
    // Until the INVITE's last answer is acknowledged no longer (timer H).
    await stage.run(40_000);
    assert.deepEqual(await callOf(stage, alice, 'alice', 'sip:bob@server.example'), [407]);
  });
});

describe('connections', () => {
  const few = { max_tcp_connections: 3, max_tcp_connections_per_source: 2 };

  test('that strangers hold make room for a phone, and one source holds its share at most', async () => {
    const stage = await Stage.open({ settings: few });
    const open = new Set<string>();
    for (const address of ['198.51.100.1', '198.51.100.1', '198.51.100.1', '198.51.100.2', '198.51.100.3']) {
      const stream = stage.network.host(address).connectTcp(serverEndpoint, address);
      const name = `${address}:${stream.local.port}`;
      open.add(name);
      stream.onClose = () => open.delete(name);
      await stage.run(20);
    }
    assert.equal([...open].filter((name) => name.startsWith('198.51.100.1:')).length < 3, true);
    assert.equal(open.size, 3);
    const phone = stage.tcpPeer('192.0.2.21');
    await stage.register(phone, 'alice');
    assert.deepEqual([open.size, stage.server.bounds().connections], [2, { used: 3, max: 3 }]);
    // The phone stays, whoever comes next.
    for (const address of ['198.51.100.4', '198.51.100.5', '198.51.100.6']) {
      stage.network.host(address).connectTcp(serverEndpoint, address);
      await stage.run(20);
    }
    await stage.register(phone, 'alice');
  });
});

test('what is used of each bound, and its maximum, can be read', async () => {
  const { stage } = await ringing({ maxTransactions: 7, maxDialogs: 9 });
  const { transactions, dialogs, calls } = stage.server.bounds();
  assert.deepEqual([transactions, dialogs, calls.used], [{ used: 2, max: 7 }, { used: 2, max: 9 }, 1]);
});

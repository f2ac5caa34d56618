import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { sdp } from './scripted-peer.ts';
import { Stage, type StageOptions, trunkAt } from './stage.ts';

const withCarrier: StageOptions = {
  accounts: [{ name: 'carrier', kind: 'sipserver', trunk: trunkAt('192.0.2.50') }],
  dialRules: [{ pattern: '00.', routes: [{ sipServerId: 3, priority: 1, weight: 1 }] }],
};

describe('a UDP socket of its own [own.reserved-udp-sockets]', () => {
  const reserved = ({ server }: Stage): number => server.stack.transportStats().reservedSockets;

  test('is what a phone gets that has authenticated, and no stranger', async () => {
    const stage = await Stage.open();
    const stranger = await stage.peer('198.51.100.66');
    stranger.send(stranger.build('OPTIONS', 'sip:server.example', 'mallory'));
    await stage.run(100);
    assert.equal(reserved(stage), 0);
    await stage.phone('alice', '192.0.2.21');
    await stage.phone('bob', '192.0.2.22');
    assert.equal(reserved(stage), 2);
  });

  test('is what a SIP server gets that answers a request of ours, and everybody whose registration stands after a restart', async () => {
    const before = await Stage.open();
    await before.phone('alice', '192.0.2.21');
    const stage = await Stage.open(withCarrier, [...before.bindings.values()]);
    assert.equal(reserved(stage), 1);
    const alice = await stage.peer('192.0.2.21');
    const carrier = await stage.peer('192.0.2.50');
    await stage.invite(alice, 'alice', 'sip:0043123@server.example', sdp('192.0.2.21'));
    carrier.respond(carrier.request('INVITE'), 486);
    await stage.run(100);
    assert.equal(reserved(stage), 2);
    assert.equal(alice.statuses('INVITE').at(-1), 486);
  });
});

describe('registrations over TCP', () => {
  test('when a connection closes, every user that registered over it is unreachable at once', async () => {
    const stage = await Stage.open();
    const desk = stage.tcpPeer('192.0.2.23');
    await stage.register(desk, 'alice');
    await stage.register(desk, 'bob');
    assert.equal(stage.bindings.size, 2);
    desk.close();
    await stage.run(20);
    assert.deepEqual([...stage.bindings.keys()], []);
    assert.deepEqual([stage.server.registrar.bindings.of(1, 0), stage.server.registrar.bindings.of(2, 0)], [[], []]);
  });

  test('after a restart nothing is left of a TCP registration, in memory and in the store; UDP ones stand', async () => {
    const before = await Stage.open();
    await before.phone('alice', '192.0.2.21');
    await before.register(before.tcpPeer('192.0.2.23'), 'bob');
    const after = await Stage.open({}, [...before.bindings.values()]);
    assert.deepEqual(
      [...after.bindings.values()].map(({ user }) => user),
      ['alice'],
    );
    const alice = await after.phone('alice', '192.0.2.21');
    await after.invite(alice, 'alice', 'sip:bob@server.example');
    assert.equal(alice.statuses('INVITE').at(-1), 480);
    assert.equal(after.server.registrar.bindings.of(1, 0).length, 1);
  });
});

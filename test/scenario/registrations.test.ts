import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Stage } from './stage.ts';

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

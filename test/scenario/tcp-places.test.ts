import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ScriptedPeer } from './scripted-peer.ts';
import { sdp } from './scripted-peer.ts';
import { Stage } from './stage.ts';

const wholesale = { name: 'wholesale', kind: 'trafficsender', needAuth: 1, authIp: ['192.0.2.60'] } as const;

describe('places of TCP connections', () => {
  const open = (places: number): Promise<Stage> =>
    Stage.open({ settings: { max_tcp_connections: places }, accounts: [wholesale] });

  /** Strangers who each ask a valid question, and stay. */
  async function crowd(stage: Stage, count: number): Promise<void> {
    for (let at = 0; at < count; at++) {
      const stranger = stage.tcpPeer(`198.51.100.${at + 1}`);
      stranger.send(stranger.build('OPTIONS', 'sip:server.example', 'nobody'));
      await stage.run(20);
    }
  }

  const peers: readonly { who: string; prove: (stage: Stage) => Promise<ScriptedPeer> }[] = [
    {
      who: 'a phone that registers',
      prove: async (stage) => {
        const phone = stage.tcpPeer('192.0.2.21');
        await stage.register(phone, 'alice');
        return phone;
      },
    },
    {
      who: 'a phone that calls',
      prove: async (stage) => {
        const phone = stage.tcpPeer('192.0.2.21');
        await stage.invite(phone, 'alice', 'sip:bob@server.example');
        return phone;
      },
    },
    {
      who: 'a traffic sender that is known by its address',
      prove: async (stage) => {
        const sender = stage.tcpPeer('192.0.2.60');
        sender.send(sender.build('INVITE', 'sip:49301@server.example', 'x', { body: sdp('192.0.2.60') }));
        await stage.run(20);
        return sender;
      },
    },
  ];
  for (const { who, prove } of peers) {
    test(`${who} finds a place among strangers who hold them all, and keeps it against more of them`, async () => {
      const stage = await open(3);
      await crowd(stage, 3);
      const peer = await prove(stage);
      await crowd(stage, 6);
      await stage.run(200_000);
      peer.received.splice(0);
      peer.send(peer.build('OPTIONS', 'sip:server.example', 'alice'));
      await stage.run(20);
      assert.deepEqual(peer.statuses('OPTIONS'), [200]);
      assert.equal(stage.server.stack.transportStats().connections, 1, 'strangers are gone after two minutes');
    });
  }

  test('a phone that guesses its password wrong is worth no more than any stranger', async () => {
    const stage = await open(1);
    const phone = stage.tcpPeer('192.0.2.21');
    const register = phone.build('REGISTER', 'sip:server.example', 'alice');
    phone.send(register);
    await stage.run(20);
    phone.send(phone.authorised(register, phone.response('REGISTER', 401), 'alice', 'a wrong password'));
    await stage.run(20);
    phone.response('REGISTER', 403);
    await crowd(stage, 1);
    phone.send(phone.build('OPTIONS', 'sip:server.example', 'alice'));
    await stage.run(20);
    assert.deepEqual(phone.statuses('OPTIONS'), []);
  });
});

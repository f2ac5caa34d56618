import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { SipRequest } from '../../src/sip/message/index.ts';
import { type ScriptedPeer, sdp } from './scripted-peer.ts';
import { password, Stage } from './stage.ts';

/** Alice, on UDP, talks to bob. @returns what her side of the dialog is made of */
async function talk(stage: Stage): Promise<{ alice: ScriptedPeer; bob: ScriptedPeer; bye: SipRequest }> {
  const alice = await stage.phone('alice', '192.0.2.11');
  const bob = await stage.phone('bob', '192.0.2.12');
  const invite = await stage.invite(alice, 'alice', 'sip:bob@server.example');
  bob.respond(bob.request('INVITE'), 200, { body: sdp('192.0.2.12') });
  await stage.run(50);
  const answer = alice.response('INVITE', 200);
  alice.ack(invite, answer);
  await stage.run(50);
  return { alice, bob, bye: alice.inDialog('BYE', invite, answer) };
}

describe('a BYE over TCP for a dialog of UDP', () => {
  const table = [
    { level: 0, status: 407, what: 'has to prove itself, and then ends the call' },
    { level: 1, status: 407, what: 'has to prove itself, and then ends the call' },
    { level: 2, status: 481, what: 'gets 481, and the call goes on' },
    { level: 3, status: 481, what: 'gets 481, and the call goes on' },
  ] as const;
  for (const { level, status, what } of table) {
    test(`${what}, at ${level} [protocol.stricttransport]`, async () => {
      const stage = await Stage.open({ settings: { stricttransport: level } });
      const { bob, bye } = await talk(stage);
      const elsewhere = stage.tcpPeer('192.0.2.11');
      elsewhere.send(bye);
      await stage.run(50);
      assert.deepEqual([elsewhere.statuses('BYE'), bob.requests('BYE').length], [[status], 0]);
      assert.equal(stage.server.calls.count, 1);
      if (status !== 407) return;
      elsewhere.send(elsewhere.authorised(bye, elsewhere.response('BYE', 407), 'alice', password));
      await stage.run(50);
      assert.equal(bob.requests('BYE').length, 1);
    });
  }
});

test('at 1, a request that 2 would refuse is told in the log and served, and one on its own way is not told [protocol.stricttransport]', async () => {
  const stage = await Stage.open({ settings: { stricttransport: 1 } });
  const { bye } = await talk(stage);
  const told = (): Stage['infos'] => stage.infos.filter(({ message }) => message.includes('stricttransport'));
  assert.deepEqual(told(), []);
  stage.tcpPeer('192.0.2.11').send(bye);
  await stage.run(50);
  const fields = { method: 'BYE', callId: bye.callId, transport: 'tcp', expected: 'udp', source: '192.0.2.11' };
  assert.deepEqual(told(), [{ message: 'stricttransport 2 would refuse a request of a dialog', fields }]);
});

describe('a user whose phones may only use TCP', () => {
  const onlyTcp = { name: 'carol', transports: ['tcp'] } as const;

  test('is refused on UDP like a wrong password, and served on TCP, at 3 [protocol.stricttransport] [tls.transport-extension]', async () => {
    const stage = await Stage.open({ settings: { stricttransport: 3 }, accounts: [onlyTcp] });
    const udp = await stage.peer('192.0.2.13');
    await assert.rejects(stage.register(udp, 'carol'));
    assert.deepEqual(udp.statuses('REGISTER'), [401, 403]);
    const wrong = await stage.peer('192.0.2.14');
    const register = wrong.build('REGISTER', 'sip:server.example', 'carol');
    wrong.send(register);
    await stage.run(20);
    wrong.send(wrong.authorised(register, wrong.response('REGISTER', 401), 'carol', 'not the password'));
    await stage.run(20);
    const shown = (peer: ScriptedPeer): string[] =>
      [...peer.response('REGISTER', 403).headers.entries()].map(([name]) => name);
    assert.deepEqual(shown(udp), shown(wrong));
    await stage.register(stage.tcpPeer('192.0.2.13'), 'carol');
  });

  test('is served on UDP at 2 [protocol.stricttransport]', async () => {
    const stage = await Stage.open({ settings: { stricttransport: 2 }, accounts: [onlyTcp] });
    await stage.phone('carol', '192.0.2.13');
  });

  test('is not called over UDP at 3, where a phone registered before the operator said so', async () => {
    const stage = await Stage.open({ accounts: [onlyTcp] });
    const carol = await stage.phone('carol', '192.0.2.13');
    const alice = await stage.phone('alice', '192.0.2.11');
    stage.settings = { ...stage.settings, stricttransport: 3 };
    await stage.invite(alice, 'alice', 'sip:carol@server.example');
    assert.deepEqual([alice.statuses('INVITE').at(-1), carol.requests('INVITE').length], [480, 0]);
  });
});

test('a registration is not moved to another transport at 2, and is at 0 [protocol.stricttransport]', async () => {
  for (const [level, last] of [
    [0, 200],
    [2, 403],
  ] as const) {
    const stage = await Stage.open({ settings: { stricttransport: level } });
    const contact = '<sip:alice@192.0.2.11>;+sip.instance="<urn:uuid:1>";reg-id=1';
    await stage.register(await stage.peer('192.0.2.11'), 'alice', { contact });
    const moved = stage.tcpPeer('192.0.2.11');
    await stage.register(moved, 'alice', { contact }).catch(() => {});
    assert.equal(moved.statuses('REGISTER').at(-1), last);
  }
});

test('a call to a sips address does not go on over UDP (RFC 3261 §26.2.2)', async () => {
  const stage = await Stage.open();
  const alice = await stage.phone('alice', '192.0.2.11');
  const bob = await stage.phone('bob', '192.0.2.12');
  await stage.invite(alice, 'alice', 'sips:bob@server.example');
  await stage.run(100);
  assert.deepEqual([alice.statuses('INVITE').at(-1), bob.requests('INVITE').length], [480, 0]);
});

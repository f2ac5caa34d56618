import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SipRequest } from '../../src/sip/message/index.ts';
import type { ScriptedPeer } from './scripted-peer.ts';
import { password, Stage } from './stage.ts';

const server = 'sip:server.example';

/** Alice's phone, and the REGISTER by which it proved itself, as somebody on the way has read it. */
async function overheard(): Promise<{ stage: Stage; alice: ScriptedPeer; heard: SipRequest }> {
  const stage = await Stage.open();
  const alice = await stage.peer('192.0.2.21');
  const register = alice.build('REGISTER', server, 'alice');
  alice.send(register);
  await stage.run(20);
  const heard = alice.authorised(register, alice.response('REGISTER', 401), 'alice', password);
  alice.send(heard);
  await stage.run(20);
  alice.response('REGISTER', 200);
  return { stage, alice, heard };
}

/** The request again, as a new one: with another branch and number, and maybe of another method or to another place. */
function again(heard: SipRequest, round: number, method = 'REGISTER', uri = heard.uri): SipRequest {
  const headers = heard.headers.clone();
  headers.set('via', (headers.get('via') ?? '').replace(/branch=\w+/, `branch=z9hG4bKagain${method}${round}`));
  headers.set('cseq', `${1000 + round} ${method}`);
  headers.set('call-id', `again-${method}-${round}`);
  const credentials = headers.get('authorization') ?? '';
  if (method !== 'REGISTER') headers.append('proxy-authorization', credentials);
  return new SipRequest(method, uri, headers, '');
}

/** The phone registers once more and gets its 200. */
async function isServed(stage: Stage, alice: ScriptedPeer): Promise<void> {
  alice.received.length = 0;
  await stage.register(alice, 'alice');
}

describe('credentials that somebody overheard and sends again', () => {
  for (const [where, address, port] of [
    ['another address', '198.51.100.66', 5060],
    ['another port of the same address', '192.0.2.21', 6060],
  ] as const) {
    test(`from ${where} are asked for anew, a hundred times, and nobody is stopped for it`, async () => {
      const { stage, alice, heard } = await overheard();
      const thief = await stage.peer(address, port);
      for (let round = 0; round < 100; round++) {
        thief.send(again(heard, round));
        await stage.run(100);
      }
      assert.deepEqual(new Set(thief.statuses('REGISTER')), new Set([401]));
      assert.deepEqual([...stage.server.guard.bans.all()], []);
      await isServed(stage, alice);
    });
  }

  for (const [what, method, uri] of [
    ['as they are', 'REGISTER', server],
    ['for another Request-URI', 'REGISTER', 'sip:elsewhere.example'],
    ['for a call', 'INVITE', 'sip:bob@server.example'],
    ['for a message', 'MESSAGE', 'sip:bob@server.example'],
  ] as const) {
    test(`from the address and port of the phone ${what} are never accepted, and the phone is served as before`, async () => {
      const { stage, alice, heard } = await overheard();
      for (let round = 0; round < 200; round++) {
        alice.send(again(heard, round, method, uri));
        await stage.run(100);
      }
      const answers = alice.statuses(method).slice(method === 'REGISTER' ? 2 : 0);
      assert.equal(answers.length, 200);
      assert.ok(
        answers.every((status) => [401, 403, 407].includes(status)),
        `${[...new Set(answers)]}`,
      );
      assert.equal(stage.server.calls.count, 0);
      assert.deepEqual([...stage.server.guard.bans.all()], []);
      await isServed(stage, alice);
    });
  }

  test('a user that a neighbour guesses at is refused there, but not where its phone is bound', async () => {
    const { stage, alice } = await overheard();
    const neighbour = await stage.peer('192.0.2.21', 6060);
    for (let round = 0; round < 12; round++) {
      const register = neighbour.build('REGISTER', server, 'alice');
      neighbour.send(register);
      await stage.run(50);
      neighbour.send(neighbour.authorised(register, neighbour.response('REGISTER', 401), 'alice', `guess ${round}`));
      await stage.run(50);
    }
    const stops = [...stage.server.guard.bans.all()].map(({ action, subject }) => `${action} ${subject}`);
    assert.deepEqual(stops, ['ban alice from 192.0.2.21']);
    await isServed(stage, alice);
  });
});

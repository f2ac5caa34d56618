import assert from 'node:assert/strict';
import { setTimeout as wait } from 'node:timers/promises';
import type { Environment } from '../../kit/environment.ts';
import { office, password } from '../../kit/office.ts';
import { firstLine, RoguePeer, sdp, token } from '../rogue-peer.ts';

export const title = 'an answer that somebody else forges, with the right branch and tags, changes nothing of a call';

export async function run(env: Environment): Promise<void> {
  const { serverAddress } = env;
  await env.startServer(office(env));
  const bind = async (name: 'alice' | 'bob' | 'stranger'): Promise<RoguePeer> => {
    const peer = await RoguePeer.bind(name, env.address(name), serverAddress);
    env.atEnd(() => peer.close());
    return peer;
  };
  const [alice, bob, stranger] = [await bind('alice'), await bind('bob'), await bind('stranger')];
  await bob.register({ user: 'bob', password });
  const headers = `Contact: <sip:alice@${alice.address}>\r\nContent-Type: application/sdp\r\n`;
  const call = { callId: token(), fromTag: token(), headers, body: sdp(alice.address, 30_000) };
  const uri = `sip:bob@${serverAddress}`;
  const answered = alice.ask({ method: 'INVITE', uri, ...call }, { user: 'alice', password });
  const invite = await bob.expect('INVITE', (text) => text.startsWith('INVITE'));
  bob.respond(invite, 180);
  for (const status of [180, 486, 603, 200]) stranger.respond(invite, status, sdp(stranger.address, 32_000));
  await wait(500);
  // Neither an ACK, as every refusal and answer is owed, nor anything else is sent to whoever forged them.
  assert.deepEqual(stranger.received.map(firstLine), []);
  bob.respond(invite, 200, sdp(bob.address, 31_000));
  assert.match(firstLine(await answered), /^SIP\/2\.0 200 /);
}

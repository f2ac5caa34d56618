import assert from 'node:assert/strict';
import type { Environment } from '../../kit/environment.ts';
import { office, password } from '../../kit/office.ts';
import { bodyOf, headerValues } from '../../kit/sip-log.ts';
import { RoguePeer, sdp } from '../rogue-peer.ts';

export const title =
  "nothing of a caller's that makes phones answer by themselves, fetch pages, or send media past the server reaches the callee";

const headers = [
  'Alert-Info: <http://192.0.2.9/>;info=alert-autoanswer;delay=0',
  'Call-Info: <sip:192.0.2.9>;answer-after=0',
  'Answer-Mode: Auto;require',
  'P-Auto-Answer: normal',
  'P-Asserted-Identity: <sip:+1911@example.com>',
  'Replaces: a;to-tag=b;from-tag=c',
];
const past = ['a=rtcp:53 IN IP4 192.0.2.9', 'a=candidate:1 1 UDP 1 192.0.2.9 5060 typ host', 'u=http://192.0.2.9/'];

export async function run(env: Environment): Promise<void> {
  const { serverAddress } = env;
  await env.startServer(office(env));
  const alice = await RoguePeer.bind('alice', env.address('alice'), serverAddress);
  const bob = await RoguePeer.bind('bob', env.address('bob'), serverAddress);
  env.atEnd(() => alice.close());
  env.atEnd(() => bob.close());
  await bob.register({ user: 'bob', password });
  const body = sdp(alice.address, 30_000).replace('t=0 0\r\n', `${past.join('\r\n')}\r\nt=0 0\r\n`);
  const lines = [...headers, 'Content-Type: application/sdp'].map((line) => `${line}\r\n`).join('');
  const asked = alice.ask(
    { method: 'INVITE', uri: `sip:bob@${serverAddress}`, headers: lines, body },
    { user: 'alice', password },
  );
  const invite = await bob.expect('INVITE', (text) => text.startsWith('INVITE'));
  bob.respond(invite, 486);
  await asked;
  for (const line of headers) {
    const [name = ''] = line.split(':', 1);
    assert.deepEqual(headerValues(invite, name), [], name);
  }
  assert.doesNotMatch(bodyOf(invite), /192\.0\.2\.9/);
}

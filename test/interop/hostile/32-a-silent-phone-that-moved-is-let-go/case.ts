import assert from 'node:assert/strict';
import type { Environment } from '../../kit/environment.ts';
import { office, password } from '../../kit/office.ts';
import { headerValue } from '../../kit/sip-log.ts';
import { firstLine, RoguePeer, sdp, token } from '../rogue-peer.ts';

export const title =
  'a BYE from elsewhere that nobody proves ends a call without media after ten seconds, and not before';

export async function run(env: Environment): Promise<void> {
  const { serverAddress } = env;
  const server = await env.startServer(office(env));
  const alice = await RoguePeer.bind('alice', env.address('alice'), serverAddress);
  const moved = await RoguePeer.bind('alice', env.address('alice'), serverAddress, 5098);
  const bob = await RoguePeer.bind('bob', env.address('bob'), serverAddress);
  for (const peer of [alice, moved, bob]) env.atEnd(() => peer.close());
  await bob.register({ user: 'bob', password });
  const headers = `Contact: <sip:alice@${alice.address}>\r\nContent-Type: application/sdp\r\n`;
  const call = { callId: token(), fromTag: token() };
  const invited = {
    method: 'INVITE',
    uri: `sip:bob@${serverAddress}`,
    ...call,
    headers,
    body: sdp(alice.address, 30_000),
  };
  const answered = alice.ask(invited, { user: 'alice', password });
  bob.respond(await bob.expect('INVITE', (text) => text.startsWith('INVITE')), 200, sdp(bob.address, 31_000));
  const answer = await answered;
  const target = /<(.*)>/.exec(headerValue(answer, 'Contact'))?.[1] ?? '';
  const dialog = { uri: target, to: headerValue(answer, 'To'), ...call };
  alice.send(alice.request({ method: 'ACK', cseq: 2, ...dialog }));
  const sentAt = performance.now();
  moved.send(moved.request({ method: 'BYE', cseq: 3, ...dialog }));
  const challenge = await moved.expect('407', (text) => text.startsWith('SIP/2.0 407'));
  assert.equal(firstLine(challenge), 'SIP/2.0 407 Proxy Authentication Required');
  const bye = await bob.take((text) => text.startsWith('BYE'), 15_000);
  assert.ok(bye !== undefined, 'the call goes on');
  const afterMs = performance.now() - sentAt;
  assert.ok(afterMs > 9_500, `ended after ${afterMs} ms`);
  bob.respond(bye, 200);
  const toAlice = await alice.expect('BYE', (text) => text.startsWith('BYE'));
  alice.respond(toAlice, 200);
  assert.equal((await server.onlyCdr()).cause, 'challenge unanswered');
}

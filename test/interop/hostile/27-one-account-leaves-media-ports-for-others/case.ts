import assert from 'node:assert/strict';
import { setTimeout as wait } from 'node:timers/promises';
import type { Environment } from '../../kit/environment.ts';
import { office, password } from '../../kit/office.ts';
import { answerChallenge, firstLine, RoguePeer, sdp, token } from '../rogue-peer.ts';

export const title = 'one account that starts calls of sixteen streams leaves media ports for the others';
export const alone = true;

const manyStreams = 20;
const calls = 45;

export async function run(env: Environment): Promise<void> {
  const { serverAddress } = env;
  await env.startServer(office(env), { rtp_pool_ahead: '64', start_rtp_port: '20000', end_rtp_port: '20999' });
  const bind = async (name: string, address: string): Promise<RoguePeer> => {
    const peer = await RoguePeer.bind(name, address, serverAddress);
    env.atEnd(() => peer.close());
    return peer;
  };
  const alice = await bind('alice', env.address('alice'));
  const bob = await bind('bob', env.address('bob'));
  const carol = await bind('carol', env.address('bobsOther'));
  await bob.register({ user: 'bob', password });
  const uri = `sip:bob@${serverAddress}`;
  const challenge = await alice.ask({ method: 'INVITE', uri });
  for (let count = 1; count <= calls; count++) {
    const credentials = answerChallenge(challenge, 'INVITE', uri, { user: 'alice', password }, count);
    const headers = `Contact: <sip:alice@${alice.address}>\r\nContent-Type: application/sdp\r\n${credentials}`;
    const more = count <= manyStreams ? 15 : 0;
    const body = sdp(alice.address, 30_000, 'm=audio 30000 RTP/AVP 0\r\n'.repeat(more));
    alice.send(alice.request({ method: 'INVITE', uri, headers, body, callId: token() }));
    await wait(30);
  }
  await wait(300);
  const headers = `Contact: <sip:carol@${carol.address}>\r\nContent-Type: application/sdp\r\n`;
  const body = sdp(carol.address, 30_000);
  const asked = carol.ask({ method: 'INVITE', uri, headers, body }, { user: 'carol', password });
  const rang = bob.expect("carol's INVITE", (text) => text.startsWith('INVITE') && text.includes('<sip:carol@'));
  const answer = await Promise.any([asked, rang]);
  assert.match(firstLine(answer), /^INVITE/, "carol's call rings");
  await Promise.allSettled([asked, rang]);
}

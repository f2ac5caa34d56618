import assert from 'node:assert/strict';
import type { Environment } from '../../kit/environment.ts';
import { office } from '../../kit/office.ts';
import { answerChallenge, RoguePeer } from '../rogue-peer.ts';

export const title =
  'a stranger who guesses passwords leaves few and short lines in the log, whatever he writes into them';

const guesses = 400;
const maxLogOctets = 60_000;

export async function run(env: Environment): Promise<void> {
  const { serverAddress } = env;
  const server = await env.startServer(office(env), { log_level: 'info', validateinput: '0' });
  const stranger = await RoguePeer.bind('stranger', env.address('stranger'), serverAddress);
  env.atEnd(() => stranger.close());
  const uri = `sip:${serverAddress}`;
  const challenge = await stranger.ask({ method: 'REGISTER', uri });
  const before = server.log().length;
  for (let count = 1; count <= guesses; count++) {
    const headers = answerChallenge(challenge, 'REGISTER', uri, { user: 'alice', password: 'guess' }, count);
    const answer = await stranger.ask({ method: 'REGISTER', uri, headers, callId: 'L'.repeat(5000) + String(count) });
    assert.match(answer, /^SIP\/2\.0 40[13]/);
  }
  const written = server.log().length - before;
  assert.ok(written <= maxLogOctets, `${written} octets of log for ${guesses} guesses`);
}

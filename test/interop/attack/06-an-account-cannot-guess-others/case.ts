import assert from 'node:assert/strict';
import { CleanPair } from '../../kit/clean-pair.ts';
import type { Environment } from '../../kit/environment.ts';
import { password } from '../../kit/office.ts';
import { OperatorView } from '../../kit/operator-view.ts';
import { answerChallenge, firstLine, RoguePeer } from '../../hostile/rogue-peer.ts';

export const title =
  "an account that guesses others' passwords is banned with its port, whichever way it guesses, and its neighbours at the same address are served";

export async function run(env: Environment): Promise<void> {
  const { serverAddress } = env;
  const view = await OperatorView.start(env);
  const pair = await CleanPair.start(env);
  const address = env.address('stranger');
  const carol = await RoguePeer.bind('carol', address, serverAddress);
  const neighbour = await RoguePeer.bind('neighbour', address, serverAddress, 15_062);
  env.atEnd(() => carol.close());
  env.atEnd(() => neighbour.close());
  neighbour.isPatient = true;
  await view.server.import({ users: ['dave', 'eve', 'frank'].map((name) => ({ name, password })) });
  assert.match(await carol.register({ user: 'carol', password }), /^SIP\/2\.0 200/);
  assert.match(await neighbour.register({ user: 'dave', password }), /^SIP\/2\.0 200/);

  // By REGISTER a user is refused there after ten; the right password then helps no more.
  const uri = `sip:${serverAddress}`;
  const challenge = await carol.ask({ method: 'REGISTER', uri });
  let count = 1;
  const guess = (method: string, at: string, user: string, word: string): Promise<string> => {
    const headers = answerChallenge(challenge, method, at, { user, password: word }, count++);
    const proxy = method === 'REGISTER' ? headers : headers.replace(/^Authorization/, 'Proxy-Authorization');
    return carol.ask({ method, uri: at, to: `<sip:${user}@${serverAddress}>`, headers: proxy });
  };
  for (let round = 0; round < 12; round++) {
    assert.match(firstLine(await guess('REGISTER', uri, 'alice', `guess${round}`)), /40[13]/);
  }
  assert.match(firstLine(await guess('REGISTER', uri, 'alice', password)), /^SIP\/2\.0 40[13]/, 'the right password');
  assert.ok((await view.stopped()).includes(`ban alice from ${address} sip_register_failed_times`));

  // By other requests the port is banned, which its owner has proven to be its own.
  let answered = 0;
  for (let round = 0; round < 200; round++) {
    const user = ['bob', 'eve', 'frank'][round % 3] ?? '';
    const callId = `guess${round}`;
    const headers = answerChallenge(challenge, 'MESSAGE', uri, { user, password: 'x' }, count++);
    carol.send(
      carol.request({
        method: 'MESSAGE',
        uri,
        callId,
        headers: headers.replace(/^Authorization/, 'Proxy-Authorization'),
      }),
    );
    if ((await carol.take((text) => text.includes(callId), 2000)) === undefined) break;
    answered++;
  }
  assert.ok(answered <= 60, `${answered} guesses were answered`);
  await view.assertTold(`${address}:5060`, /failed credentials from one port/, 'nonce');

  // The neighbour, and the phones elsewhere, notice nothing.
  assert.match(await neighbour.register({ user: 'dave', password }), /^SIP\/2\.0 200/);
  await pair.register();
  await pair.call();
}

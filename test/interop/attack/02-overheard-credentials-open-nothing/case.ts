import assert from 'node:assert/strict';
import { setTimeout as wait } from 'node:timers/promises';
import { CleanPair } from '../../kit/clean-pair.ts';
import type { Environment } from '../../kit/environment.ts';
import { until } from '../../kit/until.ts';
import { OperatorView } from '../../kit/operator-view.ts';
import { password } from '../../kit/office.ts';
import { answerChallenge, firstLine, RoguePeer, token } from '../../hostile/rogue-peer.ts';

export const title =
  'credentials that were overheard open nothing elsewhere, for nothing else and not again, and their owner is not stopped for them';

const rounds = 70;

export async function run(env: Environment): Promise<void> {
  const { serverAddress } = env;
  const view = await OperatorView.start(env);
  const pair = await CleanPair.start(env);
  const { alice } = pair;
  const uri = `sip:${serverAddress}`;
  // What somebody on the way reads: a REGISTER of alice that was accepted.
  const challenge = await alice.ask({ method: 'REGISTER', uri });
  const heard = answerChallenge(challenge, 'REGISTER', uri, { user: 'alice', password });
  const contact = `Contact: <sip:alice@${alice.address}:5060>\r\nExpires: 600\r\n`;
  const register = { method: 'REGISTER', uri, to: `<sip:alice@${serverAddress}>`, user: 'alice' };
  assert.match(await alice.ask({ ...register, headers: contact + heard }), /^SIP\/2\.0 200/);

  const elsewhere = await RoguePeer.bind('thief', env.address('stranger'), serverAddress);
  const otherPort = await RoguePeer.bind('neighbour', alice.address, serverAddress, 15_066);
  env.atEnd(() => elsewhere.close());
  env.atEnd(() => otherPort.close());
  const theft = `Contact: <sip:thief@${elsewhere.address}:5060>\r\nExpires: 600\r\n`;
  const call = heard.replace('Authorization', 'Proxy-Authorization');
  const asked: readonly (readonly [string, RoguePeer, Parameters<RoguePeer['request']>[0]])[] = [
    ['from another address', elsewhere, { ...register, headers: theft + heard }],
    ['from another port', otherPort, { ...register, headers: theft + heard }],
    ['again', alice, { ...register, headers: theft + heard }],
    ['for another Request-URI', alice, { ...register, uri: 'sip:other.example', headers: theft + heard }],
    ['for a call', alice, { method: 'INVITE', uri: `sip:bob@${serverAddress}`, headers: theft + call }],
    ['for a message', alice, { method: 'MESSAGE', uri: `sip:bob@${serverAddress}`, headers: call }],
  ];
  for (const [how, peer, parts] of asked) {
    const callId = token();
    for (let round = 0; round < rounds; round++) {
      peer.send(peer.request({ ...parts, callId: `${callId}${round}` }));
      if (round % 10 === 9) await wait(30);
    }
    await until(`${how}: an answer`, 5000, () => peer.received.some((text) => text.includes(callId)));
    await wait(300);
    const answers = peer.received.splice(0).filter((text) => text.includes(callId));
    for (const answer of answers) assert.match(firstLine(answer), /^SIP\/2\.0 40[137]/, how);
  }
  assert.equal(await view.metric('bindings'), 2, 'nobody else was registered');
  assert.ok(!pair.bob.received.some((text) => text.startsWith('INVITE')), 'nothing rang');
  await view.assertNotStopped(alice.address);
  await pair.register();
  await pair.call();
}

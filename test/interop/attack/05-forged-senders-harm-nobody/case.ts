import assert from 'node:assert/strict';
import { setTimeout as wait } from 'node:timers/promises';
import { CleanPair } from '../../kit/clean-pair.ts';
import type { Environment } from '../../kit/environment.ts';
import { Forger } from '../../kit/forger.ts';
import { password } from '../../kit/office.ts';
import { OperatorView } from '../../kit/operator-view.ts';
import { headerValue } from '../../kit/sip-log.ts';
import { answerChallenge, firstLine, RoguePeer, token } from '../../hostile/rogue-peer.ts';

export const title =
  'BYE, CANCEL, re-INVITE and a flood of REGISTER that name a phone as their sender end no call, move no media, and neither ban the phone nor leave it unserved';

const floodOf = 8000;
const floodPerSecond = 4000;

export async function run(env: Environment): Promise<void> {
  const { serverAddress } = env;
  const forger = await Forger.start();
  env.atEnd(() => forger.close());
  const view = await OperatorView.start(env);
  const pair = await CleanPair.start(env);
  const { alice, bob } = pair;
  const call = await pair.connect();
  const to = { address: serverAddress, port: 5060 };
  const phones = { alice: { address: alice.address, port: 5060 }, bob: { address: bob.address, port: 5060 } };

  // In the call: the Call-ID is known, the tags of the server are not.
  const forged = (method: string, from: 'alice' | 'bob', tag: string, more = ''): string =>
    [
      `${method} ${call.uri} SIP/2.0`,
      `Via: SIP/2.0/UDP ${phones[from].address}:5060;branch=z9hG4bKforged{n};rport`,
      'Max-Forwards: 70',
      `From: <sip:${from}@${serverAddress}>;tag=${from === 'alice' ? call.fromTag : 'rogue'}`,
      `To: <sip:x@${serverAddress}>;tag=${tag}`,
      `Call-ID: ${from === 'alice' ? call.callId : headerValue(call.atBob, 'Call-ID')}`,
      `CSeq: {n}9 ${method}`,
      `${more}Content-Length: 0\r\n\r\n`,
    ].join('\r\n');
  for (const from of ['alice', 'bob'] as const) {
    for (const method of ['BYE', 'INVITE', 'UPDATE', 'CANCEL', 'INFO']) {
      await forger.send({ from: phones[from], to, text: forged(method, from, 'guess{n}'), times: 30 });
    }
  }
  // The tags are known too, as on the way: then the address tells.
  const tag = /tag=(.*)$/.exec(call.to)?.[1] ?? '';
  const stranger = await RoguePeer.bind('stranger', env.address('stranger'), serverAddress);
  env.atEnd(() => stranger.close());
  for (const method of ['BYE', 'INVITE', 'UPDATE']) {
    await forger.send({
      from: { address: alice.address, port: 6060 },
      to,
      text: forged(method, 'alice', tag),
      times: 10,
    });
    stranger.send(forged(method, 'alice', tag).replaceAll('{n}', '77'));
  }
  await wait(300);
  await pair.assertUp(call);
  const reached = bob.received.filter((text) => /^(?:BYE|INVITE|UPDATE|CANCEL)/.test(text) && text !== call.atBob);
  assert.deepEqual(reached, [], 'nothing of it reaches bob');

  // A call that rings is not cancelled by who does not know its branch.
  alice.received.length = 0;
  const second = { callId: token(), fromTag: token() };
  const headers = `Contact: <sip:alice@${alice.address}>\r\n`;
  const uri = `sip:bob@${serverAddress}`;
  const asked = await alice.ask({ method: 'INVITE', uri, ...second, headers });
  alice.acknowledge(uri, asked);
  const login = answerChallenge(asked, 'INVITE', uri, { user: 'alice', password });
  alice.send(alice.request({ method: 'INVITE', uri, ...second, cseq: 2, headers: headers + login }));
  const ringing = await pair.ringing();
  bob.respond(ringing, 180);
  const cancel =
    `CANCEL ${uri} SIP/2.0\r\nVia: SIP/2.0/UDP ${alice.address}:5060;rport;branch=z9hG4bKguess{n}\r\nMax-Forwards: 70\r\n` +
    `From: <sip:alice@${serverAddress}>;tag=${second.fromTag}\r\nTo: <${uri}>\r\nCall-ID: ${second.callId}\r\nCSeq: 2 CANCEL\r\nContent-Length: 0\r\n\r\n`;
  await forger.send({ from: phones.alice, to, text: cancel, times: 50 });
  await wait(200);
  assert.equal(bob.received.filter((text) => text.startsWith('CANCEL')).length, 0, 'it rings on');
  bob.respond(ringing, 486);
  const isEnd = (text: string): boolean => /^SIP\/2\.0 [2-6]/.test(text) && headerValue(text, 'CSeq') === '2 INVITE';
  const end = await alice.expect('end of ringing', isEnd);
  assert.match(firstLine(end), /^SIP\/2\.0 486/);
  alice.acknowledge(uri, end);

  // In the name of the phone: 401 is all that comes of it, and it does not come for each.
  const challenge = await alice.ask({ method: 'REGISTER', uri: `sip:${serverAddress}` });
  alice.isNoise = (text) => headerValue(text, 'Call-ID').startsWith('flood-');
  const flood =
    `REGISTER sip:${serverAddress} SIP/2.0\r\nVia: SIP/2.0/UDP ${alice.address}:5060;branch=z9hG4bKf{n};rport\r\nMax-Forwards: 70\r\n` +
    `From: <sip:alice@${serverAddress}>;tag=f{n}\r\nTo: <sip:alice@${serverAddress}>\r\nCall-ID: flood-{n}\r\nCSeq: 1 REGISTER\r\n` +
    `Contact: *\r\nExpires: 0\r\nContent-Length: 0\r\n\r\n`;
  const flooding = forger.send({ from: phones.alice, to, text: flood, times: floodOf, rate: floodPerSecond });
  for (let count = 1; count <= 5; count++) {
    await wait(150);
    const credentials = answerChallenge(
      challenge,
      'REGISTER',
      `sip:${serverAddress}`,
      { user: 'alice', password },
      count,
    );
    const contact = `Contact: <sip:alice@${alice.address}:5060>\r\nExpires: 600\r\n`;
    const own = { method: 'REGISTER', uri: `sip:${serverAddress}`, to: `<sip:alice@${serverAddress}>` };
    const again = await alice.ask({ ...own, headers: contact + credentials });
    assert.match(firstLine(again), /^SIP\/2\.0 200/, 'the phone proves itself in the flood');
    await pair.assertUp(call);
  }
  await flooding;
  assert.ok(alice.noise < floodOf / 4, `${alice.noise} challenges for ${floodOf} forged requests`);
  const bans = (await view.bans()).filter(({ action }) => action === 'ban');
  assert.deepEqual(bans, [], 'nobody is banned for what he did not send');
  await pair.hangUp(call);
  await wait(1000);
  await pair.register();
  await pair.call();
}

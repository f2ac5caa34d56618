import assert from 'node:assert/strict';
import { setTimeout as wait } from 'node:timers/promises';
import { CleanPair } from '../../kit/clean-pair.ts';
import type { Environment } from '../../kit/environment.ts';
import { Forger } from '../../kit/forger.ts';
import { password, techPrefix } from '../../kit/office.ts';
import { OperatorView } from '../../kit/operator-view.ts';
import { headerValue } from '../../kit/sip-log.ts';
import { firstLine, RoguePeer, sdp } from '../../hostile/rogue-peer.ts';

export const title =
  'INVITEs that name a carrier or a traffic sender as their sender leave with no call without the prefix, ring a bounded number of times, and the true ones call on';

/** [own.maxcpsperip] */
const maxCallsPerSecond = 50;
const floodOf = 600;
const floodPerSecond = 300;

export async function run(env: Environment): Promise<void> {
  const { serverAddress } = env;
  const forger = await Forger.start();
  env.atEnd(() => forger.close());
  const view = await OperatorView.start(env);
  const pair = await CleanPair.start(env);
  const authip = [env.address('sender')];
  await view.server.import({
    users: [{ name: 'bulk', type: 'trafficsender', needauth: '3', authip, techprefix: techPrefix }],
  });
  const carrier = await RoguePeer.bind('carrier', env.address('carrier'), serverAddress);
  const sender = await RoguePeer.bind('sender', env.address('sender'), serverAddress);
  carrier.isPatient = true;
  sender.isPatient = true;
  for (const peer of [carrier, sender])
    peer.isNoise = (text) => text.startsWith('SIP/') && headerValue(text, 'Call-ID').startsWith('forged');
  env.atEnd(() => carrier.close());
  env.atEnd(() => sender.close());
  const to = { address: serverAddress, port: 5060 };
  const invite = (address: string, number: string): string =>
    [
      `INVITE sip:${number}@${serverAddress} SIP/2.0`,
      `Via: SIP/2.0/UDP ${address}:5060;branch=z9hG4bKf${number}x{n};rport`,
      'Max-Forwards: 70',
      `From: <sip:4930111@${address}>;tag=f{n}`,
      `To: <sip:${number}@${serverAddress}>`,
      `Call-ID: forged{n}@${address}`,
      'CSeq: 1 INVITE',
      `Contact: <sip:x@${address}>`,
      'Content-Length: 0\r\n\r\n',
    ].join('\r\n');

  // In the name of the sender: its prefix is a secret, and the sender itself calls on meanwhile.
  const { address } = sender;
  const flooding = forger.send({
    from: { address, port: 5060 },
    to,
    text: invite(address, '0043999'),
    times: floodOf,
    rate: floodPerSecond,
  });
  await wait(100);
  await throughCarrier(sender, carrier, '0043123456', `sip:${techPrefix}0043123456@${serverAddress}`);
  await flooding;
  const ranThrough = carrier.received.filter((text) => text.startsWith('INVITE') && text.includes('0043999'));
  assert.deepEqual(ranThrough, [], 'nothing leaves without the prefix');

  // In the name of the carrier: so many a second ring, and phones call out over it meanwhile.
  const flood = { from: { address: carrier.address, port: 5060 }, to, text: invite(carrier.address, '4312345') };
  const beganMs = performance.now();
  await forger.send({ ...flood, times: floodOf, rate: floodPerSecond });
  const most = maxCallsPerSecond * Math.ceil(1 + (performance.now() - beganMs) / 1000);
  await wait(300);
  const rung = pair.bob.received.filter((text) => text.startsWith('INVITE'));
  const calls = new Set(rung.map((text) => headerValue(text, 'Call-ID')));
  assert.ok(calls.size >= 1 && calls.size <= most, `${calls.size} forged calls ring, ${most} may`);
  await throughCarrier(pair.alice, carrier, '0043123457', `sip:0043123457@${serverAddress}`, {
    user: 'alice',
    password,
  });
  // What rings is declined, and then the true carrier is served again.
  for (const text of rung) pair.bob.respond(text, 486);
  await wait(500);
  pair.bob.received.length = 0;
  const uri = `sip:4312345@${serverAddress}`;
  const headers = `Contact: <sip:x@${carrier.address}>\r\nContent-Type: application/sdp\r\n`;
  const asked = carrier.ask({ method: 'INVITE', uri, headers, body: sdp(carrier.address, 32_000) });
  const isNew = (text: string): boolean => text.startsWith('INVITE') && !calls.has(headerValue(text, 'Call-ID'));
  pair.bob.respond(await pair.bob.expect('INVITE', isNew), 486);
  assert.match(firstLine(await asked), /^SIP\/2\.0 486/, 'the true carrier reaches bob');
  await view.assertNotStopped(carrier.address);
  await view.assertNotStopped(sender.address);
}

/** A call from `caller` that the carrier answers, and that the caller ends. */
async function throughCarrier(
  caller: RoguePeer,
  carrier: RoguePeer,
  number: string,
  uri: string,
  login?: { readonly user: string; readonly password: string },
): Promise<void> {
  const headers = `Contact: <sip:x@${caller.address}>\r\nContent-Type: application/sdp\r\n`;
  const call = { callId: `true${uri.length}${caller.name}`, fromTag: 'true' };
  const parts = { method: 'INVITE', uri, ...call, headers, body: sdp(caller.address, 32_000) };
  const answered = caller.ask({ ...parts, user: login?.user ?? '4930111' }, login);
  const arrived = await carrier.expect('INVITE', (text) => text.startsWith(`INVITE sip:${number}@`));
  carrier.respond(arrived, 200, sdp(carrier.address, 33_000));
  const answer = await answered;
  assert.match(firstLine(answer), /^SIP\/2\.0 200/, `${caller.name} is served`);
  const dialog = {
    ...call,
    uri: /<(.*)>/.exec(headerValue(answer, 'Contact'))?.[1] ?? '',
    to: headerValue(answer, 'To'),
    user: login?.user ?? '4930111',
  };
  caller.send(caller.request({ method: 'ACK', cseq: login === undefined ? 1 : 2, ...dialog }));
  const ended = caller.ask({ method: 'BYE', cseq: 9, ...dialog });
  const isEnd = (text: string): boolean =>
    text.startsWith('BYE') && headerValue(text, 'Call-ID') === headerValue(arrived, 'Call-ID');
  carrier.respond(await carrier.expect('BYE', isEnd), 200);
  assert.match(firstLine(await ended), /^SIP\/2\.0 200/);
}

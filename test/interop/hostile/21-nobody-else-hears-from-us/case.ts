import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { Environment } from '../../kit/environment.ts';
import { office, password, techPrefix } from '../../kit/office.ts';
import { headerValue } from '../../kit/sip-log.ts';
import { firstLine, RoguePeer, sdp, token } from '../rogue-peer.ts';

export const title = 'no Via, Route, Record-Route, Path or Contact makes the server send to anybody but who sent it';

export async function run(env: Environment): Promise<void> {
  const server = await env.startServer(office(env));
  const { serverAddress } = env;
  const bind = async (name: string, address: string): Promise<RoguePeer> => {
    const peer = await RoguePeer.bind(name, address, serverAddress);
    env.atEnd(() => peer.close());
    return peer;
  };
  const victim = await bind('victim', env.address('bobsOther'));
  const stranger = await bind('stranger', env.address('stranger'));
  const bob = await bind('bob', env.address('bob'));
  const sender = await bind('sender', env.address('sender'));
  const prefixFile = join(env.folder, 'prefix');
  writeFileSync(prefixFile, techPrefix);
  const fields = ['--set', `authip=${sender.address}`, '--set', `techprefix=@${prefixFile}`];
  await server.command('user', 'add', 'sender', '--kind', 'trafficsender', ...fields);
  const at = victim.address;

  const pointers = ['Route', 'Record-Route', 'Path', 'Contact']
    .map((name) => `${name}: <sip:${at}:5060;lr>\r\n`)
    .join('');
  for (const via of [`UDP ${at}`, `UDP ${at};received=${at};rport=5060`, `UDP ${at};maddr=${at}`, `TCP ${at}:5060`]) {
    for (const method of ['OPTIONS', 'INVITE', 'REGISTER', 'MESSAGE', 'BYE']) {
      const branch = `SIP/2.0/${via};branch=z9hG4bK${token()}`;
      stranger.send(stranger.request({ method, uri: `sip:bob@${serverAddress}`, via: branch, headers: pointers }));
    }
  }
  await bob.register({ user: 'bob', password });

  const call = { callId: token(), fromTag: token() };
  const uri = `sip:${techPrefix}4312345@${serverAddress}`;
  const headers = `${pointers}Content-Type: application/sdp\r\n`;
  sender.send(sender.request({ method: 'INVITE', uri, ...call, headers, body: sdp(sender.address, 30_000) }));
  const invite = await bob.expect('INVITE', (text) => text.startsWith('INVITE'));
  bob.respond(invite, 200, sdp(bob.address, 31_000));
  const answer = await sender.expect('200', (text) => text.startsWith('SIP/2.0 200'));
  const target = /<(.*)>/.exec(headerValue(answer, 'Contact'))?.[1] ?? '';
  sender.send(sender.request({ method: 'ACK', uri: target, to: headerValue(answer, 'To'), ...call }));
  await wait(300);
  bob.send(byeOf(bob, invite));
  // Long enough for the first repetitions of a request that nobody answers.
  await wait(2000);
  assert.deepEqual(victim.received.map(firstLine), []);
}

function byeOf(callee: RoguePeer, invite: string): string {
  const contact = /<(.*)>/.exec(headerValue(invite, 'Contact'))?.[1] ?? '';
  return (
    `BYE ${contact} SIP/2.0\r\nVia: SIP/2.0/UDP ${callee.address};rport;branch=z9hG4bK${token()}\r\n` +
    `From: ${headerValue(invite, 'To')};tag=rogue\r\nTo: ${headerValue(invite, 'From')}\r\n` +
    `Call-ID: ${headerValue(invite, 'Call-ID')}\r\nCSeq: 1 BYE\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n`
  );
}

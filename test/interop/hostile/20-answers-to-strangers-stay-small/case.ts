import assert from 'node:assert/strict';
import { setTimeout as wait } from 'node:timers/promises';
import type { Environment } from '../../kit/environment.ts';
import { office } from '../../kit/office.ts';
import { firstLine, RoguePeer } from '../rogue-peer.ts';

export const title = 'no request of a stranger is answered with more than three times its octets, however short it is';

const methods = ['INVITE', 'REGISTER', 'OPTIONS', 'MESSAGE', 'SUBSCRIBE', 'PUBLISH', 'REFER', 'BYE', 'CANCEL', 'INFO'];
const oddHeaders = ['', 'Require:a\r\n', 'e:gzip\r\n', 'Max-Forwards:0\r\n', 'x\r\n', 'l:99\r\n'];
const uris = ['sip:a', 'tel:1', 'http:a'];

export async function run(env: Environment): Promise<void> {
  await env.startServer(office(env), { useshadigestauth: '1' });
  const stranger = await RoguePeer.bind('stranger', env.address('stranger'), env.serverAddress);
  env.atEnd(() => stranger.close());
  for (const method of [...methods, 'FOO', 'ACK']) {
    for (const uri of uris) {
      for (const odd of oddHeaders) {
        const asked = `${method} ${uri} SIP/2.0\r\nv:SIP/2.0/UDP a\r\nf:sip:a\r\nt:sip:a\r\ni:a\r\nCSeq:1 ${method}\r\n${odd}\r\n`;
        stranger.send(asked);
        await wait(8);
        const answers = stranger.received.splice(0);
        const octets = answers.reduce((sum, text) => sum + text.length, 0);
        const what = `${asked.length} octets, answered with ${octets}: ${firstLine(asked)} -> ${answers.map(firstLine)}`;
        assert.ok(octets <= 3 * asked.length, what);
      }
    }
  }
  // An honest question, with the headers that every phone sends, is answered.
  const answer = await stranger.ask({ method: 'OPTIONS', uri: `sip:${env.serverAddress}` });
  assert.equal(firstLine(answer), 'SIP/2.0 200 OK');
}

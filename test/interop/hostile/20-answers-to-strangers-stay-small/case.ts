import assert from 'node:assert/strict';
import { setTimeout as wait } from 'node:timers/promises';
import type { Environment } from '../../kit/environment.ts';
import { office } from '../../kit/office.ts';
import { headerValue } from '../../kit/sip-log.ts';
import { firstLine, RoguePeer } from '../rogue-peer.ts';

export const title = 'no request of a stranger is answered with more than three times its octets, however short it is';

const methods = ['INVITE', 'REGISTER', 'OPTIONS', 'MESSAGE', 'SUBSCRIBE', 'PUBLISH', 'REFER', 'BYE', 'CANCEL', 'INFO'];
const oddHeaders = ['', 'Require:a\r\n', 'e:gzip\r\n', 'Max-Forwards:0\r\n', 'x\r\n', 'l:99\r\n'];
const uris = ['sip:a', 'tel:1', 'http:a'];

export async function run(env: Environment): Promise<void> {
  await env.startServer(office(env), { useshadigestauth: '1' });
  const stranger = await RoguePeer.bind('stranger', env.address('stranger'), env.serverAddress);
  env.atEnd(() => stranger.close());
  const asked = new Map<string, string>();
  for (const method of [...methods, 'FOO', 'ACK']) {
    for (const uri of uris) {
      for (const odd of oddHeaders) {
        const callId = asked.size.toString(36);
        const request = `${method} ${uri} SIP/2.0\r\nv:SIP/2.0/UDP a\r\nf:sip:a\r\nt:sip:a\r\ni:${callId}\r\nCSeq:1 ${method}\r\n${odd}\r\n`;
        asked.set(callId, request);
        stranger.send(request);
        if (asked.size % 20 === 0) await wait(20);
      }
    }
  }
  await wait(1000);
  const octets = new Map<string, number>();
  for (const answer of stranger.received.splice(0)) {
    const callId = headerValue(answer, 'Call-ID');
    const request = asked.get(callId) ?? '';
    const sum = (octets.get(callId) ?? 0) + answer.length;
    octets.set(callId, sum);
    const what = `${request.length} octets, answered with ${sum}: ${firstLine(request)} -> ${firstLine(answer)}`;
    assert.ok(sum <= 3 * request.length, what);
  }
  // Questions with the headers that every phone sends are answered.
  const answer = await stranger.ask({ method: 'OPTIONS', uri: `sip:${env.serverAddress}` });
  assert.equal(firstLine(answer), 'SIP/2.0 200 OK');
  const challenge = await stranger.ask({ method: 'REGISTER', uri: `sip:${env.serverAddress}` });
  assert.equal(firstLine(challenge), 'SIP/2.0 401 Unauthorized');
}

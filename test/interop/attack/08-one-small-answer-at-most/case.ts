import assert from 'node:assert/strict';
import { setTimeout as wait } from 'node:timers/promises';
import type { Environment } from '../../kit/environment.ts';
import { OperatorView } from '../../kit/operator-view.ts';
import { headerValue } from '../../kit/sip-log.ts';
import { firstLine, RoguePeer } from '../../hostile/rogue-peer.ts';

export const title =
  'whatever a stranger sends over UDP is answered once, with at most three times its octets, and never again when nobody reacts';

const methods =
  'INVITE REGISTER OPTIONS MESSAGE SUBSCRIBE PUBLISH REFER NOTIFY BYE CANCEL INFO UPDATE PRACK ACK FOO'.split(' ');
const senseless = [
  '',
  '\r\n\r\n',
  '\0\0\0\0',
  'x'.repeat(500),
  'SIP/2.0 200 OK\r\n\r\n',
  'INVITE sip:a SIP/2.0\r\n\r\n',
];
/** Longer than an answer that would be repeated waits: 500 ms, 1 s, 2 s (RFC 3261 §17.2.1). */
const repeatMs = 4000;

export async function run(env: Environment): Promise<void> {
  const { serverAddress } = env;
  await OperatorView.start(env, { useshadigestauth: '1' });
  const network = serverAddress.slice(0, serverAddress.lastIndexOf('.'));
  const asked = new Map<string, string>();
  const strangers: RoguePeer[] = [];
  for (const [at, kind] of ['bare', 'credentials', 'dialog', 'existing'].entries()) {
    const peer = await RoguePeer.bind('x', `${network}.${100 + at}`, serverAddress);
    env.atEnd(() => peer.close());
    strangers.push(peer);
    const user = kind === 'existing' ? 'alice' : 'nobody';
    const digest = `Digest username="${user}", realm="${serverAddress}", nonce="abc", uri="sip:a", response="0123456789abcdef0123456789abcdef"`;
    const credentials = kind === 'credentials' ? `Authorization: ${digest}\r\nProxy-Authorization: ${digest}\r\n` : '';
    for (const method of methods) {
      const uri = method === 'REGISTER' ? `sip:${serverAddress}` : `sip:${user}@${serverAddress}`;
      const callId = `${kind}-${method}`;
      const to = `<sip:${user}@${serverAddress}>${kind === 'dialog' ? ';tag=guess' : ''}`;
      const headers = `Contact: <sip:x@${peer.address}>\r\n${credentials}`;
      const request = peer.request({ method, uri, callId, to, user, headers });
      asked.set(callId, request);
      peer.send(request);
    }
  }
  const odd = await RoguePeer.bind('odd', `${network}.110`, serverAddress);
  env.atEnd(() => odd.close());
  for (const octets of senseless) odd.send(octets);
  await wait(repeatMs);
  const answers = new Map<string, string[]>();
  for (const answer of strangers.flatMap(({ received }) => received)) {
    const callId = headerValue(answer, 'Call-ID');
    answers.set(callId, [...(answers.get(callId) ?? []), answer]);
  }
  for (const [callId, request] of asked) {
    const got = answers.get(callId) ?? [];
    const what = `${callId}: ${request.length} octets, ${got.map((text) => `${firstLine(text)} (${text.length})`).join(', ')}`;
    assert.equal(got.length, callId.endsWith('-ACK') ? 0 : 1, what);
    assert.ok(
      got.every((text) => text.length <= 3 * request.length),
      what,
    );
  }
  const octets = odd.received.reduce((sum, text) => sum + text.length, 0);
  assert.ok(octets <= 3 * senseless.reduce((sum, text) => sum + text.length, 0), `${octets} octets for nonsense`);
  // An account is answered as a name that nobody has, but for that name and what is new each time.
  for (const method of methods) {
    const plain = (kind: string): string =>
      (answers.get(`${kind}-${method}`) ?? [])
        .map((text) => text.replaceAll(/nobody|alice/g, 'USER').replaceAll(/nonce="[^"]*"|tag=\w+|branch=\w+/g, ''))
        .map((text) => text.replaceAll(/bare|existing|127\.[\d.]+/g, ''))
        .join();
    assert.equal(plain('existing'), plain('bare'), `${method} tells who exists`);
  }
}

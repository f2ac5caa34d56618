import assert from 'node:assert/strict';
import type { Environment } from '../../kit/environment.ts';
import { dial, office } from '../../kit/office.ts';
import { bodyOf } from '../../kit/sip-log.ts';

export const title = 'an INVITE without SDP gets the offer of the callee in its 200, and the answer in the ACK goes on';

export async function run(env: Environment): Promise<void> {
  const server = await env.startServer(office(env));
  const carrier = await env.sipp('makes-the-offer.xml', 'carrier').ready();
  const alice = dial(env, '19123', {}, 'offers-nothing.xml');
  await alice.passed();
  await carrier.passed();
  assert.equal(bodyOf(carrier.onlyReceived('INVITE')).trim(), '');
  assert.match(bodyOf(alice.received('200')[0] ?? ''), /^m=audio 2\d{4} /m);
  assert.match(bodyOf(carrier.onlyReceived('ACK')), /^m=audio 2\d{4} /m);
  assert.equal((await server.onlyCdr()).cause, 'answered');
}

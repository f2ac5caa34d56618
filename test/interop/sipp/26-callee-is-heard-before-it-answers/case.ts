import assert from 'node:assert/strict';
import type { Environment } from '../../kit/environment.ts';
import { dial, office } from '../../kit/office.ts';
import { bodyOf } from '../../kit/sip-log.ts';

export const title =
  'announcements of a carrier reach the caller before the answer, through our relay [media.earlystart, media.blockearlymedia]';

export async function run(env: Environment): Promise<void> {
  const server = await env.startServer(office(env));
  const carrier = await env.sipp('announces.xml', 'carrier').ready();
  const alice = dial(env, '19123', {}, 'hears-progress.xml');
  await alice.passed();
  await carrier.passed();
  const early = bodyOf(alice.onlyReceived('183'));
  assert.ok(early.includes(`c=IN IP4 ${env.serverAddress}`), early);
  assert.match(early, /^m=audio 2\d{4} /m);
  assert.ok(!early.includes(env.address('carrier')), 'the carrier stays hidden');
  assert.equal((await server.onlyCdr()).cause, 'answered');
}

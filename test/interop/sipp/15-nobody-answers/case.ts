import assert from 'node:assert/strict';
import type { Environment } from '../../kit/environment.ts';
import { dialRefused, office, register } from '../../kit/office.ts';

export const title =
  'a callee who never answers is cancelled at the ring timeout, and the caller is told [session.ring-timeout]';

export async function run(env: Environment): Promise<void> {
  const server = await env.startServer(office(env), { ring_timeout: '2' });
  await register(env, 'bob');
  const bob = await env.sipp('ring-until-cancelled.xml', 'bob').ready();
  await dialRefused(env, 'bob', 480).passed();
  await bob.passed();
  const cdr = await server.onlyCdr();
  assert.deepEqual([cdr.cause, cdr.endedBy], ['no answer', 'system']);
}

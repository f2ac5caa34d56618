import assert from 'node:assert/strict';
import type { Environment } from '../../kit/environment.ts';
import { dial, office, register } from '../../kit/office.ts';

export const title = 'a caller who gives up while it rings gets 487, and the callee stops ringing';

export async function run(env: Environment): Promise<void> {
  const server = await env.startServer(office(env));
  await register(env, 'bob');
  const bob = await env.sipp('ring-until-cancelled.xml', 'bob').ready();
  await dial(env, 'bob', {}, 'give-up.xml').passed();
  await bob.passed();
  const cdr = await server.onlyCdr();
  assert.deepEqual([cdr.cause, cdr.endedBy, cdr.sipStatus, cdr.durationMs], ['cancelled', 'caller', 487, 0]);
}

import assert from 'node:assert/strict';
import type { Environment } from '../../kit/environment.ts';
import { dial, office, register } from '../../kit/office.ts';

export const title =
  'a caller who gives up before the callee said anything gets 487 at once; the CANCEL waits for the first sign of the callee (RFC 3261 §9.1)';

export async function run(env: Environment): Promise<void> {
  const server = await env.startServer(office(env));
  await register(env, 'bob');
  const bob = await env.sipp('slow-to-ring.xml', 'bob').ready();
  await dial(env, 'bob', {}, 'give-up-early.xml').passed();
  await bob.passed();
  const kinds = bob.messages().map(({ direction, kind }) => `${direction} ${kind}`);
  assert.ok(kinds.indexOf('sent 180') < kinds.indexOf('received CANCEL'), kinds.join(', '));
  assert.equal((await server.onlyCdr()).cause, 'cancelled');
}

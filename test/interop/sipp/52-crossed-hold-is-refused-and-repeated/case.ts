import assert from 'node:assert/strict';
import type { Environment } from '../../kit/environment.ts';
import { dial, office, register } from '../../kit/office.ts';

export const title =
  'a hold that meets 491 on the other leg is refused so to the caller, who may repeat it in the same call';

export async function run(env: Environment): Promise<void> {
  const server = await env.startServer(office(env));
  await register(env, 'bob');
  const bob = await env.sipp('refuses-the-first.xml', 'bob').ready();
  await dial(env, 'bob', {}, 'holds-again.xml').passed();
  await bob.passed();
  assert.equal((await server.onlyCdr()).cause, 'answered');
}

import assert from 'node:assert/strict';
import type { Environment } from '../../kit/environment.ts';
import { dial, office, register } from '../../kit/office.ts';

export const title = 'a hold by UPDATE reaches a callee that allows UPDATE as one, and its answer comes back';

export async function run(env: Environment): Promise<void> {
  const server = await env.startServer(office(env));
  await register(env, 'bob');
  const bob = await env.sipp('is-held-by-update.xml', 'bob').ready();
  await dial(env, 'bob', {}, 'holds-by-update.xml').passed();
  await bob.passed();
  assert.equal((await server.onlyCdr()).cause, 'answered');
}

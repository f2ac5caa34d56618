import assert from 'node:assert/strict';
import type { Environment } from '../../kit/environment.ts';
import { dial, office, register } from '../../kit/office.ts';

export const title = 'a caller holds the call and takes it up again; the callee sees both';

export async function run(env: Environment): Promise<void> {
  const server = await env.startServer(office(env));
  await register(env, 'bob');
  const bob = await env.sipp('is-held.xml', 'bob').ready();
  await dial(env, 'bob', {}, 'holds.xml').passed();
  await bob.passed();
  assert.equal((await server.onlyCdr()).cause, 'answered');
}

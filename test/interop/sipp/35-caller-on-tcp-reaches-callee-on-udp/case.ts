import assert from 'node:assert/strict';
import type { Environment } from '../../kit/environment.ts';
import { answer, dial, office, register } from '../../kit/office.ts';

export const title = 'a caller on TCP reaches a callee on UDP';

export async function run(env: Environment): Promise<void> {
  const server = await env.startServer(office(env));
  await register(env, 'bob');
  const bob = await answer(env, 'bob');
  await dial(env, 'bob', { transport: 'tcp' }).passed();
  await bob.passed();
  assert.match(bob.onlyReceived('INVITE'), /^Via: SIP\/2\.0\/UDP /m);
  const cdr = await server.onlyCdr();
  assert.deepEqual([cdr.cause, cdr.transport], ['answered', 'tcp']);
}

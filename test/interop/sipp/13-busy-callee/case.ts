import assert from 'node:assert/strict';
import type { Environment } from '../../kit/environment.ts';
import { dialRefused, office, refuse, register } from '../../kit/office.ts';

export const title = 'a busy callee answers 486, and so is told the caller';

export async function run(env: Environment): Promise<void> {
  const server = await env.startServer(office(env));
  await register(env, 'bob');
  const bob = await refuse(env, 'bob', 486);
  await dialRefused(env, 'bob', 486).passed();
  await bob.passed();
  const cdr = await server.onlyCdr();
  assert.deepEqual([cdr.cause, cdr.sipStatus, cdr.answeredAtMs], ['busy', 486, null]);
}

import assert from 'node:assert/strict';
import type { Environment } from '../../kit/environment.ts';
import { dial, office, register } from '../../kit/office.ts';

export const title = 'a callee who hangs up ends the call for the caller';

export async function run(env: Environment): Promise<void> {
  const server = await env.startServer(office(env));
  await register(env, 'bob');
  const bob = await env.sipp('answer-and-hang-up.xml', 'bob', { variables: { ringMs: 100, talkMs: 400 } }).ready();
  await dial(env, 'bob', {}, 'call-hung-up-on.xml').passed();
  await bob.passed();
  const cdr = await server.onlyCdr();
  assert.deepEqual([cdr.cause, cdr.endedBy], ['answered', 'callee']);
}

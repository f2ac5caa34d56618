import assert from 'node:assert/strict';
import type { Environment } from '../../kit/environment.ts';
import { answer, office, register } from '../../kit/office.ts';

export const title =
  'a call that comes in from a SIP server, known by its address, reaches the user who owns the number';

export async function run(env: Environment): Promise<void> {
  const server = await env.startServer(office(env));
  await register(env, 'bob');
  const bob = await answer(env, 'bob');
  const variables = { user: '4930111', number: '4312345', headers: '', talkMs: 200 };
  await env.sipp('direct-call.xml', 'carrier', { variables }).passed();
  await bob.passed();
  assert.match(bob.onlyReceived('INVITE'), /^From: .*<sip:4930111@/m);
  const cdr = await server.onlyCdr();
  assert.deepEqual([cdr.callerName, cdr.calleeName, cdr.dialledNumber], ['carrier', 'user:bob', '4312345']);
}

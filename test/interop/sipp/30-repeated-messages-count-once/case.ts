import assert from 'node:assert/strict';
import type { Environment } from '../../kit/environment.ts';
import { dial, office, register } from '../../kit/office.ts';

export const title = 'a repeated INVITE makes no second call, and each repeated 200 of the callee gets its ACK';

export async function run(env: Environment): Promise<void> {
  const server = await env.startServer(office(env));
  await register(env, 'bob');
  const bob = await env.sipp('repeats-its-answer.xml', 'bob', { more: ['-nr'] }).ready();
  await dial(env, 'bob', { more: ['-nr'] }, 'repeats-its-invite.xml').passed();
  await bob.passed();
  bob.onlyReceived('INVITE');
  assert.equal(bob.received('ACK').length, 3);
  assert.equal((await server.onlyCdr()).cause, 'answered');
}

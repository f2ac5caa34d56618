import assert from 'node:assert/strict';
import type { Environment } from '../../kit/environment.ts';
import { answer, dial, office, register } from '../../kit/office.ts';

export const title = 'a phone calls a phone, the caller hangs up, and one CDR tells so';

export async function run(env: Environment): Promise<void> {
  const server = await env.startServer(office(env));
  await register(env, 'bob');
  const bob = await answer(env, 'bob');
  await dial(env, 'bob').passed();
  await bob.passed();
  const cdr = await server.onlyCdr();
  assert.deepEqual([cdr.callerName, cdr.calleeName], ['alice', 'user:bob']);
  assert.deepEqual([cdr.cause, cdr.endedBy, cdr.sipStatus], ['answered', 'caller', 200]);
  assert.ok(cdr.durationMs >= 300 && cdr.durationMs < 3000, `${cdr.durationMs} ms`);
  assert.match(bob.onlyReceived('INVITE'), /^From: .*<sip:alice@/m);
}

import assert from 'node:assert/strict';
import type { Environment } from '../../kit/environment.ts';
import { answer, dial, office, register } from '../../kit/office.ts';
import { headerValue } from '../../kit/sip-log.ts';

export const title =
  'a call that reaches the longest connected time is ended on both sides, with a reason [session.call-timeout]';

export async function run(env: Environment): Promise<void> {
  const server = await env.startServer(office(env), { call_timeout: '2' });
  await register(env, 'bob');
  const bob = await answer(env, 'bob');
  const alice = await dial(env, 'bob', {}, 'call-hung-up-on.xml').passed();
  await bob.passed();
  const cdr = await server.onlyCdr();
  assert.deepEqual([cdr.cause, cdr.endedBy], ['call timeout', 'system']);
  assert.ok(cdr.durationMs >= 1900 && cdr.durationMs < 5000, `${cdr.durationMs} ms`);
  for (const peer of [alice, bob]) assert.match(headerValue(peer.onlyReceived('BYE'), 'Reason'), /^Q\.850;cause=\d+/);
}

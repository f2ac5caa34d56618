import assert from 'node:assert/strict';
import type { Environment } from '../../kit/environment.ts';
import { answer, dial, office, register } from '../../kit/office.ts';

export const title = 'a hundred calls that overlap all succeed, and leave one CDR each';

export async function run(env: Environment): Promise<void> {
  const server = await env.startServer(office(env, { alice: { maxlines: '0' } }), { maxcps: '0' });
  await register(env, 'bob');
  const bob = await answer(env, 'bob', { calls: 100 });
  await dial(env, 'bob', { calls: 100, rate: 25, variables: { talkMs: 1500 } }).passed();
  await bob.passed();
  const cdrs = await server.cdrs(100);
  assert.ok(cdrs.every(({ cause, sipStatus }) => cause === 'answered' && sipStatus === 200));
  assert.equal(new Set(cdrs.map(({ sipCallId }) => sipCallId)).size, 100);
}

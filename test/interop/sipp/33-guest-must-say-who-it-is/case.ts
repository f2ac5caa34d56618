import assert from 'node:assert/strict';
import type { Environment } from '../../kit/environment.ts';
import { answer, bystander, office, register } from '../../kit/office.ts';

export const title =
  'where guests are let in, one without a name gets 403, one with a name reaches users and never a carrier [protocol.allowanonymouscaller, auth.allow-guest]';

export async function run(env: Environment): Promise<void> {
  await env.startServer(office(env), { allownoauthcalls: '1', allow_guest: 'true' });
  await register(env, 'bob');
  const bob = await answer(env, 'bob');
  const carrier = await bystander(env, 'carrier');
  const call = async (scenario: string, user: string, number: string, status: number): Promise<void> => {
    const variables = { user, number, status, headers: '', talkMs: 200 };
    await env.sipp(scenario, 'stranger', { variables }).passed();
  };
  await call('direct-call-refused.xml', 'anonymous', 'bob', 403);
  await call('direct-call-refused.xml', 'visitor', '0043123456', 404);
  assert.deepEqual(bob.received('INVITE'), []);
  await call('direct-call.xml', 'visitor', 'bob', 200);
  await bob.passed();
  assert.deepEqual(carrier.received('INVITE'), []);
}

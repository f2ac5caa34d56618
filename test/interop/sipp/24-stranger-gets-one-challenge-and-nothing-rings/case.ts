import assert from 'node:assert/strict';
import type { Environment } from '../../kit/environment.ts';
import { setTimeout as wait } from 'node:timers/promises';
import { bystander, office, register } from '../../kit/office.ts';

export const title =
  'a stranger gets one 407 that is never repeated, nothing rings and nothing is recorded [auth.allow-guest, auth.allownoauthcalls, network.trustlanip]';

export async function run(env: Environment): Promise<void> {
  const server = await env.startServer(office(env));
  await register(env, 'bob');
  const bob = await bystander(env, 'bob');
  const carrier = await bystander(env, 'carrier');
  const numbers = ['bob', '4312345', '0043123456', '19123'];
  const strangers = numbers.map((number, at) => {
    const variables = { user: 'alice', number, headers: '' };
    return env.sipp('stranger.xml', 'stranger', { localPort: 5060 + 2 * at, variables });
  });
  for (const stranger of strangers) await stranger.passed();
  await wait(200);
  for (const stranger of strangers) assert.equal(stranger.received('407').length, 1);
  assert.deepEqual([...bob.received('INVITE'), ...carrier.received('INVITE')], []);
  assert.deepEqual(await server.cdrs(0), []);
}

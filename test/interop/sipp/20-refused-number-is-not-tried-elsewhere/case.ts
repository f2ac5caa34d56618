import assert from 'node:assert/strict';
import type { Environment } from '../../kit/environment.ts';
import { bystander, dialRefused, office, refuse } from '../../kit/office.ts';

export const title = 'a carrier that says 404 speaks for the callee: the next carrier is not tried';

export async function run(env: Environment): Promise<void> {
  const server = await env.startServer(office(env));
  const carrier = await refuse(env, 'carrier', 404);
  const reserve = await bystander(env, 'reserve');
  await dialRefused(env, '0043123456', 404).passed();
  await carrier.passed();
  assert.deepEqual(reserve.received('INVITE'), []);
  const { attempts, cause } = await server.onlyCdr();
  assert.deepEqual([cause, attempts.length], ['not found', 1]);
}

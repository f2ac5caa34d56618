import assert from 'node:assert/strict';
import type { Environment } from '../../kit/environment.ts';
import { bystander, dialRefused, office, refuse } from '../../kit/office.ts';

export const title =
  'when every carrier of the rule fails the caller is told, and a carrier that the rule does not list gets nothing [fraud.place-this-call-through]';

export async function run(env: Environment): Promise<void> {
  const server = await env.startServer(office(env));
  const carrier = await refuse(env, 'carrier', 503);
  const reserve = await refuse(env, 'reserve', 500);
  const third = await bystander(env, 'third');
  await dialRefused(env, '0043123456', 500).passed();
  await carrier.passed();
  await reserve.passed();
  assert.deepEqual(third.received('INVITE'), []);
  const { attempts, cause } = await server.onlyCdr();
  assert.equal(cause, 'failed');
  assert.deepEqual(
    attempts.map(({ target, status }) => [target, status]),
    [
      ['trunk:carrier', 503],
      ['trunk:reserve', 500],
    ],
  );
}

import assert from 'node:assert/strict';
import type { Environment } from '../../kit/environment.ts';
import { answer, bystander, dial, office, refuse } from '../../kit/office.ts';

export const title =
  'a carrier that answers 503 is followed by the next one of the rule, and both are in the CDR [fraud.place-this-call-through]';

export async function run(env: Environment): Promise<void> {
  const server = await env.startServer(office(env));
  const carrier = await refuse(env, 'carrier', 503);
  const reserve = await answer(env, 'reserve');
  const third = await bystander(env, 'third');
  await dial(env, '0043123456').passed();
  await carrier.passed();
  await reserve.passed();
  const { attempts, cause } = await server.onlyCdr();
  assert.equal(cause, 'answered');
  assert.deepEqual(
    attempts.map(({ target, status }) => [target, status]),
    [
      ['trunk:carrier', 503],
      ['trunk:reserve', 200],
    ],
  );
  assert.deepEqual(third.received('INVITE'), []);
}

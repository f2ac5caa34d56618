import assert from 'node:assert/strict';
import type { Environment } from '../../kit/environment.ts';
import { answer, dial, office } from '../../kit/office.ts';

export const title = 'a carrier that gives no sign of life is followed by the next one [session.call-init-timeout]';

export async function run(env: Environment): Promise<void> {
  const server = await env.startServer(office(env), { call_init_timeout: '2' });
  const carrier = await env.sipp('silent.xml', 'carrier').ready();
  const reserve = await answer(env, 'reserve');
  await dial(env, '0043123456').passed();
  await reserve.passed();
  assert.ok(carrier.received('INVITE').length >= 2, 'the INVITE is repeated on UDP');
  const { attempts, cause } = await server.onlyCdr();
  assert.equal(cause, 'answered');
  assert.deepEqual(
    attempts.map(({ target, status }) => [target, status]),
    [
      ['trunk:carrier', 408],
      ['trunk:reserve', 200],
    ],
  );
}

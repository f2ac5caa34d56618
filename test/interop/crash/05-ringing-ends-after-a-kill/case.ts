import assert from 'node:assert/strict';
import { setTimeout as wait } from 'node:timers/promises';
import type { Environment } from '../../kit/environment.ts';
import { dial, office, register } from '../../kit/office.ts';
import { until } from '../../kit/until.ts';

export const title =
  'a phone and a carrier that still ring when the server is killed are cancelled at its next start, and each call has one CDR';

/** Registrations are durable within a second. */
const durableMs = 1200;

export async function run(env: Environment): Promise<void> {
  const server = await env.startServer(office(env));
  await register(env, 'bob');
  await wait(durableMs);
  const bob = await env.sipp('ring-until-cancelled.xml', 'bob').ready();
  const carrier = await env.sipp('ring-until-cancelled.xml', 'carrier').ready();
  const alice = dial(env, 'bob', {});
  await until('bob rings', 5000, () => alice.received('180').length === 1);
  await alice.stop();
  const again = dial(env, '19123', {});
  await until('the carrier rings', 5000, () => again.received('180').length === 1);
  await again.stop();
  await server.kill();
  assert.deepEqual([bob.received('CANCEL').length, carrier.received('CANCEL').length], [0, 0]);
  await server.start();
  await bob.passed();
  await carrier.passed();
  const cdrs = await server.cdrs(2);
  assert.deepEqual(
    cdrs.map(({ cause, durationMs }) => [cause, durationMs]),
    [
      ['server restart', 0],
      ['server restart', 0],
    ],
  );
}

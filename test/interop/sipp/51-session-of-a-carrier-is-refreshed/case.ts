import assert from 'node:assert/strict';
import type { Environment } from '../../kit/environment.ts';
import { dial, office } from '../../kit/office.ts';

export const title =
  'a carrier that leaves the session timer to us is refreshed by UPDATE after half of it [session.session-timer-timeout]';

const timeoutS = 70;

export async function run(env: Environment): Promise<void> {
  const server = await env.startServer(office(env), { media_timeout: '0' });
  const carrier = await env.sipp('is-refreshed.xml', 'carrier', { timeoutS }).ready();
  await dial(env, '19123', { timeoutS, variables: { talkMs: 48_000 } }).passed();
  await carrier.passed();
  const cdr = await server.onlyCdr();
  assert.deepEqual([cdr.cause, cdr.endedBy], ['answered', 'caller']);
}

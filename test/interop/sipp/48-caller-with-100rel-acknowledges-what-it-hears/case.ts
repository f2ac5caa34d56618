import assert from 'node:assert/strict';
import type { Environment } from '../../kit/environment.ts';
import { dial, office } from '../../kit/office.ts';

export const title = 'a caller that supports 100rel gets the announcement reliably, whatever the carrier knows of it';

export async function run(env: Environment): Promise<void> {
  const server = await env.startServer(office(env));
  const carrier = await env.sipp('announces.xml', 'carrier').ready();
  const variables = { headers: 'Supported: 100rel' };
  const alice = dial(env, '19123', { variables }, 'acknowledges-progress.xml');
  await alice.passed();
  await carrier.passed();
  assert.match(alice.onlyReceived('183'), /^Require: 100rel/im);
  assert.equal((await server.onlyCdr()).cause, 'answered');
}

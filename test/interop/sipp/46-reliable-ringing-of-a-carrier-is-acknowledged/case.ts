import assert from 'node:assert/strict';
import type { Environment } from '../../kit/environment.ts';
import { dial, office } from '../../kit/office.ts';
import { bodyOf } from '../../kit/sip-log.ts';

export const title = 'a carrier that announces reliably gets its PRACK, and a caller that knows nothing of it hears it';

export async function run(env: Environment): Promise<void> {
  const server = await env.startServer(office(env));
  const carrier = await env.sipp('announces-reliably.xml', 'carrier').ready();
  const alice = dial(env, '19123', {}, 'hears-progress.xml');
  await alice.passed();
  await carrier.passed();
  assert.match(carrier.onlyReceived('PRACK'), /^RAck: 4711 \d+ INVITE/im);
  assert.match(bodyOf(alice.received('200')[0] ?? ''), /^m=audio 2\d{4} /m);
  assert.equal((await server.onlyCdr()).cause, 'answered');
}

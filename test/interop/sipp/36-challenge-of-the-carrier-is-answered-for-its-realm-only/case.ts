import assert from 'node:assert/strict';
import type { Environment } from '../../kit/environment.ts';
import { dial, dialRefused, office } from '../../kit/office.ts';

export const title =
  'a challenge of a carrier is answered for the realm that is pinned on it, never for another, and never reaches the caller';

const trunk = { realm: 'carrier.example', authuser: 'we', authpassword: 'Trunk-Secret-1' };

export async function run(env: Environment): Promise<void> {
  const server = await env.startServer(office(env, { carrier: trunk }));
  const carrier = await env.sipp('challenges.xml', 'carrier', { variables: { realm: 'carrier.example' } }).ready();
  await dial(env, '19123').passed();
  await carrier.passed();
  const impostor = await env
    .sipp('challenges-in-vain.xml', 'carrier', { variables: { realm: 'other.example' } })
    .ready();
  const alice = await dialRefused(env, '19123', 503).passed();
  await impostor.passed();
  assert.doesNotMatch(impostor.onlyReceived('INVITE'), /authorization/i);
  assert.ok(alice.messages().every(({ text }) => !text.includes('other.example')));
  assert.equal((await server.cdrs(2)).length, 2);
}

import assert from 'node:assert/strict';
import type { Environment } from '../../kit/environment.ts';
import { bystander, dialRefused, office } from '../../kit/office.ts';

export const title =
  'Session-Expires below Min-SE gets 422 with ours, and nobody rings [session.session-timer-timeout]';

export async function run(env: Environment): Promise<void> {
  await env.startServer(office(env));
  const carrier = await bystander(env, 'carrier');
  const variables = { headers: 'Supported: timer\nSession-Expires: 60' };
  const alice = dialRefused(env, '19123', 422, { variables });
  await alice.passed();
  assert.match(alice.onlyReceived('422'), /^Min-SE: 90/im);
  assert.equal(carrier.received('INVITE').length, 0);
}

import assert from 'node:assert/strict';
import type { Environment } from '../../kit/environment.ts';
import { dialRefused, office } from '../../kit/office.ts';

export const title = 'an unknown name or number gets 404, a user without a registered phone 480';

export async function run(env: Environment): Promise<void> {
  const server = await env.startServer(office(env));
  await dialRefused(env, 'nobody', 404).passed();
  await dialRefused(env, '77777', 404).passed();
  await dialRefused(env, 'carol', 480).passed();
  const cdrs = await server.cdrs(3);
  assert.deepEqual(
    cdrs.map(({ cause, sipStatus }) => [cause, sipStatus]),
    [
      ['unreachable', 480],
      ['not found', 404],
      ['not found', 404],
    ],
  );
}

import assert from 'node:assert/strict';
import type { Environment } from '../../kit/environment.ts';
import { dial, office, register } from '../../kit/office.ts';
import { bodyOf, headerValue } from '../../kit/sip-log.ts';

export const title = 'a key that the caller presses, sent by INFO, reaches the callee as it was sent [media.dtmf-mode]';

export async function run(env: Environment): Promise<void> {
  await env.startServer(office(env));
  await register(env, 'bob');
  const bob = await env.sipp('gets-info.xml', 'bob').ready();
  await dial(env, 'bob', {}, 'presses-key.xml').passed();
  await bob.passed();
  const info = bob.onlyReceived('INFO');
  assert.equal(headerValue(info, 'Content-Type'), 'application/dtmf-relay');
  assert.match(bodyOf(info), /^Signal=5\r\nDuration=160/);
}

import assert from 'node:assert/strict';
import type { Environment } from '../../kit/environment.ts';
import { dial, office, register } from '../../kit/office.ts';
import { bodyOf } from '../../kit/sip-log.ts';

export const title = 'a text reaches another user, once its sender has proven who it is';

export async function run(env: Environment): Promise<void> {
  await env.startServer(office(env));
  await register(env, 'bob');
  const bob = await env.sipp('reads.xml', 'bob').ready();
  await dial(env, 'bob', {}, 'writes.xml').passed();
  await bob.passed();
  const message = bob.onlyReceived('MESSAGE');
  assert.equal(bodyOf(message).trim(), 'see you at noon');
  assert.match(message, /^From: .*<sip:alice@/m);
}

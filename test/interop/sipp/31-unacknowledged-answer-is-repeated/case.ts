import assert from 'node:assert/strict';
import type { Environment } from '../../kit/environment.ts';
import { answer, dial, office, register } from '../../kit/office.ts';

export const title = 'a 200 whose ACK is lost is repeated until the ACK arrives (RFC 3261 §13.3.1.4)';

export async function run(env: Environment): Promise<void> {
  const server = await env.startServer(office(env));
  await register(env, 'bob');
  const bob = await answer(env, 'bob');
  // Without sipp's own handling of repeats, the scenario itself counts them: three, and none after the ACK.
  await dial(env, 'bob', { more: ['-nr'] }, 'acknowledges-late.xml').passed();
  await bob.passed();
  assert.equal((await server.onlyCdr()).cause, 'answered');
}

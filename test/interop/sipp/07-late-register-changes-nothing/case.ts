import assert from 'node:assert/strict';
import type { Environment } from '../../kit/environment.ts';
import { office, password } from '../../kit/office.ts';

export const title =
  'a REGISTER that arrives after a younger one of its Call-ID changes nothing (RFC 3261 §10.3 step 7)';

export async function run(env: Environment): Promise<void> {
  const server = await env.startServer(office(env));
  const variables = { user: 'alice', username: 'alice', password };
  await env.sipp('register-out-of-order.xml', 'alice', { authUri: env.serverAddress, variables }).passed();
  const { bindings } = await server.ask('bindings list', {});
  assert.equal(bindings.length, 1);
  assert.ok((bindings[0]?.expiresInS ?? 0) > 1000, 'the younger registration stands');
}

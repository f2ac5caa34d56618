import assert from 'node:assert/strict';
import type { Environment } from '../../kit/environment.ts';
import { office, password, register } from '../../kit/office.ts';
import { headerValues } from '../../kit/sip-log.ts';

export const title = 'Contact * with Expires 0 removes every binding of the user (RFC 3261 §10.2.2)';

export async function run(env: Environment): Promise<void> {
  const server = await env.startServer(office(env));
  await register(env, 'bob');
  await register(env, 'bobsOther');
  assert.equal((await server.ask('bindings list', {})).total, 2);
  const variables = { user: 'bob', username: 'bob', password };
  const phone = await env.sipp('unregister.xml', 'bob', { authUri: env.serverAddress, variables }).passed();
  assert.deepEqual(headerValues(phone.onlyReceived('200'), 'Contact'), []);
  assert.equal((await server.ask('bindings list', {})).total, 0);
}

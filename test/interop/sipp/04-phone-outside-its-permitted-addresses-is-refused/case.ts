import assert from 'node:assert/strict';
import type { Environment } from '../../kit/environment.ts';
import { office, password, register } from '../../kit/office.ts';

export const title =
  'the right password from an address that is not permitted gets 403 [auth.permit-ip, vector ZY-IP-1]';

export async function run(env: Environment): Promise<void> {
  const server = await env.startServer(office(env, { alice: { permitip: [env.address('alice')] } }));
  const variables = { user: 'alice', username: 'alice', password, headers: 'Expires: 600' };
  const options = { authUri: env.serverAddress, variables: { ...variables, status: 403 } };
  await env.sipp('register-refused.xml', 'bob', options).passed();
  assert.equal((await server.ask('bindings list', {})).total, 0);
  await register(env, 'alice');
  assert.equal((await server.ask('bindings list', {})).total, 1);
}

import assert from 'node:assert/strict';
import type { Environment } from '../../kit/environment.ts';
import { office, register } from '../../kit/office.ts';

export const title = 'a phone registers over UDP with its password, and the server knows where it is [auth.needauth]';

export async function run(env: Environment): Promise<void> {
  const server = await env.startServer(office(env));
  const phone = await register(env, 'alice');
  assert.match(phone.onlyReceived('401'), /WWW-Authenticate: Digest .*algorithm=MD5/i);
  const { bindings } = await server.ask('bindings list', {});
  assert.deepEqual(
    bindings.map(({ user, transport, sourceAddress, sourcePort }) => [user, transport, sourceAddress, sourcePort]),
    [['alice', 'udp', env.address('alice'), 5060]],
  );
}

import assert from 'node:assert/strict';
import type { Environment } from '../../kit/environment.ts';
import { office, password } from '../../kit/office.ts';
import { startLine } from '../../kit/sip-log.ts';

export const title =
  'a wrong password gets 403, and an unknown user the same answer: nobody learns which names exist [auth.uauthverifypwd]';

export async function run(env: Environment): Promise<void> {
  const server = await env.startServer(office(env));
  const attempt = async (user: string, secret: string): Promise<string> => {
    const variables = { user, username: user, password: secret, headers: 'Expires: 600', status: 403 };
    const phone = env.sipp('register-refused.xml', 'alice', { authUri: env.serverAddress, variables });
    await phone.passed();
    return shape(phone.onlyReceived('403'));
  };
  const wrongPassword = await attempt('alice', 'Violet-Harbor-72');
  const unknownUser = await attempt('nobody', password);
  assert.equal(wrongPassword, unknownUser);
  const { total } = await server.ask('bindings list', {});
  assert.equal(total, 0);
}

/** What an observer sees besides the values that differ in every message. */
function shape(message: string): string {
  const names = message
    .split('\r\n')
    .slice(1)
    .map((line) => line.split(':', 1)[0]);
  return [startLine(message), ...names].join('\n');
}

import assert from 'node:assert/strict';
import type { Environment } from '../../kit/environment.ts';
import { office, password, register } from '../../kit/office.ts';
import { headerValue } from '../../kit/sip-log.ts';

export const title =
  'too brief a registration gets 423, none gets the default, too long a one the longest [auth.max-registration-subscription-time-sec, auth.min-registration-subscription-time-sec, auth.default-incoming-outgoing-registration-time-sec, vector ZY-REG-3]';

/** What the phone asks for, and what it is granted. */
const granted = [
  { headers: 'Expires: 7200', granted: '3600' },
  { headers: '', granted: '60' },
  { headers: 'Expires: 60', granted: '60' },
  { headers: 'Expires: 3600', granted: '3600' },
];

export async function run(env: Environment): Promise<void> {
  await env.startServer(office(env));
  const variables = { user: 'alice', username: 'alice', password, headers: 'Expires: 30', status: 423 };
  const brief = env.sipp('register-refused.xml', 'alice', { authUri: env.serverAddress, variables });
  await brief.passed();
  assert.equal(headerValue(brief.onlyReceived('423'), 'Min-Expires'), '60');
  for (const row of granted) await register(env, 'alice', { variables: row });
}

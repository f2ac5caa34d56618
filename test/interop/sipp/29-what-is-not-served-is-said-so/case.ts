import assert from 'node:assert/strict';
import type { Environment } from '../../kit/environment.ts';
import { office } from '../../kit/office.ts';
import { headerValue } from '../../kit/sip-log.ts';

export const title = 'OPTIONS is answered with what we serve, an unknown method with 501, a transfer with 405';

const answers = [
  { method: 'OPTIONS', status: 200 },
  { method: 'BREW', status: 501 },
  { method: 'REFER', status: 405 },
];

export async function run(env: Environment): Promise<void> {
  const server = await env.startServer(office(env));
  for (const { method, status } of answers) {
    const variables = { user: 'alice', number: 'bob', method, status };
    const phone = await env.sipp('asks.xml', 'alice', { variables }).passed();
    const allow = headerValue(phone.onlyReceived(String(status)), 'Allow');
    assert.match(allow, /INVITE, .*BYE/);
    assert.doesNotMatch(allow, /REFER/);
  }
  assert.deepEqual(await server.cdrs(0), []);
}

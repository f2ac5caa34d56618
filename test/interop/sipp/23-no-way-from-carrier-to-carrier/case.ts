import assert from 'node:assert/strict';
import type { Environment } from '../../kit/environment.ts';
import { bystander, office } from '../../kit/office.ts';

export const title = 'a call from one SIP server never leaves over another, whatever the dial rules say';

export async function run(env: Environment): Promise<void> {
  const server = await env.startServer(office(env));
  const reserve = await bystander(env, 'reserve');
  const variables = { user: '4930111', headers: '', status: 404 };
  for (const number of ['0043123456', '19123']) {
    await env.sipp('direct-call-refused.xml', 'carrier', { variables: { ...variables, number } }).passed();
  }
  assert.deepEqual(reserve.received('INVITE'), []);
  assert.equal((await server.cdrs(2))[0]?.callerName, 'carrier');
}

import assert from 'node:assert/strict';
import type { Environment } from '../../kit/environment.ts';
import { answer, bystander, office, techPrefix } from '../../kit/office.ts';
import { startLine } from '../../kit/sip-log.ts';

export const title =
  'a traffic sender calls with its tech prefix, which leaves with no call; without it, or from elsewhere, it is challenged [auth.needauth, auth.techprefix]';

export async function run(env: Environment): Promise<void> {
  const documents = office(env) as { users: object[] };
  const sender = {
    name: 'bulk',
    type: 'trafficsender',
    needauth: '3',
    authip: [env.address('sender')],
    techprefix: techPrefix,
  };
  const server = await env.startServer({ ...documents, users: [...documents.users, sender] });
  const others = await bystander(env, 'reserve');
  const carrier = await answer(env, 'carrier');
  const variables = { user: '4930111', headers: '', talkMs: 200, status: 407 };
  const prefixed = { ...variables, number: `${techPrefix}0043123456` };
  await env.sipp('direct-call-refused.xml', 'sender', { variables: { ...variables, number: '0043123456' } }).passed();
  await env.sipp('direct-call-refused.xml', 'stranger', { variables: prefixed }).passed();
  assert.deepEqual(carrier.received('INVITE'), []);
  await env.sipp('direct-call.xml', 'sender', { variables: prefixed }).passed();
  await carrier.passed();
  const arrived = carrier.onlyReceived('INVITE');
  assert.match(startLine(arrived), /^INVITE sip:0043123456@/);
  assert.ok(!arrived.includes(techPrefix), 'the prefix is a secret');
  const cdr = await server.onlyCdr();
  assert.deepEqual([cdr.callerName, cdr.callerNumber, cdr.sentNumber], ['bulk', '4930111', '0043123456']);
  assert.deepEqual(others.received('INVITE'), []);
}

import assert from 'node:assert/strict';
import type { Environment } from '../../kit/environment.ts';
import { answer, dial, office, register } from '../../kit/office.ts';
import { headerValue } from '../../kit/sip-log.ts';

export const title =
  'every device of a user rings, the first answer wins, and the others are told that it was answered elsewhere';

export async function run(env: Environment): Promise<void> {
  const server = await env.startServer(office(env));
  await register(env, 'bob');
  await register(env, 'bobsOther');
  const loser = await env.sipp('ring-until-cancelled.xml', 'bob').ready();
  const winner = await answer(env, 'bobsOther', { variables: { ringMs: 500 } });
  await dial(env, 'bob').passed();
  await winner.passed();
  await loser.passed();
  const reason = headerValue(loser.onlyReceived('CANCEL'), 'Reason');
  assert.equal(reason, 'SIP;cause=200;text="Call completed elsewhere"');
  assert.equal((await server.onlyCdr()).cause, 'answered');
}

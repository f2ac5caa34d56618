import assert from 'node:assert/strict';
import type { Environment } from '../../kit/environment.ts';
import { answer, dial, office, register } from '../../kit/office.ts';

export const title = 'a 200 whose ACK is lost is repeated until the ACK arrives (RFC 3261 §13.3.1.4)';

export async function run(env: Environment): Promise<void> {
  const server = await env.startServer(office(env));
  await register(env, 'bob');
  const bob = await answer(env, 'bob');
  const alice = await dial(env, 'bob', { more: ['-nr'] }, 'acknowledges-late.xml').passed();
  await bob.passed();
  const { messages } = { messages: alice.messages() };
  const answers = messages.filter(({ text, direction }) => direction === 'received' && /^SIP\/2\.0 200/.test(text) && /CSeq: 2 INVITE/.test(text));
  assert.ok(answers.length >= 3 && answers.length <= 4, `${answers.length} answers within 2 s`);
  assert.equal((await server.onlyCdr()).cause, 'answered');
}

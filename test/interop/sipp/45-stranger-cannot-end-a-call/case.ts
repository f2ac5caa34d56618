import assert from 'node:assert/strict';
import type { Environment } from '../../kit/environment.ts';
import { answer, dial, office, register } from '../../kit/office.ts';
import { headerValue, type LoggedMessage } from '../../kit/sip-log.ts';
import { until } from '../../kit/until.ts';

export const title = 'a BYE or CANCEL with the right identifiers from a wrong address ends nothing';

export async function run(env: Environment): Promise<void> {
  const server = await env.startServer(office(env));
  await register(env, 'bob');
  const bob = await answer(env, 'bob');
  const alice = dial(env, 'bob', { variables: { talkMs: 2500 } });
  await until('the call is up', 20_000, async () => (await server.calls())[0]?.phase === 'connected');
  const isAnswer = ({ direction, kind, text }: LoggedMessage): boolean =>
    direction === 'received' && kind === '200' && headerValue(text, 'CSeq') === '2 INVITE';
  await until('sipp has written its log', 20_000, () => alice.messages().some(isAnswer));
  const overheard = alice.messages().find(isAnswer)?.text ?? '';
  const variables = {
    from: headerValue(overheard, 'From'),
    to: headerValue(overheard, 'To'),
    branch: /branch=([^;]*)/.exec(headerValue(overheard, 'Via'))?.[1] ?? '',
  };
  // An end user may have moved, so its BYE is challenged; a CANCEL fits no transaction of that source.
  const more = ['-cid_str', headerValue(overheard, 'Call-ID')];
  await env.sipp('forged-bye.xml', 'stranger', { more, variables: { ...variables, status: 407 } }).passed();
  await env.sipp('forged-cancel.xml', 'stranger', { more, variables: { ...variables, status: 481 } }).passed();
  assert.equal((await server.calls())[0]?.phase, 'connected');
  await alice.passed();
  await bob.passed();
  assert.ok((await server.onlyCdr()).durationMs >= 2400);
}

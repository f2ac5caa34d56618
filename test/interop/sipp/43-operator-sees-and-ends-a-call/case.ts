import assert from 'node:assert/strict';
import type { Environment } from '../../kit/environment.ts';
import { answer, dial, office, register } from '../../kit/office.ts';
import { until } from '../../kit/until.ts';

export const title = 'an operator sees the call, ends it, and reads its record with the command line';

interface Listed {
  readonly calls: readonly { readonly callId: string; readonly phase: string; readonly callerName: string }[];
}

export async function run(env: Environment): Promise<void> {
  const server = await env.startServer(office(env));
  await register(env, 'bob');
  const bob = await answer(env, 'bob');
  const alice = dial(env, 'bob', {}, 'call-hung-up-on.xml');
  await until('the call is up', 20_000, async () => (await server.calls())[0]?.phase === 'connected');
  const { calls } = JSON.parse(await server.command('calls', '--json')) as Listed;
  assert.deepEqual(
    calls.map(({ callerName, phase }) => [callerName, phase]),
    [['alice', 'connected']],
  );
  await server.command('end', calls[0]?.callId ?? '');
  await alice.passed();
  await bob.passed();
  const cdr = await server.onlyCdr();
  assert.equal(cdr.endedBy, 'system');
  const listed = JSON.parse(await server.command('cdr', '--json')) as { readonly cdrs: readonly unknown[] };
  assert.deepEqual(listed.cdrs, [cdr]);
}

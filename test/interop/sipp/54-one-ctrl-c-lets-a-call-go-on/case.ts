import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import type { Environment } from '../../kit/environment.ts';
import { answer, dial, office, register } from '../../kit/office.ts';
import { until } from '../../kit/until.ts';

export const title =
  'a Ctrl-C that arrives from the terminal and from npm lets a call go on, and a second one ends it with BYE';

export async function run(env: Environment): Promise<void> {
  const server = await env.startServer(office(env));
  await register(env, 'bob');
  const bob = await answer(env, 'bob');
  const alice = dial(env, 'bob', {}, 'call-hung-up-on.xml');
  await until('the call is up', 20_000, async () => (await server.calls())[0]?.phase === 'connected');
  server.signal('SIGINT');
  await delay(50);
  server.signal('SIGINT');
  // Two signals count as two from a second on: there is no condition to wait for, but the call that goes on.
  await delay(1500);
  assert.equal((await server.calls())[0]?.phase, 'connected');
  server.signal('SIGINT');
  await alice.passed();
  await bob.passed();
  assert.equal(await server.stop(), 0);
  await server.start();
  assert.equal((await server.onlyCdr()).cause, 'server stopped');
}

import assert from 'node:assert/strict';
import type { Environment } from '../../kit/environment.ts';
import { office, register } from '../../kit/office.ts';
import { until } from '../../kit/until.ts';

export const title = 'a phone registers over TCP, and is forgotten with its connection';

export async function run(env: Environment): Promise<void> {
  const server = await env.startServer(office(env));
  const phone = register(env, 'alice', { transport: 'tcp', variables: { holdMs: 1200 } });
  const transports = async (): Promise<readonly string[]> => {
    return (await server.ask('bindings list', {})).bindings.map(({ transport }) => transport);
  };
  await until('the phone is registered over TCP', 20_000, async () => (await transports())[0] === 'tcp');
  await phone;
  await until('the binding is gone', 20_000, async () => (await transports()).length === 0);
  assert.deepEqual(await server.cdrs(0), []);
}

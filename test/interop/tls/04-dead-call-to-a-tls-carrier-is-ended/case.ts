import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemRandom } from '../../../../src/base/random/random.ts';
import { makeSelfSigned } from '../../../../src/tls/self-signed.ts';
import type { Environment } from '../../kit/environment.ts';
import { dial, office } from '../../kit/office.ts';
import { StreamCarrier } from '../../kit/stream-carrier.ts';
import { until } from '../../kit/until.ts';

export const title =
  'a server that died in mid-call opens TLS to the carrier anew, checks its certificate again, and ends the call on both sides';

export async function run(env: Environment): Promise<void> {
  const address = env.address('carrier');
  const material = makeSelfSigned([address], systemRandom(), Date.now());
  const data = join(env.folder, 'server', 'data');
  mkdirSync(data, { recursive: true });
  writeFileSync(join(data, 'root.pem'), material.cert);
  const carrier = await StreamCarrier.start({ address, port: 5061, tls: material });
  env.atEnd(() => carrier.stop());
  const trunk = { carrier: { port: '5061', transport: 'tls', tlstrust: 'root' } };
  const server = await env.startServer(office(env, trunk));
  const alice = dial(env, '00441234567', { timeoutS: 60 }, 'call-hung-up-on.xml');
  await until('the call is up', 15_000, async () => (await server.calls()).some(({ phase }) => phase === 'connected'));
  await until('the carrier has its ACK', 5000, () => carrier.heard.includes('ACK'));
  assert.deepEqual([carrier.connections, carrier.heard.includes('BYE')], [1, false]);
  await server.kill();
  await server.start();
  await until('the carrier has its BYE', 15_000, () => carrier.heard.includes('BYE'));
  assert.equal(carrier.connections, 2);
  await alice.passed();
  const { cause, endedBy } = await server.onlyCdr();
  assert.deepEqual([cause, endedBy], ['server restart', 'system']);
}

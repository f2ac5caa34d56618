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
  'a carrier whose TLS connection was lost during a call gets the BYE over a new one, and the call has a clean end';

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
  await until('the carrier has its ACK', 15_000, () => carrier.heard.includes('ACK'));
  await carrier.loseConnections();
  const [call] = await server.calls();
  assert.deepEqual([call?.phase, carrier.connections], ['connected', 1]);
  await server.ask('end', { callId: call?.callId ?? '' });
  await alice.passed();
  const { cause, attempts } = await server.onlyCdr();
  assert.deepEqual([cause, attempts.length], ['ended by operator', 1]);
  assert.deepEqual([carrier.heard, carrier.connections], [['INVITE', 'ACK', 'BYE'], 2]);
}

import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Environment } from '../../kit/environment.ts';
import { password } from '../../kit/office.ts';
import { ServerProcess } from '../../kit/server-process.ts';
import { until } from '../../kit/until.ts';

export const title =
  'we register with a carrier over TLS with its certificate checked, not at all where that is not its own, and take it back when we move or stop [tls.sip-trunk-over-tls]';

export async function run(env: Environment): Promise<void> {
  // The carrier is another server of ours: a registrar that knows us as `office`.
  const carrier = await startCarrier(env, 'carrier', '24010');
  const other = await startCarrier(env, 'reserve', '24110');
  const data = join(env.folder, 'server', 'data');
  mkdirSync(data, { recursive: true });
  copyFileSync(join(carrier.dataFolder, 'selfsigned-cert.pem'), join(data, 'root.pem'));
  const trunk = {
    ...{ host: carrier.address, port: '5061', transport: 'tls', tlstrust: 'root' },
    ...{ register: '600', realm: 'carrier.test', authuser: 'office', authpassword: password },
  };
  const server = await env.startServer({ sipservers: [{ name: 'carrier', ...trunk }] });
  const registration = async (): Promise<string> => {
    const { registrations } = await server.ask('status', {});
    return registrations.map(({ name, state, lastStatus }) => `${name} ${state} ${lastStatus}`).join();
  };
  await until('the carrier knows us', 10_000, async () => (await registration()) === 'carrier registered 200');
  const bindingsAt = async (place: ServerProcess): Promise<number> => (await place.ask('status', {})).bindings ?? 0;
  assert.equal(await bindingsAt(carrier), 1);
  // At the other place somebody shows a certificate that our root did not sign: it gets no word of ours.
  await server.import({ sipservers: [{ name: 'carrier', ...trunk, host: other.address }] });
  await until('the registration has failed', 10_000, async () => (await registration()) === 'carrier failed 0');
  assert.deepEqual([await bindingsAt(carrier), await bindingsAt(other)], [0, 0]);
  await server.import({ sipservers: [{ name: 'carrier', ...trunk }] });
  await until('the carrier knows us again', 10_000, async () => (await registration()) === 'carrier registered 200');
  assert.equal(await server.stop(), 0);
  assert.equal(await bindingsAt(carrier), 0);
}

async function startCarrier(
  env: Environment,
  host: 'carrier' | 'reserve',
  firstMediaPort: string,
): Promise<ServerProcess> {
  const address = env.address(host);
  const carrier = new ServerProcess(join(env.folder, host), address, {
    ...{ listen: address, realm: 'carrier.test', metrics_port: '0' },
    ...{ usetls: 'true', start_rtp_port: firstMediaPort, end_rtp_port: String(Number(firstMediaPort) + 90) },
  });
  env.atEnd(() => carrier.kill());
  await carrier.start();
  await carrier.import({ users: [{ name: 'office', password }] });
  return carrier;
}

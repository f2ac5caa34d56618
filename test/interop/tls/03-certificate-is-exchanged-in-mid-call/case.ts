import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { connect, type TLSSocket } from 'node:tls';
import type { Environment } from '../../kit/environment.ts';
import { office } from '../../kit/office.ts';
import { until } from '../../kit/until.ts';

export const title =
  'cert.pem and a sealed key.pem replace the certificate while a connection stands; a broken file changes nothing [tls.cert-pem] [tls.key-pem] [tls.sslcertpwd] [tls.reload-or-restart-after-tls-change]';

export async function run(env: Environment): Promise<void> {
  const server = await env.startServer(office(env), { sslcertpwd: 'a long password' });
  const { dataFolder: folder } = server;
  const standing = await dial(env.serverAddress);
  const first = standing.getPeerCertificate().subject.CN;
  execFileSync(
    'openssl',
    [
      ...['req', '-x509', '-newkey', 'rsa:2048', '-sha256', '-days', '30', '-subj', '/CN=sip.example.com'],
      ...['-addext', 'subjectAltName=DNS:sip.example.com', '-passout', 'pass:a long password'],
      ...['-keyout', join(folder, 'key.pem'), '-out', join(folder, 'cert.pem')],
    ],
    { stdio: 'ignore' },
  );
  // No faster than a stranger may: five handshakes a second.
  const shown = async (): Promise<unknown> => {
    await wait(250);
    const socket = await dial(env.serverAddress);
    const { CN } = socket.getPeerCertificate().subject;
    socket.destroy();
    return CN;
  };
  await until('the new certificate is shown', 15_000, async () => (await shown()) === 'sip.example.com');
  assert.notEqual(first, 'sip.example.com');
  writeFileSync(join(folder, 'cert.pem'), 'nonsense');
  writeFileSync(join(folder, 'root.pem'), 'nonsense');
  await until('the broken file is told', 15_000, () => server.log().includes('"msg":"certificate not changed"'));
  assert.equal(await shown(), 'sip.example.com');
  standing.write('\r\n\r\n');
  const pong = await new Promise<Buffer>((resolve) => standing.once('data', resolve));
  assert.equal(pong.toString(), '\r\n');
  // The password is stored nowhere in the clear.
  assert.ok(!readFileSync(join(folder, 'ringfence.db')).includes('a long password'));
}

function dial(host: string): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port: 5061, rejectUnauthorized: false }, () => resolve(socket));
    socket.once('error', reject);
  });
}

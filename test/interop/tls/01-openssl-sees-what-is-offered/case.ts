import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import type { Environment } from '../../kit/environment.ts';
import { office } from '../../kit/office.ts';

export const title =
  'openssl finds TLS 1.2 and 1.3 and nothing older, a P-256 certificate of this installation, sessions that go on, and with usetls off no port [tls.usetls] [tls.localtlsport] [tls.sips-port] [tls.tls-port] [tls.self-signed-certificate] [misc.udp-port-tcp-port-sip]';

export async function run(env: Environment): Promise<void> {
  const server = await env.startServer(office(env), { localtlsport: '5071', udp_port: '5070', tcp_port: '5070' });
  const address = env.serverAddress;
  const ask = (...options: string[]): Promise<string> => client(['-connect', `${address}:5071`, ...options]);
  for (const [option, name] of [
    ['-tls1_2', 'TLSv1.2'],
    ['-tls1_3', 'TLSv1.3'],
  ] as const) {
    const told = await ask(option);
    assert.match(told, new RegExp(`New, ${name}`));
    assert.match(told, /id-ecPublicKey, 256 \(bit\)/);
    assert.match(told, /self-signed certificate/);
  }
  for (const old of ['-tls1', '-tls1_1'])
    assert.match(await ask(old, '-cipher', 'ALL:@SECLEVEL=0'), /alert|no protocols/);
  assert.match(await ask('-tls1_2', '-cipher', 'AES128-SHA:AES128-GCM-SHA256'), /alert handshake failure/);
  const session = join(env.folder, 'session.pem');
  await ask('-tls1_2', '-sess_out', session);
  assert.match(await ask('-tls1_2', '-sess_in', session), /Reused, TLSv1\.2/);
  // Nothing is left at the ports that were moved.
  assert.match(await client(['-connect', `${address}:5061`]), /refused/i);
  await server.kill();
  await env.startServer(office(env), { usetls: 'false' });
  for (const port of [5061, 7443]) assert.match(await client(['-connect', `${address}:${port}`]), /refused/i);
}

function client(options: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    const child = execFile('openssl', ['s_client', ...options], { timeout: 10_000 }, (_, out, errors) => {
      resolve(out + errors);
    });
    child.stdin?.end('Q\n');
  });
}

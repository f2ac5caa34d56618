import assert from 'node:assert/strict';
import type { Environment } from '../../kit/environment.ts';
import { hasIpv6 } from '../../kit/sockets.ts';
import { Skipped } from '../../kit/skipped.ts';
import { office, password } from '../../kit/office.ts';

export const title = 'phones register and call each other over IPv6';

export async function run(env: Environment): Promise<void> {
  if (!hasIpv6()) throw new Skipped('this machine has no IPv6');
  const port = (host: number): number => 41_000 + (process.pid % 200) * 10 + host;
  const server = await env.startServer(office(env), {
    listen: '::1',
    media_address: '::1',
    media_networks: '::1/128',
    udp_port: String(port(0)),
    tcp_port: '0',
    usetls: 'false',
    start_rtp_port: String(44_000 + (process.pid % 200) * 20),
    end_rtp_port: String(44_019 + (process.pid % 200) * 20),
  });
  const common = { remote: '::1', remotePort: port(0) };
  const variables = { server: '[remote_ip]', password, headers: 'Expires: 600', granted: '600', holdMs: 0 };
  const registration = {
    ...common,
    authUri: '[::1]',
    localPort: port(2),
    variables: { ...variables, user: 'bob', username: 'bob' },
  };
  await env.sippAt('register.xml', '::1', registration).passed();
  const bob = await env
    .sippAt('answer.xml', '::1', { ...common, localPort: port(2), variables: { ringMs: 200 } })
    .ready();
  const call = { ...variables, user: 'alice', username: 'alice', number: 'bob', headers: '', talkMs: 300 };
  await env
    .sippAt('call.xml', '::1', { ...common, authUri: 'bob@[::1]', localPort: port(1), variables: call })
    .passed();
  await bob.passed();
  assert.match(bob.onlyReceived('INVITE'), /^c=IN IP6 ::1\r$/m);
  const cdr = await server.onlyCdr();
  assert.deepEqual([cdr.cause, cdr.sourceAddress], ['answered', '::1']);
}

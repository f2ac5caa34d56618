import assert from 'node:assert/strict';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { BaresipProcess } from '../../kit/baresip-process.ts';
import type { Environment } from '../../kit/environment.ts';
import { office } from '../../kit/office.ts';
import { shareOfTone } from '../../kit/tone.ts';

export const title =
  'a baresip phone that may only use TLS registers without a certificate of its own, calls one on UDP, is called back over its connection, and the CDR names TLS [tls.transport-extension] [tls.tls-without-client-certificate-download] [protocol.stricttransport]';

export async function run(env: Environment): Promise<void> {
  const server = await env.startServer(office(env, { alice: { transport: 'tls' } }), { stricttransport: '3' });
  const phone = (user: string, toneHz: number, transport: 'udp' | 'tls'): BaresipProcess => {
    const baresip = new BaresipProcess(join(env.folder, user), { user, server: env.serverAddress, toneHz, transport });
    env.atEnd(() => baresip.stop());
    return baresip;
  };
  const alice = phone('alice', 440, 'tls');
  const bob = phone('bob', 1000, 'udp');
  for (const each of [alice, bob]) await each.says('200 OK (Ringfence)');
  const { bindings } = await server.ask('bindings list', {});
  assert.deepEqual(bindings.map(({ user, transport }) => `${user} ${transport}`).sort(), ['alice tls', 'bob udp']);
  await alice.command('dial', `sip:bob@${env.serverAddress}`);
  await bob.says('Call established');
  await alice.says('Call established');
  await wait(2500);
  assert.ok(shareOfTone(alice.heard(), 1000) > 0.8, 'alice hears bob');
  assert.ok(shareOfTone(bob.heard(), 440) > 0.8, 'bob hears alice');
  await bob.command('hangup');
  await alice.says('terminated');
  const { cause, endedBy, transport } = await server.onlyCdr();
  assert.deepEqual([cause, endedBy, transport], ['answered', 'callee', 'tls']);
  await bob.command('dial', `sip:alice@${env.serverAddress}`);
  await alice.says('Incoming call');
}

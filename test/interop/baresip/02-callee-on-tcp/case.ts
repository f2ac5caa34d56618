import assert from 'node:assert/strict';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { BaresipProcess } from '../../kit/baresip-process.ts';
import type { Environment } from '../../kit/environment.ts';
import { office } from '../../kit/office.ts';
import { shareOfTone } from '../../kit/tone.ts';

export const title =
  'a baresip phone that registered over TCP is called over that connection, and hears the caller on UDP';

export async function run(env: Environment): Promise<void> {
  const server = await env.startServer(office(env));
  const phone = (user: string, toneHz: number, transport: 'udp' | 'tcp'): BaresipProcess => {
    const baresip = new BaresipProcess(join(env.folder, user), { user, server: env.serverAddress, toneHz, transport });
    env.atEnd(() => baresip.stop());
    return baresip;
  };
  const alice = phone('alice', 440, 'udp');
  const bob = phone('bob', 1000, 'tcp');
  for (const each of [alice, bob]) await each.says('200 OK (Ringfence)');
  await alice.command('dial', `sip:bob@${env.serverAddress}`);
  await bob.says('Call established');
  await wait(2500);
  assert.ok(shareOfTone(alice.heard(), 1000) > 0.8, 'alice hears bob');
  assert.ok(shareOfTone(bob.heard(), 440) > 0.8, 'bob hears alice');
  await bob.command('hangup');
  await alice.says('terminated');
  const cdr = await server.onlyCdr();
  assert.deepEqual([cdr.cause, cdr.endedBy], ['answered', 'callee']);
}

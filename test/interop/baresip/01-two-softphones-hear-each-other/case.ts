import assert from 'node:assert/strict';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { BaresipProcess } from '../../kit/baresip-process.ts';
import type { Environment } from '../../kit/environment.ts';
import { office } from '../../kit/office.ts';
import { shareOfTone } from '../../kit/tone.ts';

export const title =
  'two baresip phones register, hear each other, hold, resume and hang up, and the CDR has the quality of both directions';

export async function run(env: Environment): Promise<void> {
  const server = await env.startServer(office(env));
  const phone = (user: string, toneHz: number): BaresipProcess => {
    const baresip = new BaresipProcess(join(env.folder, user), { user, server: env.serverAddress, toneHz });
    env.atEnd(() => baresip.stop());
    return baresip;
  };
  const alice = phone('alice', 440);
  const bob = phone('bob', 1000);
  for (const each of [alice, bob]) await each.says('200 OK (Ringfence)');
  await alice.command('dial', `sip:bob@${env.serverAddress}`);
  await bob.says('Call established');
  await alice.says('Call established');
  await wait(3500);
  assert.ok(shareOfTone(alice.heard(), 1000) > 0.8, `alice hears bob: ${shareOfTone(alice.heard(), 1000)}`);
  assert.ok(shareOfTone(bob.heard(), 440) > 0.8, `bob hears alice: ${shareOfTone(bob.heard(), 440)}`);
  assert.ok(shareOfTone(alice.heard(), 440) < 0.1, 'alice does not hear herself');
  await alice.command('hold');
  await bob.says('got re-INVITE');
  await wait(700);
  await alice.command('resume');
  await wait(6500);
  for (const rate of [...alice.bitRates(), ...bob.bitRates()]) assert.ok(rate > 50_000, `${rate} bit/s after the hold`);
  await alice.command('hangup');
  const { cause, codecs, callerQuality, calleeQuality, userAgent } = await server.onlyCdr();
  assert.equal(cause, 'answered');
  assert.match(codecs, /PCMA/);
  assert.match(userAgent, /baresip/);
  for (const quality of [callerQuality, calleeQuality]) {
    assert.ok((quality?.packets ?? 0) > 400, JSON.stringify({ callerQuality, calleeQuality }));
    assert.ok((quality?.mosHundredths ?? 0) > 400, `MOS ${quality?.mosHundredths}`);
  }
}

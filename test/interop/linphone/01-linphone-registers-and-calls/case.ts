import assert from 'node:assert/strict';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { BaresipProcess } from '../../kit/baresip-process.ts';
import type { Environment } from '../../kit/environment.ts';
import { LinphoneProcess } from '../../kit/linphone-process.ts';
import { office } from '../../kit/office.ts';
import { until } from '../../kit/until.ts';

export const title = 'Linphone registers, calls a baresip phone, holds, resumes and hangs up';

export async function run(env: Environment): Promise<void> {
  const server = await env.startServer(office(env));
  const options = { server: env.serverAddress, toneHz: 1000 };
  const bob = new BaresipProcess(join(env.folder, 'bob'), { ...options, user: 'bob' });
  env.atEnd(() => bob.stop());
  const alice = new LinphoneProcess(join(env.folder, 'alice'), { ...options, user: 'alice' });
  env.atEnd(() => alice.stop());
  alice.command('soundcard use files');
  await bob.says('200 OK (Ringfence)');
  const users = async (): Promise<string> => {
    const { bindings } = await server.ask('bindings list', {});
    return bindings
      .map(({ user }) => user)
      .sort()
      .join();
  };
  await until('Linphone is registered', 10_000, async () => (await users()) === 'alice,bob');
  alice.command(`call sip:bob@${env.serverAddress}`);
  await bob.says('Call established');
  await wait(2500);
  alice.command('pause');
  await bob.says('got re-INVITE');
  await wait(700);
  alice.command('resume');
  await wait(1500);
  alice.command('terminate');
  const { cause, endedBy, userAgent, calleeQuality } = await server.onlyCdr();
  assert.deepEqual([cause, endedBy], ['answered', 'caller']);
  assert.match(userAgent, /Linphone/i);
  assert.ok((calleeQuality?.packets ?? 0) > 100, JSON.stringify(calleeQuality));
}

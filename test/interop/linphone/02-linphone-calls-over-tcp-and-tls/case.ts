import assert from 'node:assert/strict';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { BaresipProcess } from '../../kit/baresip-process.ts';
import type { Environment } from '../../kit/environment.ts';
import { LinphoneProcess } from '../../kit/linphone-process.ts';
import { office } from '../../kit/office.ts';
import { until } from '../../kit/until.ts';

export const title =
  'Linphone registers over TCP and over TLS, and calls a baresip phone over each [tls.usetls] [tls.tls-without-client-certificate-download]';

export async function run(env: Environment): Promise<void> {
  const server = await env.startServer(office(env), { stricttransport: '2' });
  const bob = new BaresipProcess(join(env.folder, 'bob'), { user: 'bob', server: env.serverAddress, toneHz: 1000 });
  env.atEnd(() => bob.stop());
  await bob.says('200 OK (Ringfence)');
  for (const [at, [user, transport]] of [['alice', 'tcp'] as const, ['carol', 'tls'] as const].entries()) {
    const phone = new LinphoneProcess(join(env.folder, user), { user, server: env.serverAddress, transport });
    env.atEnd(() => phone.stop());
    phone.command('soundcard use files');
    await until(`Linphone is registered over ${transport}`, 20_000, async () => {
      const { bindings } = await server.ask('bindings list', {});
      return bindings.some((one) => one.user === user && one.transport === transport);
    });
    phone.command(`call sip:bob@${env.serverAddress}`);
    await until('the call is answered', 15_000, async () => {
      const [call] = await server.calls();
      return call?.phase === 'connected';
    });
    await wait(1500);
    phone.command('terminate');
    const cdrs = await server.cdrs(at + 1);
    const cdr = cdrs.find(({ callerName }) => callerName.includes(user));
    assert.deepEqual([cdr?.cause, cdr?.endedBy, cdr?.transport], ['answered', 'caller', transport]);
    assert.ok((cdr?.calleeQuality?.packets ?? 0) > 30, JSON.stringify(cdr?.calleeQuality));
    await phone.stop();
  }
}

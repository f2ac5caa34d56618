import assert from 'node:assert/strict';
import type { Environment } from '../../kit/environment.ts';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dial, office, register } from '../../kit/office.ts';

export const title = 'sound goes through the relay in both directions, and the CDR tells how good it was';

export async function run(env: Environment): Promise<void> {
  const server = await env.startServer(office(env));
  const sound = join(env.folder, 'sound.alaw');
  writeFileSync(sound, Buffer.alloc(16_000, 0xd5));
  await register(env, 'bob');
  const bob = await env.sipp('answer.xml', 'bob', { more: ['-rtp_echo'], variables: { ringMs: 100 } }).ready();
  await dial(env, 'bob', { variables: { sound } }, 'plays.xml').passed();
  await bob.passed();
  const { callerQuality, calleeQuality, codecs } = await server.onlyCdr();
  assert.match(codecs, /PCMA/);
  for (const quality of [callerQuality, calleeQuality]) {
    assert.ok((quality?.packets ?? 0) >= 80, JSON.stringify({ callerQuality, calleeQuality }));
    assert.equal(quality?.lost, 0);
    assert.ok((quality?.mosHundredths ?? 0) > 400, `MOS ${quality?.mosHundredths}`);
  }
}

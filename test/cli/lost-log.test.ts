import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { openSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { callControl } from '../../src/api/control/call-control.ts';

const program = fileURLToPath(new URL('../../bin/ringfence.mjs', import.meta.url));
const settings = {
  ...{ listen: '127.0.0.78', udp_port: 25_190, tcp_port: 0, metrics_port: 0, usetls: false },
  ...{ start_rtp_port: 25_140, end_rtp_port: 25_179, media_workers: 1, log_level: 'debug' },
};

/** A server whose log and words go to a device that takes nothing. */
function startedWithoutLog(folder: string): ChildProcess {
  const full = openSync('/dev/full', 'w');
  const set = Object.entries(settings).flatMap(([name, value]) => ['--set', `${name}=${value}`]);
  return spawn(process.execPath, [program, 'serve', '--data', folder, ...set], { stdio: ['ignore', full, full] });
}

for (const signal of ['SIGTERM', 'SIGHUP'] as const) {
  test(`a server that can write its log nowhere serves on, and stops in order at ${signal}`, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'ringfence-log-'));
    const server = startedWithoutLog(folder);
    const gone = new Promise<number | null>((resolve) => server.once('exit', resolve));
    const ask = (name: string, given = {}): Promise<string> =>
      callControl(join(folder, 'control.sock'), name, given).then((answer) =>
        answer.ok ? 'ok' : answer.error.message,
      );
    try {
      while ((await ask('status')) !== 'ok' && server.exitCode === null) {
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      assert.equal(await ask('user add', { names: ['alice'], fields: {} }), 'ok');
      assert.equal(await ask('status'), 'ok');
    } finally {
      server.kill(signal);
    }
    assert.equal(await gone, 0);
    await rm(folder, { recursive: true });
  });
}

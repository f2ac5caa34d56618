import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, readlink, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { readListeners } from '../../src/main/machine-facts.ts';

const program = fileURLToPath(new URL('../../bin/ringfence.mjs', import.meta.url));
const listenAt = '127.0.0.77';
const ports = { udp_port: 25_070, tcp_port: 25_071, localtlsport: 25_072, wss_port: 25_073, metrics_port: 25_074 };
const media = { start_rtp_port: 25_100, end_rtp_port: 25_139 };

async function started(folder: string): Promise<ChildProcess> {
  const settings = Object.entries({ ...ports, ...media, listen: listenAt, media_workers: 1 });
  const set = settings.flatMap(([name, value]) => ['--set', `${name}=${value}`]);
  const server = spawn(process.execPath, [program, 'serve', '--data', folder, ...set], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  await new Promise<void>((resolve, reject) => {
    let said = '';
    server.stdout.on('data', (octets: Buffer) => {
      said += octets.toString();
      if (said.includes('"serving"')) resolve();
    });
    server.once('exit', () => reject(new Error(`the server ended: ${said}`)));
  });
  return server;
}

/** What a process takes from the network, as `tcp 25071`. */
async function openPortsOf(pid: number): Promise<readonly string[]> {
  const inodes = new Set<string>();
  for (const descriptor of await readdir(`/proc/${pid}/fd`)) {
    const target = await readlink(`/proc/${pid}/fd/${descriptor}`).catch(() => '');
    inodes.add(/^socket:\[(\d+)\]$/.exec(target)?.[1] ?? '');
  }
  const found: string[] = [];
  for (const [file, protocol] of [
    ['tcp', 'tcp'],
    ['tcp6', 'tcp'],
    ['udp', 'udp'],
    ['udp6', 'udp'],
  ] as const) {
    const table = await readFile(`/proc/net/${file}`, 'utf8');
    const listeners = readListeners(protocol, table, (inode) => (inodes.has(inode) ? 'ours' : undefined));
    for (const { port, program: owner } of listeners) if (owner === 'ours') found.push(`${protocol} ${port}`);
  }
  return found;
}

function answers(address: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect({ host: address, port, timeout: 2000 });
    probe.once('connect', () => {
      probe.destroy();
      resolve(true);
    });
    probe.once('error', () => resolve(false));
    probe.once('timeout', () => resolve(false));
  });
}

test('a server opens the ports of its settings and no other: no console, no database, no FTP, nothing to administer it by [admin.remoteadmin] [admin.db-reachable-only-locally] [admin.ftpduser] [admin.enable-ftp] [network.non-standard-sip-port]', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'ringfence-ports-'));
  const server = await started(folder);
  try {
    const open = await openPortsOf(server.pid ?? 0);
    const isMedia = (name: string): boolean => {
      const [protocol, port] = name.split(' ');
      return protocol === 'udp' && Number(port) >= media.start_rtp_port && Number(port) <= media.end_rtp_port;
    };
    const { udp_port, ...tcp } = ports;
    assert.deepEqual(
      [...new Set(open.filter((name) => !isMedia(name)))].toSorted(),
      [`udp ${udp_port}`, ...Object.values(tcp).map((port) => `tcp ${port}`)].toSorted(),
    );
    assert.ok(open.some(isMedia));
    // The one page for machines is on the loopback, and is no way in: it takes no commands.
    assert.equal(await answers('127.0.0.1', ports.metrics_port), true);
    assert.equal(await answers(listenAt, ports.metrics_port), false);
    assert.equal(await answers(listenAt, 5060), false);
    assert.equal(await answers(listenAt, 21), false);
  } finally {
    const gone = new Promise((resolve) => server.once('exit', resolve));
    server.kill('SIGTERM');
    await gone;
    await rm(folder, { recursive: true });
  }
});

// Compares our relay with rtpengine in user space: CPU time per relayed packet, in interleaved pairs of rounds on
// loopback. Needs rtpengine, gcc and python3. Usage: node bench/media/run.ts [pairs] [seconds a round] [calls]
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Probe, type ProbeResult } from './probe.ts';

const run = promisify(execFile);
const here = import.meta.dirname;
const [pairs = 10, seconds = 5, calls = 300] = process.argv.slice(2).map(Number);
const ticksPerSecond = 100;

interface Server {
  readonly name: 'rtpengine' | 'ringfence';
  readonly child: ChildProcess;
  /** File for rtpload; the probe has a call of its own. */
  readonly portsFile: string;
  readonly probeCall: string;
}

interface Round {
  readonly microsecondsPerPacket: number;
  readonly userShare: number;
  readonly lossPercent: number;
  readonly packets: number;
  readonly probe: ProbeResult;
}

/** User and system time of all threads, in ticks (proc(5), fields 14 and 15). */
function cpuTicks(pid: number): { readonly user: number; readonly system: number } {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { user: Number(fields[11]), system: Number(fields[12]) };
}

async function startRingfence(folder: string): Promise<Server> {
  const limits = [calls + 1, 40_000, 49_999, 6000, 8000].map(String);
  const child = spawn(process.execPath, [join(here, 'relay-child.ts'), ...limits], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const quads: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    if (line === 'ready') break;
    quads.push(line);
  }
  return describe('ringfence', child, folder, quads);
}

async function startRtpengine(folder: string): Promise<Server> {
  const options = ['--table=-1', '--listen-ng=127.0.0.1:2223', '--interface=127.0.0.1', '-f', '-E', '-L', '3'];
  const child = spawn('/usr/bin/rtpengine', [...options, '--port-min=30000', '--port-max=38999', '--timeout=86400'], {
    stdio: 'ignore',
  });
  await pause(1000);
  await run('python3', [join(here, 'rtpengine-offer-answer.py'), String(calls + 1)], { cwd: folder });
  const quads = readFileSync(join(folder, 'rtpports.txt'), 'latin1').trim().split('\n');
  return describe('rtpengine', child, folder, quads);
}

function describe(name: Server['name'], child: ChildProcess, folder: string, quads: readonly string[]): Server {
  const portsFile = join(folder, `${name}.txt`);
  writeFileSync(portsFile, `${quads.slice(0, calls).join('\n')}\n`);
  return { name, child, portsFile, probeCall: quads[calls] ?? '' };
}

async function measure(server: Server, rtpload: string): Promise<Round> {
  const pid = server.child.pid ?? 0;
  const probe = await Probe.start(server.probeCall);
  const before = cpuTicks(pid);
  const [load, probed] = await Promise.all([run(rtpload, [String(seconds), server.portsFile]), probe.run(seconds)]);
  const after = cpuTicks(pid);
  const [, sent = 0, received = 0] = (/tx=(\d+) rx=(\d+)/.exec(load.stdout) ?? []).map(Number);
  // The probe's packets back are not read, but relayed like those that are.
  const packets = received + 2 * probed.packets;
  const user = after.user - before.user;
  const ticks = user + after.system - before.system;
  return {
    microsecondsPerPacket: (ticks / ticksPerSecond / packets) * 1e6,
    userShare: user / ticks,
    lossPercent: (100 * (sent - received)) / sent,
    packets,
    probe: probed,
  };
}

interface Spread {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

function spread(values: readonly number[]): Spread {
  const sorted = values.toSorted((one, other) => one - other);
  const middle = (sorted.length - 1) / 2;
  const median = ((sorted[Math.floor(middle)] ?? 0) + (sorted[Math.ceil(middle)] ?? 0)) / 2;
  return { median, least: sorted[0] ?? 0, most: sorted.at(-1) ?? 0 };
}

function table(rounds: Readonly<Record<Server['name'], readonly Round[]>>, ratio: Spread): string {
  const text = (value: Spread, digits: number): string =>
    `${value.median.toFixed(digits)} (${value.least.toFixed(digits)} to ${value.most.toFixed(digits)})`;
  const row = (name: Server['name']): string => {
    const of = (pick: (round: Round) => number, digits: number): string => text(spread(rounds[name].map(pick)), digits);
    const cells = [
      of((round) => round.microsecondsPerPacket, 2),
      of((round) => round.lossPercent, 3),
      of((round) => round.probe.medianMs, 2),
      of((round) => round.probe.p99Ms, 2),
    ];
    return `| ${name} | ${cells.join(' | ')} |`;
  };
  return [
    `${pairs} interleaved pairs of ${seconds} s, ${calls} calls = ${calls * 2} streams of 50 packets/s, ${cpus().length} cores, Node ${process.version}`,
    'median (least to most)',
    '',
    '| relay | CPU us per relayed packet | loss % | delay ms, median | delay ms, 99 % |',
    '| --- | --- | --- | --- | --- |',
    row('rtpengine'),
    row('ringfence'),
    '',
    `CPU ratio ringfence / rtpengine: ${text(ratio, 3)}`,
  ].join('\n');
}

const folder = mkdtempSync(join(tmpdir(), 'ringfence-media-'));
const rtpload = join(folder, 'rtpload');
copyFileSync(join(here, 'rtpload.c'), join(folder, 'rtpload.c'));
await run('gcc', ['-O2', '-o', rtpload, join(folder, 'rtpload.c')]);
const servers: Server[] = [];
try {
  servers.push(await startRtpengine(folder), await startRingfence(folder));
  const rounds: Record<Server['name'], Round[]> = { rtpengine: [], ringfence: [] };
  for (const server of servers) await measure(server, rtpload); // warm up, not counted
  for (let pair = 0; pair < pairs; pair++) {
    // Who goes first changes, so that a drift of the machine hits both.
    for (const server of pair % 2 === 0 ? servers : servers.toReversed()) {
      const round = await measure(server, rtpload);
      rounds[server.name].push(round);
      const { microsecondsPerPacket, lossPercent, probe } = round;
      console.log(
        `${server.name} ${microsecondsPerPacket.toFixed(2)} us, loss ${lossPercent.toFixed(3)} %, delay ${probe.medianMs.toFixed(2)}/${probe.p99Ms.toFixed(2)} ms`,
      );
    }
  }
  const ratios = rounds.ringfence.map(
    (round, index) => round.microsecondsPerPacket / (rounds.rtpengine[index]?.microsecondsPerPacket ?? Number.NaN),
  );
  const report = table(rounds, spread(ratios));
  console.log(report);
  const results = join(here, '..', 'results');
  mkdirSync(results, { recursive: true });
  const name = join(results, `media-${new Date().toISOString().slice(0, 16).replaceAll(':', '')}`);
  writeFileSync(
    `${name}.json`,
    `${JSON.stringify({ pairs, seconds, calls, ratio: spread(ratios), rounds }, null, 2)}\n`,
  );
  writeFileSync(`${name}.md`, `${report}\n`);
} finally {
  for (const server of servers) server.child.kill();
  rmSync(folder, { recursive: true });
}

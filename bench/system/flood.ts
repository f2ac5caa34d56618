// What known phones get while strangers flood the server, beside Kamailio with pike and htable, in interleaved pairs of
// rounds on loopback. docs/benchmarks.md tells how to run it and how to read it. Needs root, for the sources are written.
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { machine } from './figures.ts';
import { startAnswering } from './loads.ts';
import { LoadProcess } from './load-process.ts';
import type { RequestCounts } from './request-counts.ts';
import { processorTimeUs } from './processor-time.ts';
import { kamailioVersion, type Server, startKamailio, startRingfence } from './servers.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    pairs: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '10' },
    /** Of each of registrations, OPTIONS and calls, a second. */
    rate: { type: 'string', default: '20' },
    /** Datagrams a second, in place of those of the situation. */
    flood: { type: 'string' },
    /** Another checkout of Ringfence in place of Kamailio. */
    peer: { type: 'string' },
    /** Our server alone. */
    alone: { type: 'boolean', default: false },
    /** Options of Node for our server, between blanks. */
    node: { type: 'string', default: '' },
    keep: { type: 'boolean', default: false },
  },
});

/** Who floods, and how much. */
interface Situation {
  readonly name: string;
  readonly rate: number;
  readonly sources: number;
  /** In the names of the phones, from their very addresses and ports. */
  readonly forged: boolean;
}

const phoneCount = 50;
const phonePort = 5060;
const strangerPort = 5062;
const situations: Readonly<Record<string, Situation>> = {
  quiet: { name: 'no flood', rate: 0, sources: 1, forged: false },
  few: { name: '200 strangers', rate: 100_000, sources: 200, forged: false },
  many: { name: '3,900 strangers, each below every limit', rate: 60_000, sources: 3900, forged: false },
  forged: { name: 'in the name of the phones', rate: 20_000, sources: phoneCount, forged: true },
};
const metricsPorts = { ringfence: 9477, peer: 9478 };
const seconds = Number(values.seconds);
const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), 'ringfence-flood-'));
const stops: (() => Promise<void> | void)[] = [() => rmSync(folder, { recursive: true })];

interface PhoneRound extends RequestCounts {
  readonly done: number;
  readonly failed: number;
}

interface Outcome extends Omit<PhoneRound, 'answerMs'> {
  readonly server: Server['name'];
  readonly situation: string;
  /** Datagrams a second that the flood reached. */
  readonly reached: number;
  /** Datagrams that found the socket's buffer full, a second, of all. */
  readonly overflowed: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Processors that the server kept busy. */
  readonly processors: number;
  /** Why our server lost packets, by its own count. */
  readonly lost: Readonly<Record<string, number>>;
}

async function ours(name: Server['name'], checkout: string): Promise<Server> {
  const nodeOptions = name === 'ringfence' ? values.node.split(' ').filter((option) => option !== '') : [];
  // The guard as it is delivered: none of the limits that other loads put aside.
  const guard = { profile: 'default', blocktoomuchpendingsession: 50, 'mode.abnormal_speed_close': 'enforce' };
  const settings = { ...guard, metrics_port: metricsPorts[name] };
  return startRingfence(folder, phoneCount, { name, checkout, nodeOptions, settings });
}

async function oneRound(server: Server, phones: LoadProcess, situation: Situation, first: string): Promise<Outcome> {
  const { rate, sources, forged } = situation;
  const dropsBefore = socketDrops(server.port);
  const lostBefore = await packetsLost(server);
  const usedBefore = processorTimeUs(server.pid);
  const begunMs = performance.now();
  const flood =
    rate === 0
      ? undefined
      : run('taskset', [
          ...[
            '-c',
            String(availableParallelism() - 1),
            join(folder, 'flood'),
            '127.0.0.1',
            String(server.port),
            String(rate),
          ],
          ...[String(seconds + 1), forged ? '127.3.0.1' : first, String(sources)],
          String(forged ? phonePort : strangerPort),
        ]);
  const round = phones.ask<PhoneRound>('round');
  const flooded = (await flood)?.stdout ?? '';
  if (flood === undefined) await round;
  const processors = (processorTimeUs(server.pid) - usedBefore) / 1e3 / (performance.now() - begunMs);
  const { answerMs, ...counts } = await round;
  const lostAfter = await packetsLost(server);
  const sorted = answerMs.toSorted((one, other) => one - other);
  return {
    ...{ server: server.name, situation: situation.name, ...counts },
    reached: Number(/rate=(\d+)/.exec(flooded)?.[1] ?? 0),
    overflowed: (socketDrops(server.port) - dropsBefore) / (seconds + 1),
    p50Ms: sorted[Math.floor(sorted.length * 0.5)] ?? Number.NaN,
    p99Ms: sorted[Math.floor(sorted.length * 0.99)] ?? Number.NaN,
    processors,
    lost: Object.fromEntries(Object.entries(lostAfter).map(([cause, n]) => [cause, n - (lostBefore[cause] ?? 0)])),
  };
}

/** What the kernel has lost of all sockets at this port (proc_net_udp: the last column). */
function socketDrops(port: number): number {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  const rows = readFileSync('/proc/net/udp', 'latin1').trim().split('\n').slice(1);
  const fields = rows.map((row) => row.trim().split(/\s+/)).filter((row) => row[1]?.endsWith(`:${hex}`));
  return fields.reduce((sum, row) => sum + Number(row.at(-1)), 0);
}

/** Our own counters of lost packets, by cause; nothing for Kamailio. */
async function packetsLost(server: Server): Promise<Readonly<Record<string, number>>> {
  const isOurs = server.name === 'ringfence' || values.peer !== undefined;
  if (!isOurs) return {};
  const text = await (await fetch(`http://127.0.0.1:${metricsPorts[server.name]}/metrics`)).text();
  const found = text.matchAll(/^ringfence_packets_lost_total\{[^}]*="([^"]+)"\} (\d+)/gm);
  return Object.fromEntries([...found].map(([, cause = '', count]) => [cause, Number(count)]));
}

function rowOf(outcome: Outcome): string {
  const { server, situation, reached, overflowed, done, failed, requests, again, p50Ms, p99Ms, processors } = outcome;
  const { proven, provenAgain, provenUnanswered } = outcome;
  const percent = (part: number, whole: number): string => `${((100 * part) / whole).toFixed(2)} %`;
  const flood = [situation, server, String(Math.round(reached)), String(Math.round(overflowed))];
  const served = [`${done} of ${done + failed}`, percent(again, requests)];
  const ofProven = `${percent(proven - provenUnanswered, proven)}, ${percent(provenAgain, proven)}`;
  const rest = [ofProven, `${p50Ms.toFixed(1)} / ${p99Ms.toFixed(1)}`, processors.toFixed(2)];
  return `| ${[...flood, ...served, ...rest].join(' | ')} |`;
}

function report(about: ReturnType<typeof machine>, rounds: readonly Outcome[]): string {
  return [
    '# Floods',
    '',
    `${about.date}, ${about.processor}, ${about.cores} cores (the flood has one of them), Linux ${about.kernel}, Node ${about.node}; peer: ${about.peer}`,
    '',
    `Rounds of ${seconds} s. ${phoneCount} known phones: ${values.rate} registrations, OPTIONS and calls a second each, repeated as RFC 3261 says, given up after 8 s. The flood sends REGISTER, INVITE and garbage in turn.`,
    '',
    '| flood | server | datagrams/s sent | lost in socket buffer /s | operations served | requests sent again | proven requests: answered, sent again | answer p50 / p99, ms | processors used |',
    '| --- | --- | --- | --- | --- | --- | --- | --- | --- |',
    ...rounds.map(rowOf),
    '',
  ].join('\n');
}

try {
  const chosen = (positionals.length > 0 ? positionals : Object.keys(situations)).map((word) => {
    const situation = situations[word];
    if (situation === undefined) throw new Error(`say ${Object.keys(situations).join(', ')}`);
    return values.flood === undefined || word === 'quiet' ? situation : { ...situation, rate: Number(values.flood) };
  });
  await run('gcc', ['-O2', '-o', join(folder, 'flood'), join(import.meta.dirname, 'flood.c')]);
  const servers: Server[] = [];
  if (!values.alone) {
    servers.push(
      values.peer === undefined ? await startKamailio('flood', folder) : await ours('peer', resolve(values.peer)),
    );
  }
  servers.push(await ours('ringfence', join(import.meta.dirname, '..', '..')));
  stops.push(...servers.map((server) => () => server.stop()));
  stops.push(startAnswering(folder));
  const rounds: Outcome[] = [];
  const pairs = Number(values.pairs);
  const one = async (server: Server, situation: Situation, first: string): Promise<Outcome> => {
    const phones = new LoadProcess('phone-load.ts', {
      ...{ transport: 'udp', network: 3, 'own-port': phonePort, connections: phoneCount, port: server.port },
      ...{ rate: Number(values.rate), seconds, does: 'register,options,call' },
    });
    stops.push(() => phones.end());
    await phones.told();
    const outcome = await oneRound(server, phones, situation, first);
    await phones.end();
    console.log(rowOf(outcome), JSON.stringify(outcome.lost));
    return outcome;
  };
  const quiet = { name: 'none', rate: 0, sources: 1, forged: false };
  for (const server of servers) await one(server, quiet, ''); // warm up, not counted
  for (const [at, situation] of chosen.entries()) {
    for (let pair = 0; pair < pairs; pair++) {
      for (const server of pair % 2 === 0 ? servers : servers.toReversed()) {
        // Strangers of their own for each round: nobody has met them before.
        rounds.push(await one(server, situation, `127.${32 + at}.${pair * 16}.1`));
      }
    }
  }
  const peer = values.peer ?? (values.alone ? 'none' : `${await kamailioVersion()} with pike and htable`);
  const about = machine(peer);
  const page = report(about, rounds);
  console.log(`\n${page}`);
  if (values.keep) {
    const results = join(import.meta.dirname, '..', 'results');
    mkdirSync(results, { recursive: true });
    const name = join(results, `flood-${about.date.slice(0, 16).replaceAll(':', '')}`);
    writeFileSync(`${name}.json`, `${JSON.stringify({ machine: about, rounds }, null, 2)}\n`);
    writeFileSync(`${name}.md`, page);
  }
} finally {
  for (const stop of stops.toReversed()) await stop();
}

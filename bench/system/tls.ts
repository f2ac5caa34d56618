// TLS under load: `calls` compares authenticated calls over standing TLS connections, and the memory that those take,
// with Kamailio; `strangers` tells what known phones get while strangers send ClientHellos. docs/benchmarks.md has both.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { connect } from 'node:tls';
import { parseArgs, promisify } from 'node:util';
import { keepResults, machine, page, type Round, ratios, spread } from './figures.ts';
import { LoadProcess } from './load-process.ts';
import { startAnswering } from './loads.ts';
import { metricOf } from './metric.ts';
import { processorTimeUs, sharedMemoryKiB, threadsText, threadTimesUs } from './processor-time.ts';
import { kamailioVersion, type Server, startKamailioTls, startRingfence } from './servers.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  allowNegative: true,
  options: {
    pairs: { type: 'string', default: '10' },
    seconds: { type: 'string', default: '20' },
    /** Calls a second. */
    rate: { type: 'string', default: '50' },
    connections: { type: 'string', default: '1000' },
    /** ClientHellos a second. */
    hellos: { type: 'string', default: '5000' },
    /** What the calling phones use: tls, tcp or udp. */
    transport: { type: 'string', default: 'tls' },
    /** A checkout of Ringfence to compare with, in place of Kamailio. */
    peer: { type: 'string' },
    /** Our server alone, as for a profile. */
    alone: { type: 'boolean', default: false },
    /** Options of Node for our server, between blanks, and for that of `peer`. */
    node: { type: 'string', default: '' },
    'peer-node': { type: 'string', default: '' },
    /** Both servers under load at the same time: what else the machine does then hits both alike. */
    together: { type: 'boolean', default: false },
    /** `--no-memory` leaves out what a connection takes. */
    memory: { type: 'boolean', default: true },
    keep: { type: 'boolean', default: false },
  },
});
const [kind] = positionals;
const seconds = Number(values.seconds);
const connections = Number(values.connections);
const metricsPort = 9477;
const p99Name = 'signalling_delay_seconds{quantile="0.99"}';
const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), 'ringfence-tls-'));
const stops: (() => Promise<void> | void)[] = [() => rmSync(folder, { recursive: true })];

/** Phones in a process of their own; resolves when they are connected and registered. */
async function stand(words: Readonly<Record<string, string | number>>): Promise<LoadProcess> {
  const phones = new LoadProcess('phone-load.ts', words);
  stops.push(() => phones.end());
  await phones.told();
  return phones;
}

function round(phones: LoadProcess): Promise<{ readonly done: number; readonly failed: number }> {
  return phones.ask('round');
}

function startOurs(): Promise<Server> {
  return startState('ringfence', join(import.meta.dirname, '..', '..'), values.node, 5080, metricsPort);
}

/** A state of our server, with TLS at the port after that of TCP and UDP. */
function startState(
  name: Server['name'],
  checkout: string,
  options: string,
  port: number,
  metrics: number,
): Promise<Server> {
  const settings = {
    ...{ tcp_port: port, usetls: true, localtlsport: port + 1, wss_port: 0, metrics_port: metrics },
    ...{ max_tcp_connections: 8000, max_tcp_connections_per_source: 100 },
    // The phones come in one burst, from addresses that nobody knows yet.
    ...(kind === 'calls' ? { tls_handshake_rate: 10_000 } : {}),
  };
  const nodeOptions = options.split(' ').filter((option) => option !== '');
  return startRingfence(mkdtempSync(join(folder, 'server-')), connections, { name, checkout, nodeOptions, settings });
}

/** Kamailio 5.6 over OpenSSL 3 dies now and then of a burst of handshakes; such a try is made again. */
async function again<T>(attempt: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await attempt();
    } catch (error) {
      if (tries === 6) throw error;
      console.log(`again: ${String(error)}`);
    }
  }
}

/**
 * KiB for each connection that stands, phone registered, above as many that stood before: the first also fill pools and
 * caches, which are no connection's own.
 */
async function memoryOf(start: () => Promise<Server>, transport: 'tcp' | 'tls'): Promise<number> {
  const server = await start();
  try {
    // An engine that collects garbage gives memory back when it has been idle.
    const idleMs = server.name === 'ringfence' ? 10_000 : 2000;
    const port = transport === 'tls' ? server.port + 1 : server.port;
    const first = await stand({ transport, port, connections, network: 1 });
    await pause(idleMs);
    const before = sharedMemoryKiB(server.pid);
    const second = await stand({ transport, port, connections, network: 2 });
    await pause(idleMs);
    const after = sharedMemoryKiB(server.pid);
    for (const phones of [first, second]) await phones.end();
    return (after - before) / connections;
  } finally {
    await server.stop();
  }
}

/** A server with phones that stand and will call. */
async function withPhones(
  start: () => Promise<Server>,
): Promise<{ readonly server: Server; readonly phones: LoadProcess }> {
  const server = await start();
  stops.push(() => server.stop());
  try {
    const { transport } = values;
    const port = transport === 'tls' ? server.port + 1 : server.port;
    const words = { transport, port, connections, rate: Number(values.rate), seconds };
    return { server, phones: await stand(words) };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

async function compareCalls(): Promise<void> {
  stops.push(startAnswering(folder));
  const { peer } = values;
  const startPeer = (): Promise<Server> =>
    peer === undefined ? startKamailioTls(folder) : startState('peer', resolve(peer), values['peer-node'], 5070, 0);
  const starts = values.alone ? [startOurs] : [startPeer, startOurs];
  const memory: string[] = [];
  for (const start of values.memory ? starts : []) {
    const [tcp, tls] = [await again(() => memoryOf(start, 'tcp')), await again(() => memoryOf(start, 'tls'))];
    const name = start === startOurs ? 'Ringfence' : (peer ?? 'Kamailio');
    memory.push(`${name}: ${tcp.toFixed(1)} KiB a TCP connection, ${tls.toFixed(1)} KiB a TLS connection`);
    console.log(memory.at(-1));
  }
  const rounds: Record<Server['name'], Round[]> = { peer: [], ringfence: [] };
  const loaded: { readonly server: Server; readonly phones: LoadProcess }[] = [];
  for (const start of starts) loaded.push(await again(() => withPhones(start)));
  const measure = async ({ server, phones }: (typeof loaded)[number], isWarm: boolean): Promise<void> => {
    const [before, threadsBefore] = [processorTimeUs(server.pid), threadTimesUs(server.pid)];
    const { done, failed } = await round(phones);
    const microsecondsPerOperation = (processorTimeUs(server.pid) - before) / done;
    console.log(`${server.name} ${microsecondsPerOperation.toFixed(1)} us, ${done} done, ${failed} failed`);
    console.log(`  by thread: ${threadsText(threadsBefore, threadTimesUs(server.pid), done)}`);
    if (isWarm) rounds[server.name].push({ microsecondsPerOperation, operations: done, failed, repeated: 0 });
  };
  const pairs = Number(values.pairs);
  // The first pair warms up.
  for (let pair = -1; pair < pairs; pair++) {
    if (values.together) await Promise.all(loaded.map((one) => measure(one, pair >= 0)));
    else for (const one of pair % 2 === 0 ? loaded : loaded.toReversed()) await measure(one, pair >= 0);
  }
  const about = machine(peer ?? (await kamailioVersion()));
  const how = values.together ? 'pairs at the same time' : 'interleaved pairs';
  const measured = memory.length === 0 ? '' : `; memory in steps of ${connections} connections: ${memory.join('; ')}`;
  const setUp = `${pairs} ${how} of ${seconds} s at ${values.rate} calls/s of 100 ms over ${connections} standing ${values.transport.toUpperCase()} connections${measured}`;
  const report = page('Calls over TLS', 'call', about, setUp, rounds);
  keep('tls-calls', about.date, { machine: about, setUp, ratio: spread(ratios(rounds)), rounds }, report);
}

/** What a client of OpenSSL says first. */
async function helloFile(): Promise<string> {
  const file = join(folder, 'hello');
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', (octets: Buffer) => {
      writeFileSync(file, octets);
      socket.destroy();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const bound = server.address();
  const port = bound === null || typeof bound === 'string' ? 0 : bound.port;
  await new Promise((resolve) =>
    connect({ port, host: '127.0.0.1' })
      .on('error', () => {})
      .once('close', resolve),
  );
  server.close();
  return file;
}

async function underStrangers(): Promise<void> {
  const hellos = join(folder, 'hellos');
  await run('gcc', ['-O2', '-o', hellos, join(import.meta.dirname, 'hellos.c')]);
  const hello = await helloFile();
  const server = await startOurs();
  stops.push(() => server.stop());
  stops.push(startAnswering(folder));
  const [udp, tls] = [
    { transport: 'udp', port: server.port },
    { transport: 'tls', port: server.port + 1 },
  ];
  const loads = {
    'registrations over UDP': await stand({
      ...udp,
      network: 3,
      connections: 20,
      rate: 20,
      seconds,
      does: 'register',
    }),
    'calls over UDP': await stand({ ...udp, network: 4, connections: 20, rate: 5, seconds, does: 'call' }),
    'calls over standing TLS': await stand({ ...tls, network: 5, connections: 50, rate: 5, seconds }),
    'phones that come back over TLS': await stand({
      ...tls,
      network: 6,
      connections: 20,
      rate: 5,
      seconds,
      does: 'return',
    }),
  };
  const lines: string[] = [];
  for (const rate of [0, Number(values.hellos)]) {
    // The delay is told since it was last asked for.
    await metricOf(metricsPort, p99Name);
    const flood = run(hellos, ['127.0.0.1', `${server.port + 1}`, `${rate}`, `${seconds + 1}`, hello]);
    const served = await Promise.all(
      Object.entries(loads).map(async ([name, load]) => [name, await round(load)] as const),
    );
    const p99Ms = 1000 * (await metricOf(metricsPort, p99Name));
    const { stdout } = await flood;
    const shares = served.map(([name, { done, failed }]) => `${name} ${done} of ${done + failed}`);
    const { done, failed } = served.reduce(
      (sum, [, one]) => ({ done: sum.done + one.done, failed: sum.failed + one.failed }),
      { done: 0, failed: 0 },
    );
    const share = ((100 * done) / (done + failed)).toFixed(2);
    lines.push(`| ${rate} (${stdout.trim()}) | ${shares.join(', ')} | ${share} % | ${p99Ms.toFixed(1)} |`);
    console.log(lines.at(-1));
  }
  const about = machine('none');
  const report = [
    '# Strangers with ClientHellos',
    '',
    `${about.date}, ${about.processor}, ${about.cores} cores, Linux ${about.kernel}, Node ${about.node}`,
    '',
    `${seconds} s each; strangers come from 4000 addresses and never finish a handshake; known phones register and call.`,
    '',
    '| ClientHellos a second | served | share | event-loop delay of signalling, p99, ms |',
    '| --- | --- | --- | --- |',
    ...lines,
    '',
  ].join('\n');
  keep('tls-strangers', about.date, { machine: about, lines }, report);
}

function keep(name: string, date: string, data: object, report: string): void {
  console.log(`\n${report}`);
  if (values.keep) keepResults(name, date, data, report);
}

try {
  if (kind === 'calls') await compareCalls();
  else if (kind === 'strangers') await underStrangers();
  else throw new Error('say calls or strangers');
} finally {
  for (const stop of stops.toReversed()) await stop();
}

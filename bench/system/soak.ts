// A soak: registrations, calls over UDP and TLS, and phones that come back, for as long as `--minutes` says, at `--calls` a
// second, and as many calls over UDP besides as `--sipp` says, which bring the server to half load. Tells each minute what the server holds, and fails when memory grows or something is left over after the end.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { answerCalls } from './answering.ts';
import { keepResults, machine } from './figures.ts';
import { Inspector } from './inspector.ts';
import { LoadProcess } from './load-process.ts';
import { callLoad } from './loads.ts';
import { metricOf } from './metric.ts';
import { sharedMemoryKiB } from './processor-time.ts';
import { startRingfence } from './servers.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '30' },
    /** Calls a second over UDP, and a quarter as many over TLS. */
    calls: { type: 'string', default: '8' },
    /** Calls of 100 ms a second that sipp makes besides. */
    sipp: { type: 'string', default: '0' },
    /** Without it, nothing is written. */
    keep: { type: 'boolean', default: false },
  },
});
const minutes = Number(values.minutes);
const rate = Number(values.calls);
const sippRate = Number(values.sipp);
const minuteS = 60;
/** Apart from those of the other benches: a soak is long, and light beside them. */
const place = { port: 5180, mediaPort: 31_000, trunk: { address: '127.0.0.96', port: 5095 } };
const metricsPort = 9481;
const inspectorPort = 9482;
/** Longer than any transaction is remembered. */
const settleMs = 75_000;
/** What a minute's look may be above that of the third minute, when caches are full: a tenth, and 2 MiB. */
const mayGrow = { share: 0.1, octets: 2 * 1_048_576 };
const folder = mkdtempSync(join(tmpdir(), 'ringfence-soak-'));
const stops: (() => Promise<void> | void)[] = [() => rmSync(folder, { recursive: true })];

/** What has to be as before once the phones have gone. */
const countedNames = [
  'calls',
  'bindings',
  'transactions',
  'dialogs',
  'lines',
  'tcp_connections',
  'lease_drift_total',
] as const;

interface Minute {
  readonly minute: number;
  readonly done: number;
  readonly failed: number;
  readonly heapMiB: number;
  readonly processMiB: number;
  readonly p99Ms: number;
  /** Share of its time that the signalling thread worked. */
  readonly busy: number;
  readonly counted: Readonly<Record<string, number>>;
}

async function soak(): Promise<readonly string[]> {
  const server = await startRingfence(folder, 200, {
    ...{ name: 'ringfence', checkout: join(import.meta.dirname, '..', '..'), place },
    nodeOptions: [`--inspect=127.0.0.1:${inspectorPort}`],
    settings: {
      ...{ metrics_port: metricsPort, tcp_port: place.port, usetls: true, localtlsport: place.port + 1, wss_port: 0 },
      ...{ max_tcp_connections_per_source: 100 },
    },
  });
  stops.push(() => server.stop());
  stops.push(answerCalls(place.trunk));
  const inspector = await Inspector.connect(inspectorPort);
  stops.push(() => inspector.close());
  const [udp, tls] = [
    { transport: 'udp', port: server.port, seconds: minuteS },
    { transport: 'tls', port: server.port + 1, seconds: minuteS },
  ];
  const loads = [
    new LoadProcess('phone-load.ts', { ...udp, network: 11, connections: 100, rate, does: 'call', talk: 2000 }),
    new LoadProcess('phone-load.ts', {
      ...tls,
      network: 12,
      connections: 50,
      rate: rate / 4,
      does: 'call',
      talk: 2000,
    }),
    new LoadProcess('phone-load.ts', { ...udp, network: 13, connections: 100, rate: 2 * rate, does: 'register' }),
    new LoadProcess('phone-load.ts', { ...tls, network: 14, connections: 20, rate: rate / 8, does: 'return' }),
  ];
  for (const load of loads) stops.push(() => load.end());
  const counted = async (): Promise<Record<string, number>> => {
    const entries: [string, number][] = [];
    for (const name of countedNames) entries.push([name, await metricOf(metricsPort, name)]);
    return Object.fromEntries(entries);
  };
  const before = await counted();
  const told: Minute[] = [];
  const tell = async (minute: number, rounds: readonly { done: number; failed: number }[]): Promise<void> => {
    // Before garbage is collected for the next figure: that holds everything up.
    const p99Ms = 1000 * (await metricOf(metricsPort, 'signalling_delay_seconds{quantile="0.99"}'));
    const busy = await inspector.utilization();
    const { heap, outside } = await inspector.retained();
    const look = {
      minute,
      done: rounds.reduce((sum, { done }) => sum + done, 0),
      failed: rounds.reduce((sum, { failed }) => sum + failed, 0),
      heapMiB: (heap + outside) / 1_048_576,
      processMiB: sharedMemoryKiB(server.pid) / 1024,
      p99Ms,
      busy,
      counted: await counted(),
    };
    told.push(look);
    console.log(JSON.stringify(look));
    // The next minute's delays and work begin here.
    await metricOf(metricsPort, 'calls');
    await inspector.utilization();
  };
  for (const load of loads) await load.told();
  await inspector.utilization();
  for (let minute = 1; minute <= minutes; minute++) {
    const sipp = sippRate === 0 ? undefined : callLoad(folder, sippRate, minuteS)(server);
    const rounds = await Promise.all(loads.map((load) => load.ask<{ done: number; failed: number }>('round')));
    const bySipp = await sipp;
    await tell(minute, bySipp === undefined ? rounds : [...rounds, { done: bySipp.operations, failed: bySipp.failed }]);
  }
  for (const load of loads) await load.end();
  await pause(settleMs);
  await tell(minutes + 1, []);
  return report(told, faultsOf(told, before));
}

function faultsOf(told: readonly Minute[], before: Readonly<Record<string, number>>): readonly string[] {
  const last = told.at(-1);
  const base = told[2] ?? told[0];
  if (last === undefined || base === undefined) return ['nothing was measured'];
  const left = countedNames.filter((name) => last.counted[name] !== before[name]);
  const bound = base.heapMiB * (1 + mayGrow.share) + mayGrow.octets / 1_048_576;
  const grown = told.filter(({ heapMiB }) => heapMiB > bound);
  const failed = told.reduce((sum, minute) => sum + minute.failed, 0);
  return [
    ...left.map((name) => `${name} is ${last.counted[name]} after the end, and was ${before[name]}`),
    ...grown.map(({ minute, heapMiB }) => `minute ${minute}: ${heapMiB.toFixed(1)} MiB, more than ${bound.toFixed(1)}`),
    ...(failed === 0 ? [] : [`${failed} operations failed`]),
  ];
}

function report(told: readonly Minute[], faults: readonly string[]): readonly string[] {
  const about = machine('none');
  const text = [
    '# Soak',
    '',
    `${about.date}, ${about.processor}, ${about.cores} cores, Linux ${about.kernel}, Node ${about.node}`,
    '',
    `${minutes} minutes: ${rate} calls/s of 2 s over UDP and ${rate / 4} over TLS, ${sippRate} of 100 ms over UDP, ${2 * rate} registrations/s, and a phone that comes back over TLS every ${8 / rate} s. The last line is ${settleMs / 1000} s after the end. ${faults.length === 0 ? 'Memory is flat, nothing is left over, nothing failed.' : `**Faults: ${faults.join('; ')}.**`}`,
    '',
    '| minute | done, failed | heap of signalling, MiB | process, MiB | delay p99, ms | busy | calls, bindings, transactions, dialogs |',
    '| --- | --- | --- | --- | --- | --- | --- |',
    ...told.map(({ minute, done, failed, heapMiB, processMiB, p99Ms, busy, counted: now }) => {
      const held = [now['calls'], now['bindings'], now['transactions'], now['dialogs']].join(', ');
      return `| ${minute} | ${done}, ${failed} | ${heapMiB.toFixed(1)} | ${processMiB.toFixed(0)} | ${p99Ms.toFixed(1)} | ${(100 * busy).toFixed(0)} % | ${held} |`;
    }),
    '',
  ].join('\n');
  console.log(`\n${text}`);
  if (values.keep) keepResults('soak', about.date, { machine: about, told, faults }, text);
  return faults;
}

try {
  const faults = await soak();
  if (faults.length > 0) process.exitCode = 1;
} finally {
  for (const stop of stops.toReversed()) await stop();
}

// How late the signalling thread is at half load: calls over UDP, of sipp, at the rate at which it works half of its time.
// `node bench/system/delay.ts [--seconds 30] [--busy 0.5]`; docs/benchmarks.md tells how to read it.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { keepResults, machine } from './figures.ts';
import { Inspector } from './inspector.ts';
import { callLoad, startAnswering } from './loads.ts';
import { metricOf } from './metric.ts';
import { startRingfence } from './servers.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '30' },
    /** Share of its time that the signalling thread is to work. */
    busy: { type: 'string', default: '0.5' },
    /** Without it, nothing is written. */
    keep: { type: 'boolean', default: false },
  },
});
const seconds = Number(values.seconds);
const goal = Number(values.busy);
const users = 100;
const firstRate = 60;
/** A call costs less the more there are of them: the rate for a share is found in steps. */
const mostSteps = 5;
const nearEnough = 0.03;
const metricsPort = 9479;
const inspectorPort = 9480;
const folder = mkdtempSync(join(tmpdir(), 'ringfence-delay-'));
const stops: (() => Promise<void> | void)[] = [() => rmSync(folder, { recursive: true })];

interface Look {
  readonly rate: number;
  readonly done: number;
  readonly failed: number;
  readonly busy: number;
  readonly medianMs: number;
  readonly p99Ms: number;
  readonly mostMs: number;
}

async function measure(): Promise<void> {
  const server = await startRingfence(folder, users, {
    ...{ name: 'ringfence', checkout: join(import.meta.dirname, '..', '..') },
    nodeOptions: [`--inspect=127.0.0.1:${inspectorPort}`],
    settings: { metrics_port: metricsPort },
  });
  stops.push(() => server.stop());
  stops.push(startAnswering(folder));
  const inspector = await Inspector.connect(inspectorPort);
  stops.push(() => inspector.close());
  const delayMs = async (quantile: string): Promise<number> =>
    1000 * (await metricOf(metricsPort, `signalling_delay_seconds{quantile="${quantile}"}`));
  const looks: Look[] = [];
  const look = async (rate: number, forS: number): Promise<Look> => {
    await inspector.utilization();
    await delayMs('1');
    const load = rate === 0 ? undefined : callLoad(folder, rate, forS);
    const { operations: done, failed } = (await load?.(server)) ?? { operations: 0, failed: 0 };
    if (load === undefined) await pause(forS * 1000);
    const busy = await inspector.utilization();
    // The figures are told since they were last asked for: one reading has all three.
    const text = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text();
    const ms = (quantile: string): number =>
      1000 * Number(new RegExp(`signalling_delay_seconds\\{quantile="${quantile}"\\} (\\S+)`).exec(text)?.[1]);
    const taken = { rate, done, failed, busy, medianMs: ms('0.5'), p99Ms: ms('0.99'), mostMs: ms('1') };
    looks.push(taken);
    console.log(JSON.stringify(taken));
    return taken;
  };
  await look(firstRate, 8);
  await look(0, 10);
  let { busy } = await look(firstRate, 8);
  let rate = firstRate;
  for (let step = 0; step < mostSteps && Math.abs(busy - goal) > nearEnough; step++) {
    rate = Math.max(1, Math.round((rate * goal) / busy));
    ({ busy } = await look(rate, 8));
  }
  await look(rate, seconds);
  const about = machine('none');
  const text = [
    '# Event-loop delay of signalling',
    '',
    `${about.date}, ${about.processor}, ${about.cores} cores, Linux ${about.kernel}, Node ${about.node}`,
    '',
    'Calls of 100 ms over UDP (407, 200, BYE) by sipp, which shares the machine with the server.',
    '',
    '| calls a second | done, failed | signalling thread busy | delay: median, p99, worst, ms |',
    '| --- | --- | --- | --- |',
    ...looks.slice(1).map((one) => {
      const delays = [one.medianMs, one.p99Ms, one.mostMs].map((ms) => ms.toFixed(1)).join(', ');
      return `| ${one.rate} | ${one.done}, ${one.failed} | ${(100 * one.busy).toFixed(0)} % | ${delays} |`;
    }),
    '',
  ].join('\n');
  console.log(`\n${text}`);
  if (values.keep) keepResults('delay', about.date, { machine: about, looks }, text);
}

try {
  await measure();
} finally {
  for (const stop of stops.toReversed()) await stop();
}

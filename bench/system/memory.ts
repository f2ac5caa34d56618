// What bindings and calls in progress take of memory, and whether it is given back: `bindings [--count 100000]` and
// `calls [--count 10000]`. docs/benchmarks.md tells how to read it.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { keepResults, machine } from './figures.ts';
import { Inspector, type Retained } from './inspector.ts';
import { LoadProcess } from './load-process.ts';
import { sharedMemoryKiB } from './processor-time.ts';
import { startRingfence } from './servers.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    count: { type: 'string' },
    /** Without it, nothing is written. */
    keep: { type: 'boolean', default: false },
    /** Writes a heap snapshot of the signalling thread to this file while all stand. */
    snapshot: { type: 'string' },
  },
});
const [kind] = positionals;
if (kind !== 'bindings' && kind !== 'calls') throw new Error('say bindings or calls');
const count = Number(values.count ?? (kind === 'bindings' ? 100_000 : 10_000));
/** Done first and then undone: it fills pools, caches and compiled code, which belong to no binding and no call. */
const first = Math.ceil(count / 20);
const inspectorPort = 9478;
/** Answers are kept for half a minute for those who ask again. */
const settleMs = 34_000;
const folder = mkdtempSync(join(tmpdir(), 'ringfence-memory-'));
const stops: (() => Promise<void> | void)[] = [() => rmSync(folder, { recursive: true })];

interface Look extends Retained {
  readonly when: string;
  /** Of the whole process with all its threads. */
  readonly processKiB: number;
}

async function measure(): Promise<void> {
  const users = kind === 'bindings' ? Math.ceil(count / 10) : 200;
  const server = await startRingfence(folder, users, {
    ...{ name: 'ringfence', checkout: join(import.meta.dirname, '..', '..') },
    nodeOptions: [`--inspect=127.0.0.1:${inspectorPort}`, '--import', join(import.meta.dirname, 'without-media.ts')],
    settings:
      kind === 'bindings'
        ? { max_bindings: count + 1 }
        : // As many again while they are set up and ended.
          { max_calls: 2 * count, start_rtp_port: 10_000, end_rtp_port: 65_535, rtp_pool_ahead: 256 },
  });
  stops.push(() => server.stop());
  const inspector = await Inspector.connect(inspectorPort);
  const load = new LoadProcess('standing-load.ts', { port: server.port, users });
  stops.push(() => load.end());
  const looks: Look[] = [];
  const look = async (when: string): Promise<Look> => {
    const taken = { when, ...(await inspector.retained()), processKiB: sharedMemoryKiB(server.pid) };
    looks.push(taken);
    console.log(JSON.stringify(taken));
    return taken;
  };
  const ask = async (line: string): Promise<number> => (await load.ask<{ readonly done: number }>(line)).done;
  const begin = (many: number): Promise<number> => ask(kind === 'bindings' ? `register 0 ${many}` : `call ${many}`);
  const end = (many: number): Promise<number> => ask(kind === 'bindings' ? `unregister 0 ${many}` : 'hang');
  await begin(first);
  await end(first);
  await pause(settleMs);
  const before = await look('before');
  const begun = await begin(count);
  const busy = await look('at once');
  await pause(settleMs);
  const standing = await look('standing');
  if (values.snapshot !== undefined) writeFileSync(values.snapshot, await inspector.snapshot());
  const ended = await end(count);
  await pause(settleMs);
  const after = await look('ended');
  inspector.close();
  report(looks, {
    begun,
    ended,
    busy: each(before, busy),
    standing: each(before, standing),
    left: each(before, after),
  });
}

/** Octets for each binding or call. */
function each(from: Retained, to: Retained): number {
  return (to.heap + to.outside - from.heap - from.outside) / count;
}

interface Figures {
  readonly begun: number;
  readonly ended: number;
  readonly busy: number;
  readonly standing: number;
  readonly left: number;
}

function report(looks: readonly Look[], figures: Figures): void {
  const about = machine('none');
  const what = kind === 'bindings' ? 'binding' : 'call';
  const octets = (value: number): string => value.toFixed(0);
  const text = [
    `# Memory of ${count} ${what}s`,
    '',
    `${about.date}, ${about.processor}, ${about.cores} cores, Linux ${about.kernel}, Node ${about.node}`,
    '',
    `${figures.begun} begun, ${figures.ended} ended. Octets of the signalling thread (heap and what belongs to it, after garbage is collected) for each ${what}: ${octets(figures.busy)} when the last had begun, **${octets(figures.standing)}** 34 s later, ${octets(figures.left)} 34 s after it.`,
    '',
    '| when | heap, MiB | outside the heap, MiB | whole process, MiB |',
    '| --- | --- | --- | --- |',
    ...looks.map(({ when, heap, outside, processKiB }) => {
      const [inside, beside] = [heap, outside].map((size) => (size / 1_048_576).toFixed(1));
      return `| ${when} | ${inside} | ${beside} | ${(processKiB / 1024).toFixed(0)} |`;
    }),
    '',
  ].join('\n');
  console.log(`\n${text}`);
  if (values.keep) keepResults(`memory-${kind}`, about.date, { machine: about, count, looks, figures }, text);
}

try {
  await measure();
} finally {
  for (const stop of stops.toReversed()) await stop();
}

// Compares the whole server with Kamailio, or with another state of itself: CPU time of all its threads for each
// registration or call, in interleaved pairs of rounds on loopback. docs/benchmarks.md tells how to run it and how to read it.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { machine, page, type Round, ratios, spread } from './figures.ts';
import { callLoad, type Load, registerLoad, startAnswering } from './loads.ts';
import { residentMiB } from './processor-time.ts';
import { kamailioVersion, type Server, startKamailio, startRingfence } from './servers.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    pairs: { type: 'string', default: '10' },
    /** Rounds of each server before those that count: the engine compiles what runs often, for a minute and more. */
    'warm-up': { type: 'string', default: '1' },
    /** Of one round of calls. */
    seconds: { type: 'string', default: '20' },
    rate: { type: 'string', default: '100' },
    /** Registrations of one round. */
    operations: { type: 'string', default: '15000' },
    users: { type: 'string', default: '1000' },
    /** Our server alone, as for a profile. */
    alone: { type: 'boolean', default: false },
    /** Options of Node for our server, between blanks. */
    node: { type: 'string', default: '' },
    /** A checkout of Ringfence to compare with, in place of Kamailio, and its options of Node. */
    peer: { type: 'string' },
    'peer-node': { type: 'string', default: '' },
    /** Both servers under load at the same time: what else the machine does then hits both alike. */
    together: { type: 'boolean', default: false },
    /** Our server with every limit and a price list, against itself without any limit or price. */
    limits: { type: 'boolean', default: false },
    /** Without it, nothing is written. */
    keep: { type: 'boolean', default: false },
  },
});
const [kind] = positionals;
if (kind !== 'register' && kind !== 'calls') throw new Error('say register or calls');
const pairs = Number(values.pairs);
const warmUps = Number(values['warm-up']);
const seconds = Number(values.seconds);
const rate = Number(values.rate);
const operations = Number(values.operations);
const users = kind === 'register' ? Number(values.users) : 10;
const how = `${values.together ? 'pairs of rounds at the same time' : 'interleaved pairs'} after ${warmUps} not counted`;
const setUp =
  kind === 'register'
    ? `${pairs} ${how}, of ${operations} registrations (401, then 200) of ${users} users, 32 at once; Kamailio keeps bindings in memory, Ringfence on disk`
    : values.limits
      ? `${pairs} ${how}, of ${seconds} s at ${rate} calls/s of 100 ms (407, 200, BYE) to a SIP server; every limit on every account, both sides by price lists of 10,000 prefixes, against no limit and no price`
      : `${pairs} ${how}, of ${seconds} s at ${rate} calls/s of 100 ms (407, 200, BYE) to a SIP server; Kamailio as a proxy with dialogs, Ringfence as a B2BUA with its media relay set up and a durable CDR for each`;

const folder = mkdtempSync(join(tmpdir(), 'ringfence-system-'));
const stops: (() => Promise<void> | void)[] = [];
try {
  const load = await loadOf(kind);
  const servers = await startServers(kind);
  const rounds: Record<Server['name'], Round[]> = { peer: [], ringfence: [] };
  const measure = async (server: Server): Promise<void> => {
    const round = await load(server);
    rounds[server.name].push(round);
    const { microsecondsPerOperation, failed, repeated } = round;
    console.log(
      `${server.name} ${microsecondsPerOperation.toFixed(1)} us, ${failed} failed, ${repeated} sent again, ${residentMiB(server.pid).toFixed(0)} MiB`,
    );
  };
  for (let round = 0; round < warmUps; round++) {
    if (values.together) await Promise.all(servers.map(load));
    else for (const server of servers) await load(server);
  }
  for (let pair = 0; pair < pairs; pair++) {
    if (values.together) await Promise.all(servers.map(measure));
    // Who goes first changes, so that a drift of the machine hits both.
    else for (const server of pair % 2 === 0 ? servers : servers.toReversed()) await measure(server);
  }
  const about = machine(
    values.limits
      ? 'no limits'
      : values.peer === undefined
        ? await kamailioVersion()
        : `${values.peer} ${values['peer-node']}`.trim(),
  );
  const title = kind === 'register' ? 'Registrations' : values.limits ? 'Calls under all limits' : 'Calls';
  const report = page(title, kind === 'register' ? 'registration' : 'call', about, setUp, rounds);
  console.log(`\n${report}`);
  if (values.keep) {
    const results = join(import.meta.dirname, '..', 'results');
    mkdirSync(results, { recursive: true });
    const name = join(results, `${values.limits ? 'limits' : kind}-${about.date.slice(0, 16).replaceAll(':', '')}`);
    const data = { kind, machine: about, setUp, ratio: spread(ratios(rounds)), rounds };
    writeFileSync(`${name}.json`, `${JSON.stringify(data, null, 2)}\n`);
    writeFileSync(`${name}.md`, report);
  }
} finally {
  for (const stop of stops.toReversed()) await stop();
  rmSync(folder, { recursive: true });
}

async function loadOf(of: 'register' | 'calls'): Promise<Load> {
  if (of === 'register') return registerLoad(folder, operations, users);
  stops.push(startAnswering(folder));
  return callLoad(folder, rate, seconds, values.limits ? '0043123456789' : '200');
}

async function startServers(config: 'register' | 'calls'): Promise<readonly Server[]> {
  const servers: Server[] = [];
  const add = (server: Server): void => {
    servers.push(server);
    stops.push(() => server.stop());
  };
  const optionsOf = (text: string): string[] => text.split(' ').filter((option) => option !== '');
  const checkout = join(import.meta.dirname, '..', '..');
  const limited = values.limits ? { limits: 'all' as const } : {};
  if (values.limits && !values.alone) {
    const nodeOptions = optionsOf(values['peer-node']);
    const unlimited = { name: 'peer', checkout: resolve(values.peer ?? checkout), nodeOptions } as const;
    add(await startRingfence(folder, users, { ...unlimited, limits: values.peer === undefined ? 'none' : 'all' }));
  } else if (!values.alone && values.peer === undefined) add(await startKamailio(config, folder));
  if (values.peer !== undefined && !values.limits) {
    const nodeOptions = optionsOf(values['peer-node']);
    add(await startRingfence(folder, users, { name: 'peer', checkout: resolve(values.peer), nodeOptions }));
  }
  const own = { name: 'ringfence', checkout, nodeOptions: optionsOf(values.node), ...limited } as const;
  add(await startRingfence(folder, users, own));
  return servers;
}

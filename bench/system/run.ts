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
    /** Without it, nothing is written. */
    keep: { type: 'boolean', default: false },
  },
});
const [kind] = positionals;
if (kind !== 'register' && kind !== 'calls') throw new Error('say register or calls');
const pairs = Number(values.pairs);
const seconds = Number(values.seconds);
const rate = Number(values.rate);
const operations = Number(values.operations);
const users = kind === 'register' ? Number(values.users) : 10;
const setUp =
  kind === 'register'
    ? `${pairs} interleaved pairs of ${operations} registrations (401, then 200) of ${users} users, 32 at once; Kamailio keeps bindings in memory, Ringfence on disk`
    : `${pairs} interleaved pairs of ${seconds} s at ${rate} calls/s of 100 ms (407, 200, BYE) to a SIP server; Kamailio as a proxy with dialogs, Ringfence as a B2BUA with its media relay set up and a durable CDR for each`;

const folder = mkdtempSync(join(tmpdir(), 'ringfence-system-'));
const stops: (() => Promise<void> | void)[] = [];
try {
  const load = await loadOf(kind);
  const servers = await startServers(kind);
  const rounds: Record<Server['name'], Round[]> = { peer: [], ringfence: [] };
  for (const server of servers) await load(server); // warm up, not counted
  for (let pair = 0; pair < pairs; pair++) {
    // Who goes first changes, so that a drift of the machine hits both.
    for (const server of pair % 2 === 0 ? servers : servers.toReversed()) {
      const round = await load(server);
      rounds[server.name].push(round);
      const { microsecondsPerOperation, failed, repeated } = round;
      console.log(
        `${server.name} ${microsecondsPerOperation.toFixed(1)} us, ${failed} failed, ${repeated} sent again, ${residentMiB(server.pid).toFixed(0)} MiB`,
      );
    }
  }
  const about = machine(
    values.peer === undefined ? await kamailioVersion() : `${values.peer} ${values['peer-node']}`.trim(),
  );
  const title = kind === 'register' ? 'Registrations' : 'Calls';
  const report = page(title, kind === 'register' ? 'registration' : 'call', about, setUp, rounds);
  console.log(`\n${report}`);
  if (values.keep) {
    const results = join(import.meta.dirname, '..', 'results');
    mkdirSync(results, { recursive: true });
    const name = join(results, `${kind}-${about.date.slice(0, 16).replaceAll(':', '')}`);
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
  return callLoad(folder, rate, seconds);
}

async function startServers(config: 'register' | 'calls'): Promise<readonly Server[]> {
  const servers: Server[] = [];
  const add = (server: Server): void => {
    servers.push(server);
    stops.push(() => server.stop());
  };
  const optionsOf = (text: string): string[] => text.split(' ').filter((option) => option !== '');
  if (!values.alone && values.peer === undefined) add(await startKamailio(config, folder));
  if (values.peer !== undefined) {
    const nodeOptions = optionsOf(values['peer-node']);
    add(await startRingfence(folder, users, { name: 'peer', checkout: resolve(values.peer), nodeOptions }));
  }
  const checkout = join(import.meta.dirname, '..', '..');
  add(await startRingfence(folder, users, { name: 'ringfence', checkout, nodeOptions: optionsOf(values.node) }));
  return servers;
}

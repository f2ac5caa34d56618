import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { systemRandom } from '../../src/base/random/random.ts';
import { makeSelfSigned } from '../../src/tls/self-signed.ts';

const run = promisify(execFile);
const here = import.meta.dirname;

/** A server under load; both know the users u0, u1, ... with the password `secret` in the realm 127.0.0.1. */
export interface Server {
  readonly name: 'peer' | 'ringfence';
  readonly pid: number;
  readonly port: number;
  stop(): Promise<void>;
}

/** The called side of every call; an address of its own, because a SIP server is known by its address. */
export const trunk: { readonly address: string; readonly port: number } = { address: '127.0.0.95', port: 5095 };

export async function startKamailio(config: 'register' | 'calls' | 'flood', folder: string): Promise<Server> {
  const options = ['-f', join(here, `kamailio-${config}.cfg`), '-m', '512', '-M', '32', '-DD'];
  const child = spawn('/usr/sbin/kamailio', [...options, '-P', join(folder, 'kamailio.pid')], { stdio: 'ignore' });
  await pause(1500);
  return describe('peer', child, 5070);
}

/** The same over TLS at 5071, and over TCP at 5070, with a P-256 certificate of its own, as ours has. */
export async function startKamailioTls(folder: string): Promise<Server> {
  const { cert, key } = makeSelfSigned(['127.0.0.1'], systemRandom(), Date.now());
  writeFileSync(join(folder, 'cert.pem'), cert);
  writeFileSync(join(folder, 'key.pem'), key, { mode: 0o600 });
  const config = join(folder, 'kamailio-tls.cfg');
  const text = readFileSync(join(here, 'kamailio-tls.cfg'), 'utf8');
  writeFileSync(config, text.replaceAll('@FOLDER@', folder));
  const options = ['-f', config, '-m', '512', '-M', '32', '-DD', '-P', join(folder, 'kamailio.pid')];
  const child = spawn('/usr/sbin/kamailio', options, { stdio: 'ignore' });
  await pause(2500);
  return describe('peer', child, 5070);
}

export async function kamailioVersion(): Promise<string> {
  const { stdout } = await run('/usr/sbin/kamailio', ['-v']);
  return /kamailio (\d+\.\d+\.\d+)/.exec(stdout)?.[0] ?? 'kamailio';
}

export interface Variant {
  readonly name: Server['name'];
  /** Where its sources are: a peer may be another state of our own. */
  readonly checkout: string;
  /** Options of Node, as for a profile. */
  readonly nodeOptions: readonly string[];
  /** `all`: every limit is set on every account, and all pay by a price list. `none`: no rule has a limit. */
  readonly limits?: 'all' | 'none';
  /** Where it listens and what it calls, for a server that runs beside those of other benches. */
  readonly place?: { readonly port: number; readonly mediaPort: number; readonly trunk: typeof trunk };
  /** Settings besides, or in place of, those that every load needs. */
  readonly settings?: Readonly<Record<string, string | number | boolean>>;
}

/** A server of ours, with a data folder of its own. */
export async function startRingfence(folder: string, users: number, variant: Variant): Promise<Server> {
  const { name, checkout, nodeOptions } = variant;
  const program = join(checkout, 'bin', 'ringfence.mjs');
  const data = join(folder, name);
  mkdirSync(data);
  const usual =
    name === 'ringfence' ? { port: 5080, mediaPort: 20_000, trunk } : { port: 5070, mediaPort: 30_000, trunk };
  const { port, mediaPort, trunk: called } = variant.place ?? usual;
  const settings = {
    ...{
      udp_port: port,
      tcp_port: 0,
      usetls: false,
      metrics_port: 0,
      listen: '127.0.0.1',
      realm: '127.0.0.1',
      log_level: 'warn',
    },
    // The password of the load generators is fixed, and no good one.
    ...{ enforcestrongauth: false, validatepassword: 0, minpwdlength: 1 },
    // One address sends all of the load: the limits for a source would stop it, and rightly.
    profile: 'stress_test',
    // A few users at one address stand for many; the pace of each is looked at and not enforced.
    ...{ blocktoomuchpendingsession: 100_000, 'mode.abnormal_speed_close': 'observe' },
    ...{ start_rtp_port: mediaPort, end_rtp_port: mediaPort + 9999 },
  };
  const limits = variant.limits === undefined ? {} : variant.limits === 'all' ? everyLimit : noLimit;
  const assignments = Object.entries({ ...settings, ...limits, ...variant.settings }).flatMap(([name, value]) => [
    '--set',
    `${name}=${value}`,
  ]);
  const child = spawn(process.execPath, [...nodeOptions, program, 'serve', '--data', data, ...assignments], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const told: string[] = [];
  child.stderr?.setEncoding('utf8').on('data', (text: string) => told.push(text));
  const server = describe(name, child, port);
  await answering(join(data, 'control.sock'), child, told);
  const document = join(folder, `${name}.json`);
  writeFileSync(
    document,
    JSON.stringify(
      variant.limits === undefined ? importDocument(users, called) : limitedDocument(users, variant.limits),
    ),
  );
  try {
    // It tells every record.
    await run(process.execPath, [program, 'import', document, '--data', data], { maxBuffer: 64 * 1_048_576 });
  } catch (error) {
    await server.stop();
    throw error;
  }
  return server;
}

/** Waits until the server takes commands; a busy machine needs its time. */
async function answering(socket: string, child: ChildProcess, told: readonly string[]): Promise<void> {
  for (let tries = 0; tries < 300 && !existsSync(socket); tries++) {
    if (child.exitCode !== null) break;
    await pause(100);
  }
  if (child.exitCode !== null || !existsSync(socket)) throw new Error(`the server did not start: ${told.join('')}`);
}

function importDocument(users: number, called: typeof trunk): object {
  const medianetworks = '127.0.0.0/8';
  const names = Array.from({ length: users }, (_, at) => `u${at}`);
  return {
    // Every limit is on, and none of them is reached: a few users stand for many.
    users: names.map((name) => ({ name, password: 'secret', medianetworks, maxlines: '10000', maxcps: '1000' })),
    sipservers: [{ name: 'carrier', host: called.address, port: String(called.port), medianetworks }],
    dialrules: [{ name: 'three digits', pattern: 'XXX', sipservers: 'carrier' }],
  };
}

/** None of them is reached: what is measured is the asking. */
const everyLimit = {
  ...{ home_country: '43', licensecfg: 'calls=10000', maxcpsperip: 1000 },
  ...{ maxcallperip: 100_000, maxdurationperip: 100_000_000, maxcostperip: 1_000_000 },
  ...{ maxdailycreditforenduser: 1_000_000, checkmaxdyndailycredit: 2, maxdyndailycreditforenduser_min: 1_000_000 },
  ...{ blocknotbilledcalls: 1, blocknotprofitablecalls: 1, blockhighcostcalls: 90 },
};

const noLimit = {
  ...{
    home_country: '43',
    maxcpsperip: 0,
    checkmaxdyndailycredit: 0,
    blocknotprofitablecalls: 0,
    blockhighcostcalls: 0,
  },
  ...{ blocksatellitecalls: false, blockpremiumnumbers: false },
};

/** Prefixes of the price list and of the carrier's: the dialled number is found among many. */
const pricedPrefixes = 10_000;

function limitedDocument(users: number, limits: 'all' | 'none'): object {
  const medianetworks = '127.0.0.0/8';
  const names = Array.from({ length: users }, (_, at) => `u${at}`);
  const blank = { password: 'secret', medianetworks, international: 'true', maxlines: '0', maxcps: '0' };
  const carrier = { name: 'carrier', host: trunk.address, port: String(trunk.port), medianetworks };
  const dialrules = [{ name: 'abroad', pattern: '00.', sipservers: 'carrier' }];
  if (limits === 'none') {
    return { users: names.map((name) => ({ name, ...blank })), sipservers: [carrier], dialrules };
  }
  const own = {
    ...{
      maxlines: '10000',
      maxlinesoffpeak: '10000',
      maxcps: '1000',
      maxslperday: '900000000',
      maxslpermonth: '900000000',
    },
    ...{ credit: '1000000', maxmonthlycredit: '1000000', maxmonthlycreditinc: '1', maxmonthlycreditend: '2000000' },
  };
  const prices = (price: string): readonly object[] =>
    Array.from({ length: pricedPrefixes }, (_, at) => ({ prefix: `43${String(at).padStart(4, '0')}`, price }));
  return {
    users: names.map((name) => ({ name, ...blank, ...own, packets: 'home' })),
    sipservers: [
      {
        ...{ ...carrier, maxcalls: '10000', maxcps: '1000', maxslperday: '900000000', maxslpermonth: '900000000' },
        ...{ maxdailycredit: '1000000', packets: 'cost' },
      },
    ],
    dialrules,
    tariffs: [
      { name: 'retail', prices: prices('0.06') },
      { name: 'carrier', prices: prices('0.03') },
    ],
    packets: [
      { name: 'home', tariff: 'retail' },
      { name: 'cost', tariff: 'carrier' },
    ],
  };
}

function describe(name: Server['name'], child: ChildProcess, port: number): Server {
  const { pid } = child;
  if (pid === undefined || child.exitCode !== null) throw new Error(`${name} did not start`);
  const stop = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGTERM');
    await gone;
  };
  return { name, pid, port, stop };
}

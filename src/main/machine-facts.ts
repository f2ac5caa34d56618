import { readdir, readFile, readlink, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Listener, MachineFacts } from '../doctor/machine-checks.ts';

const maxProcesses = 4096;

/** Looks at this machine (Linux) without changing anything; what may not be seen is undefined. */
export async function machineFacts(
  dataFolder: string,
  own: Pick<MachineFacts, 'ownPorts' | 'mediaPorts'>,
): Promise<MachineFacts> {
  const shadow = await textOf('/etc/shadow');
  const passwd = await textOf('/etc/passwd');
  return {
    ...own,
    listeners: await listeners(),
    reversePath: await reversePath(),
    martiansLogged: await martiansLogged(),
    clockSynchronised: await clockSynchronised(),
    swapKb: swapOf(await textOf('/proc/swaps')),
    openFilesLimit: openFilesOf(await textOf('/proc/self/limits')),
    runsAsRoot: process.getuid?.() === 0,
    extraRoots: passwd === undefined ? undefined : extraRootsOf(passwd),
    withoutPassword: shadow === undefined ? undefined : passwordlessOf(shadow),
    openToOthers: await openToOthers(dataFolder),
  };
}

/** Sockets of /proc/net/{tcp,udp}{,6}: a TCP socket listens in state 0A, a UDP socket takes everything in state 07. */
export function readListeners(
  protocol: Listener['protocol'],
  table: string,
  programOf: (inode: string) => string | undefined,
): Listener[] {
  const listening = protocol === 'tcp' ? '0A' : '07';
  return table
    .split('\n')
    .slice(1)
    .flatMap((line) => {
      const fields = line.trim().split(/\s+/);
      const [hex = '', port = ''] = (fields[1] ?? '').split(':');
      if (fields[3] !== listening || hex === '') return [];
      return [
        { protocol, address: addressOf(hex), port: Number.parseInt(port, 16), program: programOf(fields[9] ?? '') },
      ];
    });
}

/** Host-order words in hex, as the kernel prints addresses: `0100007F` is 127.0.0.1. */
function addressOf(hex: string): string {
  const octets = (hex.match(/.{8}/g) ?? []).flatMap((word) => [...Buffer.from(word, 'hex')].reverse());
  if (octets.length === 4) return octets.join('.');
  const isMapped = octets.slice(0, 10).every((octet) => octet === 0) && octets[10] === 255;
  if (isMapped) return octets.slice(12).join('.');
  const words = Array.from({ length: 8 }, (_, at) => ((octets[2 * at] ?? 0) << 8) | (octets[2 * at + 1] ?? 0));
  if (words.every((word) => word === 0)) return '::';
  return words.slice(0, 7).every((word) => word === 0) && words[7] === 1
    ? '::1'
    : words.map((word) => word.toString(16)).join(':');
}

async function listeners(): Promise<readonly Listener[] | undefined> {
  const programs = await programsByInode();
  const found: Listener[] = [];
  let seen = false;
  for (const [file, protocol] of [
    ['tcp', 'tcp'],
    ['tcp6', 'tcp'],
    ['udp', 'udp'],
    ['udp6', 'udp'],
  ] as const) {
    const table = await textOf(`/proc/net/${file}`);
    if (table === undefined) continue;
    seen = true;
    found.push(...readListeners(protocol, table, (inode) => programs.get(inode)));
  }
  return seen ? found : undefined;
}

/** Which process holds a socket; without the rights of root only our own are told. */
async function programsByInode(): Promise<ReadonlyMap<string, string>> {
  const programs = new Map<string, string>();
  const processes = (await names('/proc')).filter((name) => /^\d+$/.test(name)).slice(0, maxProcesses);
  for (const id of processes) {
    const program = (await textOf(`/proc/${id}/comm`))?.trim();
    if (program === undefined) continue;
    for (const descriptor of await names(`/proc/${id}/fd`)) {
      const target = await readlink(`/proc/${id}/fd/${descriptor}`).catch(() => '');
      const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1];
      if (inode !== undefined) programs.set(inode, program);
    }
  }
  return programs;
}

/** The kernel takes the larger of the value for all interfaces and an interface's own. */
async function reversePath(): Promise<ReadonlyMap<string, number> | undefined> {
  const folder = '/proc/sys/net/ipv4/conf';
  const all = await textOf(`${folder}/all/rp_filter`);
  if (all === undefined) return undefined;
  const values = new Map<string, number>();
  for (const name of await names(folder)) {
    if (['all', 'default', 'lo'].includes(name)) continue;
    values.set(name, Math.max(Number(all), Number((await textOf(`${folder}/${name}/rp_filter`)) ?? 0)));
  }
  return values;
}

/** Impossible source addresses that the kernel drops are worth a line in its log: somebody tried. */
async function martiansLogged(): Promise<boolean | undefined> {
  const value = await textOf('/proc/sys/net/ipv4/conf/all/log_martians');
  return value === undefined ? undefined : Number(value) !== 0;
}

async function clockSynchronised(): Promise<boolean | undefined> {
  if ((await names('/run/systemd/timesync')).includes('synchronized')) return true;
  const processes = (await names('/proc')).filter((name) => /^\d+$/.test(name)).slice(0, maxProcesses);
  for (const id of processes) {
    const program = (await textOf(`/proc/${id}/comm`))?.trim();
    if (program === 'chronyd' || program === 'ntpd') return true;
    if (program === 'systemd-timesyn') return false;
  }
  return undefined;
}

export function swapOf(table: string | undefined): number | undefined {
  return table
    ?.split('\n')
    .slice(1)
    .reduce((sum, line) => sum + Number(line.trim().split(/\s+/)[2] ?? 0), 0);
}

export function openFilesOf(limits: string | undefined): number | undefined {
  const soft = /^Max open files\s+(\d+|unlimited)/m.exec(limits ?? '')?.[1];
  if (soft === undefined) return undefined;
  return soft === 'unlimited' ? Number.MAX_SAFE_INTEGER : Number(soft);
}

export function extraRootsOf(passwd: string): readonly string[] {
  return entries(passwd)
    .filter(([name, , id]) => id === '0' && name !== 'root')
    .map(([name = '']) => name);
}

export function passwordlessOf(shadow: string): readonly string[] {
  return entries(shadow)
    .filter(([name = '', password]) => name !== '' && password === '')
    .map(([name = '']) => name);
}

function entries(file: string): readonly (readonly string[])[] {
  return file.split('\n').map((line) => line.split(':'));
}

const othersMay = 0o077;

async function openToOthers(folder: string): Promise<readonly string[] | undefined> {
  const open: string[] = [];
  const look = async (name: string): Promise<void> => {
    const { mode } = await stat(join(folder, name));
    if ((mode & othersMay) !== 0) open.push(`${name} (${(mode & 0o777).toString(8)})`);
  };
  try {
    await look('.');
    // A folder that others cannot enter keeps what is in it.
    if (open.length === 0) return open;
    for (const name of await readdir(folder)) await look(name);
  } catch {
    return undefined;
  }
  return open;
}

async function names(folder: string): Promise<readonly string[]> {
  return readdir(folder).catch(() => []);
}

async function textOf(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch(() => undefined);
}

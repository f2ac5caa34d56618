import { type CheckResult, examine, type DoctorCheck, type Judgement, type Practice, unlessNone } from './check.ts';

/** A socket that takes what comes from the network. */
export interface Listener {
  readonly protocol: 'tcp' | 'udp';
  readonly address: string;
  readonly port: number;
  /** Name of the process; undefined where the system does not tell us. */
  readonly program: string | undefined;
}

/** What a program can see of the machine it runs on; undefined for what this one may not see. */
export interface MachineFacts {
  readonly listeners: readonly Listener[] | undefined;
  /** Ports that this server listens on, as `udp:5060`, and its range for media. */
  readonly ownPorts: ReadonlySet<string>;
  readonly mediaPorts: readonly [first: number, last: number];
  /** `rp_filter` by interface, loopback left out: 0 off, 1 strict, 2 loose. */
  readonly reversePath: ReadonlyMap<string, number> | undefined;
  /** Whether the kernel logs packets with impossible source addresses. */
  readonly martiansLogged: boolean | undefined;
  readonly clockSynchronised: boolean | undefined;
  readonly swapKb: number | undefined;
  readonly openFilesLimit: number | undefined;
  readonly runsAsRoot: boolean;
  /** Names of OS accounts other than root with user id 0, and of accounts that anybody can log in to. */
  readonly extraRoots: readonly string[] | undefined;
  readonly withoutPassword: readonly string[] | undefined;
  /** Files of the data folder that others than the owner can read or write, the folder itself as `.`. */
  readonly openToOthers: readonly string[] | undefined;
}

const fileServicePorts: ReadonlySet<number> = new Set([20, 21, 69, 111, 137, 138, 139, 445, 873, 2049]);
const databasePorts: ReadonlySet<number> = new Set([1433, 1521, 3306, 5432, 6379, 9200, 11_211, 27_017]);
const leastOpenFiles = 4096;

const practices: readonly Practice<MachineFacts>[] = [
  {
    name: 'other services',
    meaning: 'Every program that listens to the network is a way in beside this server.',
    remedy: 'Stop what is not needed (systemctl disable --now NAME), or let it listen on 127.0.0.1 only.',
    judge: (facts) => judgeListeners(facts, 'warning', ({ port }) => !isNamedElsewhere(port)),
  },
  {
    name: 'file and desktop sharing',
    meaning: 'FTP, NetBIOS, SMB, NFS and the like are for offices, and are attacked within minutes on the internet.',
    remedy: 'Switch these services off on a machine that serves calls.',
    judge: (facts) => judgeListeners(facts, 'fault', ({ port }) => fileServicePorts.has(port)),
  },
  {
    name: 'databases',
    meaning: 'A database that the network reaches is guessed at without anybody noticing. This server needs none.',
    remedy: 'Let the database listen on 127.0.0.1 only, or move it to another machine.',
    judge: (facts) => judgeListeners(facts, 'fault', ({ port }) => databasePorts.has(port)),
  },
  {
    name: 'SSH port',
    meaning: 'SSH on port 22 of every address is tried all day; with a password it is a matter of time.',
    remedy: 'Allow keys only (PasswordAuthentication no), and bind it to a private address or another port.',
    judge: (facts) => judgeListeners(facts, 'warning', ({ port }) => port === 22),
  },
  {
    name: 'remote desktop port',
    meaning: 'Remote desktop on port 3389 or 5900 is one of the first things that scanners look for.',
    remedy: 'Switch it off, or reach it through a tunnel on another port.',
    judge: (facts) => judgeListeners(facts, 'fault', ({ port }) => port === 3389 || port === 5900),
  },
  {
    name: 'ingress filtering',
    meaning:
      'Without it, a packet from outside may bear an address of your own networks, and pass for whoever is trusted by address.',
    remedy:
      'Set net.ipv4.conf.all.rp_filter=1 (2 with several uplinks) and net.ipv4.conf.all.log_martians=1 in /etc/sysctl.d, and filter at the router too.',
    judge: ({ reversePath, martiansLogged }) => {
      if (reversePath === undefined) return unseen('/proc/sys/net/ipv4/conf cannot be read');
      const open = [...reversePath].filter(([, value]) => value === 0).map(([name]) => name);
      const unlogged = martiansLogged === false ? ['log_martians is off'] : [];
      const unfiltered = open.map((name) => `rp_filter is off for ${name}`);
      return unlessNone([...unfiltered, ...unlogged], 'warning', 'rp_filter is on for every interface');
    },
  },
  {
    name: 'clock',
    meaning: 'Bills, bans and certificates go by the clock; without NTP it drifts by seconds a week.',
    remedy: 'Switch on systemd-timesyncd or chrony.',
    judge: ({ clockSynchronised }) => {
      if (clockSynchronised === undefined) return unseen('no NTP service that we know was found');
      return clockSynchronised
        ? { result: 'ok', seen: 'a time service keeps it' }
        : { result: 'warning', seen: 'the time service has not set the clock yet' };
    },
  },
  {
    name: 'swap',
    meaning: 'Swapped-out signalling answers seconds late, and secrets in memory may be written to the disk.',
    remedy: 'Switch swap off on a machine with enough memory (swapoff -a), or encrypt it.',
    judge: ({ swapKb }) => {
      if (swapKb === undefined) return unseen('/proc/swaps cannot be read');
      return swapKb === 0
        ? { result: 'ok', seen: 'none' }
        : { result: 'warning', seen: `${Math.round(swapKb / 1024)} MB` };
    },
  },
  {
    name: 'open files',
    meaning: 'Each call takes up to eight sockets and each phone on TCP or TLS one; at the limit new ones are refused.',
    remedy: `Set LimitNOFILE=65536 in the service unit (at least ${leastOpenFiles}).`,
    judge: ({ openFilesLimit }) => {
      if (openFilesLimit === undefined) return unseen('the limit cannot be read');
      const result = openFilesLimit >= leastOpenFiles ? 'ok' : 'fault';
      return { result, seen: `at most ${openFilesLimit}` };
    },
  },
  {
    name: 'user of the server',
    meaning: 'Whoever breaks into a server that runs as root has the machine.',
    remedy: 'Run it as a user of its own without a shell; ports above 1023 need no rights.',
    judge: ({ runsAsRoot }) =>
      runsAsRoot ? { result: 'warning', seen: 'root' } : { result: 'ok', seen: 'an ordinary user' },
  },
  {
    name: 'accounts of the machine',
    meaning: 'A second account with the rights of root, or one without a password, is a door that nobody watches.',
    remedy: 'Remove the account, or lock it (usermod -L NAME).',
    judge: ({ extraRoots, withoutPassword }) => {
      if (extraRoots === undefined) return unseen('/etc/passwd cannot be read');
      const roots = extraRoots.map((name) => `${name} has user id 0`);
      const open = (withoutPassword ?? []).map((name) => `${name} has no password`);
      const none = withoutPassword === undefined ? 'no second root (passwords cannot be seen)' : 'none to worry about';
      return unlessNone([...roots, ...open], 'fault', none);
    },
  },
  {
    name: 'data folder',
    meaning: 'It holds the keys and the database: whoever reads it can call as everybody.',
    remedy: 'chmod 700 the folder and chmod 600 its files; they belong to the user of the server.',
    judge: ({ openToOthers }) => {
      if (openToOthers === undefined) return unseen('the folder cannot be read');
      return unlessNone(openToOthers, 'fault', 'only its owner can read it');
    },
  },
];

export function examineMachine(facts: MachineFacts): readonly DoctorCheck[] {
  return examine(practices, facts);
}

function unseen(why: string): Judgement {
  return { result: 'unknown', seen: why };
}

function judgeListeners(facts: MachineFacts, found: CheckResult, isMeant: (listener: Listener) => boolean): Judgement {
  if (facts.listeners === undefined) return unseen('/proc/net cannot be read');
  const names = facts.listeners
    .filter((listener) => !isLoopback(listener.address) && !isOwn(facts, listener) && isMeant(listener))
    .map(({ protocol, port, program }) => `${protocol} ${port}${program === undefined ? '' : ` (${program})`}`);
  return unlessNone([...new Set(names)], found, 'nothing');
}

/** Ports that have a check of their own. */
function isNamedElsewhere(port: number): boolean {
  return fileServicePorts.has(port) || databasePorts.has(port) || [22, 3389, 5900].includes(port);
}

function isOwn({ ownPorts, mediaPorts }: MachineFacts, { protocol, port }: Listener): boolean {
  if (ownPorts.has(`${protocol}:${port}`)) return true;
  return protocol === 'udp' && port >= mediaPorts[0] && port <= mediaPorts[1] + 1;
}

function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1' || address.startsWith('::ffff:127.');
}

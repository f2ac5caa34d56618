import type { Account } from '../accounts/model.ts';
import { catalogue, type Settings } from '../settings/index.ts';
import { type DoctorCheck, examine, few, type Practice, unlessNone } from './check.ts';

/** What the server itself knows of how safely it is set up. */
export interface ServerFacts {
  readonly settings: Settings;
  readonly accounts: readonly Pick<Account, 'name' | 'kind' | 'needAuth' | 'enabled' | 'authIp'>[];
  /** Names of accounts whose SIP password is among the first that a guesser tries. */
  readonly weakPasswords: readonly string[];
  /** Accounts that were not looked at, because there are too many for one visit. */
  readonly passwordsNotSeen: number;
  /** How many accounts are registered from each address; empty while no server runs. */
  readonly accountsByAddress: ReadonlyMap<string, number>;
  readonly certificate: { readonly validUntilMs: number; readonly selfSigned: boolean } | undefined;
  readonly storeIsHealthy: boolean;
  /** Lists of bad addresses: when each was last fetched or found unchanged (0 for never), and what is wrong with it. */
  readonly blockLists: readonly { readonly name: string; readonly checkedAtMs: number; readonly wrong: string }[];
  readonly nowMs: number;
}

/** Ways of authentication by address alone, and what asks for something secret besides [auth.needauth]. */
const byAddressAlone: Readonly<Record<number, number>> = { 1: 3, 2: 4, 6: 8, 9: 10 };
const manyAccounts = 20;
const certificateDays = 30;
const dayMs = 86_400_000;
const hourMs = 3_600_000;
const oldListMs = 2 * dayMs;

const practices: readonly Practice<ServerFacts>[] = [
  {
    name: 'SIP port',
    meaning: 'Scanners try 5060 first. Another port keeps most of them away, and no determined attacker.',
    remedy: 'Where all phones are set up by you, choose another port: ringfence settings set udp_port 5070.',
    judge: ({ settings: { udp_port, tcp_port } }) => {
      const usual = [udp_port, tcp_port].includes(5060);
      return { result: usual ? 'warning' : 'ok', seen: `UDP ${udp_port || 'off'}, TCP ${tcp_port || 'off'}` };
    },
  },
  {
    name: 'authentication by address',
    meaning:
      'A source address can be forged on UDP, and a tech prefix alone can be overheard: somebody else calls, they pay.',
    remedy: 'Set needauth to the stronger way that stands beside each name: address and prefix, or a password too.',
    judge: ({ accounts }) => {
      const weak = accounts.flatMap(({ name, kind, needAuth, enabled, authIp }) => {
        const better = byAddressAlone[needAuth];
        const isMeant = enabled && (kind === 'trafficsender' || authIp.length > 0);
        return better === undefined || !isMeant ? [] : [`${name} (needauth ${needAuth}, better ${better})`];
      });
      return unlessNone(weak, 'warning', 'nobody is known by address or prefix alone');
    },
  },
  {
    name: 'passwords',
    meaning: 'These passwords are among the first that guessers try.',
    remedy: 'Give each a new one: ringfence user password NAME.',
    judge: ({ weakPasswords, passwordsNotSeen }) => {
      const rest = passwordsNotSeen === 0 ? '' : ` (${passwordsNotSeen} accounts not looked at)`;
      const { result, seen } = unlessNone(weakPasswords, 'fault', 'none that a guesser tries first');
      return { result, seen: `${seen}${rest}` };
    },
  },
  {
    name: 'protections that are off',
    meaning: 'Rules that only watch, or do nothing, refuse nothing.',
    remedy: 'ringfence settings set mode.NAME enforce, once what they observe looks right.',
    judge: ({ settings }) => {
      const off = catalogue
        .filter(({ key }) => key.startsWith('mode.') && settings[key] !== 'enforce')
        .map(({ key }) => `${key} is ${String(settings[key])}`);
      return unlessNone(off, 'warning', 'every rule is enforced');
    },
  },
  {
    name: 'settings below the default',
    meaning: 'Each of these has the value of the original system, from which the default departs for safety.',
    remedy: 'ringfence settings unset NAME, or ringfence settings explain NAME for the reason.',
    judge: ({ settings }) => {
      const lax = catalogue
        .filter((spec) => spec.seeds !== undefined && spec.seeds !== spec.default && settings[spec.key] === spec.seeds)
        .map(({ key }) => `${key} is ${String(settings[key])}`);
      return unlessNone(lax, 'warning', 'none');
    },
  },
  {
    name: 'calls without an account',
    meaning: 'Guests make phones ring at night, and nobody answers for them.',
    remedy: 'ringfence settings unset allownoauthcalls, or allow_guest.',
    judge: ({ settings: { allownoauthcalls, allow_guest } }) =>
      allownoauthcalls === 1 && allow_guest
        ? { result: 'warning', seen: 'guests may call users' }
        : { result: 'ok', seen: 'refused' },
  },
  {
    name: 'certificate',
    meaning:
      'Without TLS whoever is on the way reads along; when its certificate ends, no phone connects; one that nobody signed may belong to anybody.',
    remedy:
      'Let usetls be true, and put a certificate of a public authority into the data folder as cert.pem and key.pem.',
    judge: ({ certificate, nowMs, settings }) => {
      if (!settings.usetls) return { result: 'warning', seen: 'TLS is off' };
      if (certificate === undefined) return { result: 'unknown', seen: 'no server runs that could show one' };
      const days = Math.floor((certificate.validUntilMs - nowMs) / dayMs);
      if (days < 0) return { result: 'fault', seen: `ended ${-days} days ago` };
      const seen = `${days} days left${certificate.selfSigned ? ', self-signed' : ''}`;
      return { result: days < certificateDays || certificate.selfSigned ? 'warning' : 'ok', seen };
    },
  },
  {
    name: 'block lists',
    meaning: 'Addresses change hands: an old list stops strangers who did nothing, and misses who attacks today.',
    remedy: 'Look at ringfence blocklist list; accept what waits, mend the source, or remove the list.',
    judge: ({ blockLists, nowMs }) => {
      const wrong = blockLists.flatMap(({ name, checkedAtMs, wrong: why }) => {
        const age = checkedAtMs === 0 ? 'never fetched' : `${Math.floor((nowMs - checkedAtMs) / hourMs)} hours old`;
        const isOld = nowMs - checkedAtMs > oldListMs;
        return isOld || why !== '' ? [`${name} (${age}${why === '' ? '' : `; ${why}`})`] : [];
      });
      return unlessNone(wrong, 'warning', blockLists.length === 0 ? 'there are none' : 'all are fresh');
    },
  },
  {
    name: 'shared addresses',
    meaning:
      'Many accounts behind one address look like one source: a gateway, a NAT of an office, a bridge of a container network that hides who calls.',
    remedy:
      'Where it is a container bridge, let the server see real addresses (host network). Else raise the limits for one source.',
    judge: ({ accountsByAddress }) => {
      const shared = [...accountsByAddress].filter(([, count]) => count >= manyAccounts);
      const names = shared.map(([address, count]) => `${address} (${count} accounts)`);
      return unlessNone(names, 'warning', 'no address with many accounts');
    },
  },
  {
    name: 'store',
    meaning: 'A store that does not reach the disk loses records, and priced calls are refused.',
    remedy: 'Free disk space, or look into the log for what the disk says.',
    judge: ({ storeIsHealthy }) =>
      storeIsHealthy ? { result: 'ok', seen: 'writes reach the disk' } : { result: 'fault', seen: 'writes fail' },
  },
];

export function examineServer(facts: ServerFacts): readonly DoctorCheck[] {
  return examine(practices, facts);
}

/** Whether nothing is a fault: the exit code of the doctor. */
export function isSound(checks: readonly DoctorCheck[]): boolean {
  return checks.every(({ result }) => result !== 'fault');
}

/** One line for a log: how many checks came out how. */
export function summary(checks: readonly DoctorCheck[]): string {
  const count = (wanted: DoctorCheck['result']): number => checks.filter(({ result }) => result === wanted).length;
  const faults = checks.filter(({ result }) => result === 'fault').map(({ name }) => name);
  const named = faults.length === 0 ? '' : ` (${few(faults)})`;
  return `${count('fault')} faults${named}, ${count('warning')} warnings, ${count('unknown')} unknown, ${count('ok')} ok`;
}

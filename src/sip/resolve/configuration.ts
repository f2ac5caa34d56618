import { isIP } from 'node:net';
import type { Endpoint } from '../../base/net/endpoint.ts';
import { type DnsAnswer, type DnsSource, foldName, type RecordType } from './records.ts';

const dnsPort = 53;
const hostsTtlS = 60;

/** Servers of a resolv.conf, in order; addresses with a zone are left out. Without any, the machine itself is asked. */
export function readResolvConf(text: string): readonly Endpoint[] {
  const servers = text.split('\n').flatMap((line): Endpoint[] => {
    const [word, address = ''] = line.trim().split(/\s+/);
    return word === 'nameserver' && isIP(address) !== 0 && !address.includes('%') ? [{ address, port: dnsPort }] : [];
  });
  return servers.length > 0 ? servers : [{ address: '127.0.0.1', port: dnsPort }];
}

/** Names of a hosts file with their numeric addresses. */
export function readHostsFile(text: string): ReadonlyMap<string, readonly string[]> {
  const hosts = new Map<string, string[]>();
  for (const line of text.split('\n')) {
    const [address = '', ...names] = line.replace(/#.*/, '').trim().split(/\s+/);
    if (isIP(address) === 0 || address.includes('%')) continue;
    for (const name of names) {
      const known = hosts.get(foldName(name));
      if (known === undefined) hosts.set(foldName(name), [address]);
      else if (!known.includes(address)) known.push(address);
    }
  }
  return hosts;
}

/** Answers for the addresses of names that the machine's hosts file has, before anybody is asked. */
export class HostsBefore implements DnsSource {
  readonly #hosts: () => ReadonlyMap<string, readonly string[]>;
  readonly #source: DnsSource;

  constructor(hosts: () => ReadonlyMap<string, readonly string[]>, source: DnsSource) {
    this.#hosts = hosts;
    this.#source = source;
  }

  ask(type: RecordType, name: string): Promise<DnsAnswer> {
    const addresses = type === 'A' || type === 'AAAA' ? this.#hosts().get(foldName(name)) : undefined;
    if (addresses === undefined || (type !== 'A' && type !== 'AAAA')) return this.#source.ask(type, name);
    const family = type === 'A' ? 4 : 6;
    const records = addresses.filter((address) => isIP(address) === family).map((address) => ({ type, address }));
    return Promise.resolve(
      records.length > 0 ? { kind: 'records', records, ttlS: hostsTtlS } : { kind: 'none', ttlS: hostsTtlS },
    );
  }
}

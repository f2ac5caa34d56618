import { readFile } from 'node:fs/promises';
import type { Endpoint } from '../base/net/endpoint.ts';
import { splitPort } from '../accounts/address-index.ts';
import type { Random } from '../base/random/random.ts';
import type { Clock } from '../base/time/clock.ts';
import {
  DnsCache,
  DnsClient,
  type DnsSource,
  HostsBefore,
  readHostsFile,
  readResolvConf,
} from '../sip/resolve/index.ts';
import { systemNetwork } from '../sip/transport/index.ts';

const refreshMs = 30_000;
const dnsPort = 53;

export interface SystemDnsOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Servers of the settings; none means those of /etc/resolv.conf. */
  readonly servers: () => readonly string[];
}

/** Name service as this machine has it: its hosts file, then its DNS servers or those of the settings, with a cache. */
export async function systemDns({ clock, random, servers }: SystemDnsOptions): Promise<DnsSource> {
  const hosts = await refreshedFile('/etc/hosts', readHostsFile, clock);
  const resolvConf = await refreshedFile('/etc/resolv.conf', readResolvConf, clock);
  const asked = (): readonly Endpoint[] => {
    const configured = servers().map(serverOf);
    return configured.length > 0 ? configured : resolvConf();
  };
  const client = new DnsClient({ network: systemNetwork, clock, random, servers: asked });
  return new HostsBefore(hosts, new DnsCache(client, clock));
}

function serverOf(text: string): Endpoint {
  const { host, port = dnsPort } = splitPort(text);
  return { address: host, port };
}

/** What a file says, read again in the background when somebody asks and it is older than half a minute. */
async function refreshedFile<T>(path: string, read: (text: string) => T, clock: Clock): Promise<() => T> {
  const text = (): Promise<string> => readFile(path, 'utf8').catch(() => '');
  let value = read(await text());
  let askedAtMs = clock.monotonicMs();
  return () => {
    if (clock.monotonicMs() - askedAtMs > refreshMs) {
      askedAtMs = clock.monotonicMs();
      void text().then((fresh) => {
        value = read(fresh);
      });
    }
    return value;
  };
}

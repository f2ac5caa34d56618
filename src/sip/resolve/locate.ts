import { isIP } from 'node:net';
import type { Random } from '../../base/random/random.ts';
import type { DnsAnswer, DnsRecord, DnsSource, NaptrRecord, SrvRecord } from './records.ts';
import { orderSrv } from './srv-order.ts';

/** One place to send a request to. */
export interface Hop<T extends string> {
  readonly transport: T;
  /** Numeric. */
  readonly address: string;
  readonly port: number;
}

/** A next hop as a SIP URI names it: `port` and `transport` only where they stand there. */
export interface HopTarget<T extends string> {
  readonly host: string;
  readonly port: number | undefined;
  readonly transport: T | undefined;
}

/** Hops in the order in which they are tried, and how long that holds. Empty where the name leads nowhere. */
export interface Located<T extends string> {
  readonly hops: readonly Hop<T>[];
  readonly ttlS: number;
  /** True where an answer was missing, so that later the same question may bring more. */
  readonly failed: boolean;
}

export type Family = 4 | 6;

export interface LocatorOptions<T extends string> {
  readonly dns: DnsSource;
  readonly random: Random;
  /** Transports that we can send over, the preferred one first. */
  readonly transports: () => readonly T[];
  /** Address families that we have sockets of, the preferred one first. */
  readonly families: () => readonly Family[];
}

/** Names of RFC 3263 §4.1 for each transport, and its port where nobody says one. */
const services: Readonly<Record<string, { readonly naptr: string; readonly srv: string; readonly port: number }>> = {
  udp: { naptr: 'SIP+D2U', srv: '_sip._udp', port: 5060 },
  tcp: { naptr: 'SIP+D2T', srv: '_sip._tcp', port: 5060 },
  tls: { naptr: 'SIPS+D2T', srv: '_sips._tcp', port: 5061 },
};

const maxServers = 16;
const maxHops = 32;
/** Of a name that has neither records nor a no: when it is worth asking again. */
const failedTtlS = 5;

interface Service<T extends string> {
  readonly transport: T;
  readonly servers: readonly SrvRecord[];
}

interface Place<T extends string> {
  readonly transport: T;
  readonly host: string;
  readonly port: number;
}

/** Finds the hops of a SIP URI by RFC 3263 §4, both address families as RFC 7984 asks. */
export class Locator<T extends string> {
  readonly #options: LocatorOptions<T>;

  constructor(options: LocatorOptions<T>) {
    this.#options = options;
  }

  /** The hop of a numeric host, which needs no question; undefined for a name. */
  numeric({ host, port, transport }: HopTarget<T>): Hop<T> | undefined {
    if (isIP(host) === 0) return undefined;
    const [first] = this.#options.transports();
    const over = transport ?? first;
    return over === undefined ? undefined : { transport: over, address: host, port: port ?? defaultPort(over) };
  }

  /** Never rejects: a name that cannot be found has no hops. */
  locate(target: HopTarget<T>): Promise<Located<T>> {
    return this.#located(target, false);
  }

  /** Every server of a domain, whatever its transport and the preference: where its own requests may come from. */
  everyServer(target: HopTarget<T>): Promise<Located<T>> {
    return this.#located(target, true);
  }

  async #located(target: HopTarget<T>, every: boolean): Promise<Located<T>> {
    const numeric = this.numeric(target);
    if (numeric !== undefined) return { hops: [numeric], ttlS: Number.POSITIVE_INFINITY, failed: false };
    const search = new Search(this.#options);
    const places = await search.places(target, every);
    const hops = await Promise.all(places.map((place) => search.hopsOf(place)));
    return {
      hops: unique(hops.flat()).slice(0, every ? maxServers * maxHops : maxHops),
      ttlS: search.ttlS,
      failed: search.failed,
    };
  }
}

/** One search, which knows how long its result holds. */
class Search<T extends string> {
  ttlS = Number.POSITIVE_INFINITY;
  failed = false;
  readonly #options: LocatorOptions<T>;

  constructor(options: LocatorOptions<T>) {
    this.#options = options;
  }

  /** Hosts with ports and transports, before their addresses are known. */
  async places({ host, port, transport }: HopTarget<T>, every: boolean): Promise<readonly Place<T>[]> {
    const [first] = this.#options.transports();
    const plain = transport ?? first;
    if (plain === undefined) return [];
    // §4.2: who names a port wants that port, and no SRV record has a say.
    if (port !== undefined) return [{ transport: plain, host, port }];
    const found = await this.#services(host, transport, every);
    if (found.length === 0) return [{ transport: plain, host, port: defaultPort(plain) }];
    // RFC 2782: a target of '.' means that the service is decidedly not there.
    return found
      .flatMap(({ transport: over, servers }) =>
        servers.map((server) => ({ transport: over, host: server.target, port: server.port })),
      )
      .filter((place) => place.host !== '')
      .slice(0, every ? maxServers * this.#options.transports().length * 2 : maxServers);
  }

  async hopsOf({ transport, host, port }: Place<T>): Promise<readonly Hop<T>[]> {
    const families = this.#options.families();
    const answers = await Promise.all(families.map((family) => this.#ask(family === 4 ? 'A' : 'AAAA', host)));
    return answers.flat().flatMap((record) => {
      const isAddress = record.type === 'A' || record.type === 'AAAA';
      return isAddress ? [{ transport, address: record.address, port }] : [];
    });
  }

  async #services(host: string, transport: T | undefined, every: boolean): Promise<readonly Service<T>[]> {
    if (transport !== undefined) return this.#bySrv(host, [transport]);
    const byNaptr = await this.#byNaptr(host);
    return every ? [...byNaptr, ...(await this.#bySrv(host, this.#options.transports()))] : byNaptr;
  }

  /** §4.1: what the domain prefers among what we can; without NAPTR records, the first transport that has SRV ones. */
  async #byNaptr(host: string): Promise<readonly Service<T>[]> {
    const transports = this.#options.transports();
    const usable = (await this.#ask('NAPTR', host)).flatMap((record) => {
      const transport = record.type === 'NAPTR' && record.flags === 's' ? transportOf(record, transports) : undefined;
      return record.type === 'NAPTR' && transport !== undefined ? [{ record, transport }] : [];
    });
    if (usable.length === 0) {
      const found = await Promise.all(transports.map((transport) => this.#bySrv(host, [transport])));
      return found.find((list) => list.length > 0) ?? [];
    }
    const ordered = usable.toSorted((one, other) => {
      return one.record.order - other.record.order || one.record.preference - other.record.preference;
    });
    // RFC 3403 §4.1: once one of an order is used, those of a higher order are not.
    const same = ordered.filter(({ record }) => record.order === ordered[0]?.record.order);
    const found = await Promise.all(
      same.map(async ({ record, transport }) => ({ transport, servers: await this.#servers(record.replacement) })),
    );
    return found.filter(({ servers }) => servers.length > 0);
  }

  async #bySrv(host: string, transports: readonly T[]): Promise<readonly Service<T>[]> {
    const found = await Promise.all(
      transports.map(async (transport) => {
        const prefix = services[transport]?.srv;
        return { transport, servers: prefix === undefined ? [] : await this.#servers(`${prefix}.${host}`) };
      }),
    );
    return found.filter(({ servers }) => servers.length > 0);
  }

  async #servers(name: string): Promise<readonly SrvRecord[]> {
    const records = await this.#ask('SRV', name);
    const servers = records.flatMap((record) => (record.type === 'SRV' ? [record] : []));
    return orderSrv(servers.slice(0, maxServers), this.#options.random);
  }

  async #ask(type: 'A' | 'AAAA' | 'SRV' | 'NAPTR', name: string): Promise<readonly DnsRecord[]> {
    const answer: DnsAnswer = await this.#options.dns.ask(type, name);
    if (answer.kind === 'failed') {
      this.failed = true;
      this.ttlS = Math.min(this.ttlS, failedTtlS);
      return [];
    }
    this.ttlS = Math.min(this.ttlS, answer.ttlS);
    return answer.kind === 'records' ? answer.records : [];
  }
}

function transportOf<T extends string>({ service }: NaptrRecord, transports: readonly T[]): T | undefined {
  return transports.find((transport) => services[transport]?.naptr === service);
}

function defaultPort(transport: string): number {
  return services[transport]?.port ?? 5060;
}

function unique<T extends string>(hops: readonly Hop<T>[]): readonly Hop<T>[] {
  const seen = new Map(hops.map((hop) => [hopKey(hop), hop] as const));
  return [...seen.values()];
}

/** `udp:192.0.2.1:5060`, `tcp:[2001:db8::1]:5060`: how logs, CDRs and tables name a hop. */
export function hopKey({ transport, address, port }: Hop<string>): string {
  return `${transport}:${address.includes(':') ? `[${address}]` : address}:${port}`;
}

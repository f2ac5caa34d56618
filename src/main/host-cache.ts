import { isIP } from 'node:net';
import { BoundedMap } from '../base/bounded/bounded-map.ts';
import type { Log } from '../base/log/log.ts';
import type { Clock } from '../base/time/clock.ts';

const freshMs = 60_000;
const maxHosts = 10_000;

/** Asks the system for the address of a host name; rejects where there is none. */
export type Lookup = (host: string) => Promise<string>;

interface Entry {
  address: string | undefined;
  askedAtMs: number;
}

/**
 * Addresses of SIP servers that are configured by name. The answer is always at hand: an old one is used while a new
 * one is asked for, and a failed question keeps the last good answer.
 */
export class HostCache {
  readonly #entries = new BoundedMap<string, Entry>(maxHosts);
  readonly #lookup: Lookup;
  readonly #clock: Clock;
  readonly #log: Log;

  constructor(lookup: Lookup, clock: Clock, log: Log) {
    this.#lookup = lookup;
    this.#clock = clock;
    this.#log = log;
  }

  /** The numeric address of a host; undefined while it is not known. Numeric hosts are their own answer. */
  resolve(host: string): string | undefined {
    if (isIP(host) !== 0) return host;
    const known = this.#entries.get(host);
    if (known === undefined || this.#clock.monotonicMs() - known.askedAtMs > freshMs) this.#ask(host, known);
    return known?.address;
  }

  #ask(host: string, known: Entry | undefined): void {
    const entry = known ?? { address: undefined, askedAtMs: 0 };
    entry.askedAtMs = this.#clock.monotonicMs();
    this.#entries.set(host, entry);
    this.#lookup(host).then(
      (address) => {
        entry.address = address;
      },
      (error: unknown) => this.#log.warn('host of a SIP server has no address', { host, error: String(error) }),
    );
  }
}

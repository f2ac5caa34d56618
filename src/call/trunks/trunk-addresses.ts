import { isIP } from 'node:net';
import { canonicalAddress } from '../../accounts/address-index.ts';
import type { AccountDirectory } from '../../accounts/directory.ts';
import type { Account, Trunk } from '../../accounts/model.ts';
import type { Log } from '../../base/log/log.ts';
import type { Clock, Timer } from '../../base/time/clock.ts';
import type { Locator } from '../../sip/resolve/index.ts';
import type { TransportName } from '../../sip/transport/index.ts';
import { hopTarget } from './hop-target.ts';

const minRefreshMs = 10_000;
const maxRefreshMs = 3_600_000;
const failedRefreshMs = 30_000;

interface Watched {
  /** Host, port and transport that it was asked for with. */
  readonly target: string;
  addresses: ReadonlySet<string>;
  timer: Timer | undefined;
  isWatched: boolean;
}

/**
 * The addresses that the host names of SIP servers stand for now: every address of every server that DNS names, asked
 * for again when it says so. They identify calls and requests that come in; who asks never waits.
 */
export class TrunkAddresses {
  readonly #directory: AccountDirectory;
  readonly #locator: Locator<TransportName>;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #watched = new Map<number, Watched>();
  readonly #byAddress = new Map<string, Set<number>>();

  constructor(directory: AccountDirectory, locator: Locator<TransportName>, clock: Clock, log: Log) {
    this.#directory = directory;
    this.#locator = locator;
    this.#clock = clock;
    this.#log = log;
  }

  /** Whether the name of this SIP server stands for this address. */
  isOf(accountId: number, address: string): boolean {
    return this.#byAddress.get(canonicalAddress(address))?.has(accountId) === true;
  }

  /** What the name of this SIP server stands for; nothing for one that has none. */
  addressesOf(accountId: number): Iterable<string> {
    return this.#watched.get(accountId)?.addresses ?? [];
  }

  /** Every address that a name stands for now. */
  all(): Iterable<string> {
    return this.#byAddress.keys();
  }

  /** An enabled SIP server that is configured by a name which stands for this address. */
  serverAt(address: string): Account | undefined {
    const ids = this.#byAddress.get(canonicalAddress(address)) ?? [];
    for (const id of ids) {
      const account = this.#directory.accountById(id);
      if (account?.enabled === true) return account;
    }
    return undefined;
  }

  /** Brings what is watched up to the directory: at start, and after a change of accounts. */
  sync(): void {
    const wanted = new Map<number, Trunk>();
    for (const { id, trunk } of this.#directory.sipServers()) {
      if (trunk !== undefined && trunk.host !== '' && isIP(trunk.host) === 0) wanted.set(id, trunk);
    }
    for (const [id, watched] of this.#watched) {
      if (watched.target !== targetText(wanted.get(id))) this.#drop(id, watched);
    }
    for (const [id, trunk] of wanted) {
      if (this.#watched.has(id)) continue;
      const watched = { target: targetText(trunk), addresses: new Set<string>(), timer: undefined, isWatched: true };
      this.#watched.set(id, watched);
      this.#refresh(id, trunk, watched);
    }
  }

  close(): void {
    for (const [id, watched] of [...this.#watched]) this.#drop(id, watched);
  }

  #refresh(id: number, trunk: Trunk, watched: Watched): void {
    watched.timer = undefined;
    void this.#locator.everyServer(hopTarget(trunk)).then(({ hops, ttlS, failed }) => {
      if (!watched.isWatched) return;
      // What an answer leaves out because a server failed is believed to be as it was.
      const found = hops.map(({ address }) => canonicalAddress(address));
      this.#put(id, watched, new Set(failed ? [...watched.addresses, ...found] : found));
      if (found.length === 0) this.#log.warn('host of a SIP server has no address', { host: trunk.host });
      const againMs = failed ? failedRefreshMs : Math.min(Math.max(ttlS * 1000, minRefreshMs), maxRefreshMs);
      watched.timer = this.#clock.after(againMs, () => this.#refresh(id, trunk, watched));
    });
  }

  #put(id: number, watched: Watched, addresses: ReadonlySet<string>): void {
    for (const address of watched.addresses) {
      const ids = this.#byAddress.get(address);
      ids?.delete(id);
      if (ids?.size === 0) this.#byAddress.delete(address);
    }
    watched.addresses = addresses;
    for (const address of addresses) {
      const ids = this.#byAddress.get(address) ?? new Set();
      this.#byAddress.set(address, ids.add(id));
    }
  }

  #drop(id: number, watched: Watched): void {
    watched.isWatched = false;
    watched.timer?.cancel();
    this.#put(id, watched, new Set());
    this.#watched.delete(id);
  }
}

function targetText(trunk: Trunk | undefined): string {
  return trunk === undefined ? '' : `${trunk.host} ${trunk.port} ${trunk.transport}`;
}

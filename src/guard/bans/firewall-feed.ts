import { splitPort } from '../../accounts/address-index.ts';
import type { Log } from '../../base/log/log.ts';
import type { Clock, Timer } from '../../base/time/clock.ts';
import type { FirewallDriver, FirewallEntry } from '../ports.ts';
import type { Ban } from './ban.ts';

/** More changes than this that wait for the filter are forgotten, and all is given to it anew. */
const maxWaiting = 10_000;
const retryMs = 10_000;
const auditMs = 300_000;

interface Change {
  readonly kind: 'add' | 'remove';
  readonly entry: FirewallEntry;
}

export interface FirewallFeedParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly driver: FirewallDriver;
  /** All that the ban list holds now. */
  readonly bans: () => Iterable<Ban>;
}

/**
 * Keeps a packet filter in step with the ban list: each change in its order, everything at start and after whatever
 * went wrong. The guard drops what the filter lets through, so nothing waits for it and nothing depends on it.
 */
export class FirewallFeed {
  readonly #parts: FirewallFeedParts;
  #waiting: Change[] = [];
  /** The filter does not hold what the list does, and gets all of it next. */
  #isStale = true;
  #isBusy = false;
  #retry: Timer | undefined;
  #audit: Timer | undefined;
  #isStopped = false;

  constructor(parts: FirewallFeedParts) {
    this.#parts = parts;
  }

  /** Gives the filter everything, and looks from then on whether it still has it. */
  start(): void {
    this.#wake();
    this.#planAudit();
  }

  stop(): void {
    this.#isStopped = true;
    this.#retry?.cancel();
    this.#audit?.cancel();
  }

  /** An entry of the list came or went. */
  changed(kind: Change['kind'], ban: Ban): void {
    const entry = firewallEntry(ban);
    // A resynchronisation reads the list when it begins, with this change in it.
    if (entry === undefined || this.#isStale) return;
    if (this.#waiting.length >= maxWaiting) this.#isStale = true;
    else this.#waiting.push({ kind, entry });
    this.#wake();
  }

  #wake(): void {
    if (this.#isBusy || this.#isStopped || this.#retry !== undefined) return;
    this.#isBusy = true;
    this.#work().then(
      () => {
        this.#isBusy = false;
        // What came between the last look and now woke nobody.
        if (this.#isStale || this.#waiting.length > 0) this.#wake();
      },
      (error: unknown) => {
        this.#isBusy = false;
        this.#failed(error);
      },
    );
  }

  async #work(): Promise<void> {
    const { driver, bans } = this.#parts;
    while (!this.#isStopped) {
      if (this.#isStale) {
        this.#isStale = false;
        this.#waiting = [];
        await driver.replaceAll([...entriesOf(bans())]);
        continue;
      }
      const change = this.#waiting.shift();
      if (change === undefined) return;
      await (change.kind === 'add' ? driver.add(change.entry) : driver.remove(change.entry));
    }
  }

  #failed(error: unknown): void {
    const { clock, log } = this.#parts;
    this.#isStale = true;
    if (this.#isStopped) return;
    log.warn('the packet filter is not in step with the ban list; the guard drops by itself', { error: String(error) });
    this.#retry = clock.after(retryMs, () => {
      this.#retry = undefined;
      this.#wake();
    });
  }

  #planAudit(): void {
    if (this.#isStopped) return;
    this.#audit = this.#parts.clock.after(auditMs, () => {
      this.#look().then(
        () => this.#planAudit(),
        (error: unknown) => {
          this.#failed(error);
          this.#planAudit();
        },
      );
    });
  }

  /** Somebody who reloads the firewall of the machine takes our entries with it. */
  async #look(): Promise<void> {
    if (this.#isBusy || this.#isStale) return;
    const there = new Set((await this.#parts.driver.list()).map(keyOf));
    if (this.#isBusy || this.#isStale) return;
    const wanted = [...entriesOf(this.#parts.bans())].map(keyOf);
    if (wanted.length === there.size && wanted.every((key) => there.has(key))) return;
    this.#isStale = true;
    this.#wake();
  }
}

function* entriesOf(bans: Iterable<Ban>): Generator<FirewallEntry> {
  for (const ban of bans) {
    const entry = firewallEntry(ban);
    if (entry !== undefined) yield entry;
  }
}

function keyOf({ action, source, port }: FirewallEntry): string {
  return `${action} ${source} ${port ?? ''}`;
}

/** What a packet filter can do about an entry; undefined for users, names and what is shed, which gets some answers. */
function firewallEntry({ action, scope, subject, untilMs }: Ban): FirewallEntry | undefined {
  if (action !== 'ban' && action !== 'allow') return undefined;
  const said = { action: action === 'ban' ? 'drop' : 'pass', untilMs } as const;
  switch (scope) {
    case 'address':
    case 'prefix':
      return { ...said, source: subject, port: undefined };
    case 'address and port': {
      const { host, port } = splitPort(subject);
      return { ...said, source: host, port };
    }
    case 'user':
    case 'user at address':
    case 'caller number':
    case 'user agent':
      return undefined;
  }
}

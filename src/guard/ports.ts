import type { Ban } from './bans/ban.ts';
import type { Decision } from './decision.ts';

/** Durable decisions about identified accounts. The record follows the answer; it is never waited for. */
export interface DecisionStore {
  put(decision: Decision): void;
}

/** Bans that outlive a restart. Written together with what else is written then; never waited for. */
export interface BanStore {
  put(ban: Ban): void;
  remove(keys: readonly string[]): void;
}

/** A rule of a packet filter before this server. `pass` wins over `drop`, whatever the widths. */
export interface FirewallEntry {
  readonly action: 'drop' | 'pass';
  /** `203.0.113.9` or `198.51.100.0/24`: whose packets. */
  readonly source: string;
  /** The port they come from; undefined for every one. */
  readonly port: number | undefined;
  /** UTC milliseconds; undefined for one that is only ever removed. The filter may end it by itself. */
  readonly untilMs: number | undefined;
}

/**
 * A packet filter that drops what the ban list bans before this process sees it. Calls come one after another, in the
 * order of the list; each may take its time, for nothing waits. What rejects, or is changed by others, is mended by
 * `replaceAll`.
 */
export interface FirewallDriver {
  /** Makes these, and no others of ours, the entries of the filter; all or nothing. */
  replaceAll(entries: readonly FirewallEntry[]): Promise<void>;
  add(entry: FirewallEntry): Promise<void>;
  remove(entry: FirewallEntry): Promise<void>;
  /** Our entries as the filter has them now. */
  list(): Promise<readonly FirewallEntry[]>;
}

import type { Result } from '../../base/result/result.ts';

/** `plain`: an address or CIDR block a line. `apiban`: the JSON of APIBAN, batch after batch. */
export type ListFormat = 'plain' | 'apiban';

/** What is kept of a block list beside its entries. Times are UTC milliseconds, 0 for never. */
export interface BlockListRecord {
  readonly name: string;
  /** A URL of `https`, `http` or `file`. It may contain a key of the operator's: see `shownSource`. */
  readonly source: string;
  readonly format: ListFormat;
  readonly allowsHttp: boolean;
  /** Who added it. */
  readonly by: string;
  readonly addedAtMs: number;
  /** By which the source tells whether there is something new, as it gave them. */
  readonly etag: string;
  readonly lastModified: string;
  /** When the source last answered with a list that can be read, or that there is nothing new. */
  readonly checkedAtMs: number;
  /** When the copy in effect was fetched. */
  readonly takenAtMs: number;
  /** Why the last try failed; empty after one that did not. */
  readonly fault: string;
  /** When the copy that waits for the operator was fetched, and why it waits. */
  readonly heldAtMs: number;
  readonly heldWhy: string;
}

/** A list as it was left in the store: the texts hold one entry a line. */
export interface StoredBlockList {
  readonly record: BlockListRecord;
  readonly current: string;
  readonly held: string;
}

/** Lists that outlive a restart. Written together with what else is written then; never waited for. */
export interface BlockListStore {
  put(record: BlockListRecord): void;
  /** `current` is in effect, `held` waits for the operator; an empty text takes it out. */
  putCopy(name: string, which: 'current' | 'held', text: string): void;
  remove(name: string): void;
}

export type Fetched =
  | { readonly isNew: false }
  | { readonly isNew: true; readonly text: string; readonly etag: string; readonly lastModified: string };

/** Gets a list, within bounds of time and size, or says in a sentence why not. The text has one entry a line. */
export interface ListFetcher {
  fetch(
    wanted: Pick<BlockListRecord, 'source' | 'format' | 'allowsHttp' | 'etag' | 'lastModified'>,
  ): Promise<Result<Fetched, string>>;
}

/** Who would lose its service. */
export interface CutOff {
  /** Users with a phone registered from there. */
  readonly bindings: readonly string[];
  /** Ids of calls from there. */
  readonly calls: readonly string[];
  /** SIP servers and traffic senders. */
  readonly peers: readonly string[];
}

import type { SQLInputValue } from 'node:sqlite';
import type { Heartbeat } from '../call/record.ts';
import type { PricingRefusal } from '../billing/ledger/ports.ts';
import type { Posting } from '../billing/ledger/posting.ts';
import type { LedgerSums } from '../billing/ledger/balances.ts';
import type { Period } from '../billing/ledger/calendar.ts';
import type { Schema } from './schema.ts';

/** A row on its way to or from the worker; its `_sealed` columns are open there, and sealed in the database. */
export type Row = Readonly<Record<string, string | number | null>>;

export type TableName = keyof Schema;

/** One change of one row; a list of them is one all-or-nothing write. */
export type RowChange =
  | { readonly kind: 'put'; readonly table: TableName; readonly row: Row }
  | { readonly kind: 'remove'; readonly table: TableName; readonly column: string; readonly value: string | number };

/** What the main thread asks to be written. The first five are hot: they carry the values of prepared statements. */
export type Write =
  | readonly ['begin', ...SQLInputValue[]]
  | readonly ['dialled', ...SQLInputValue[]]
  | readonly ['answer', ...SQLInputValue[]]
  | readonly ['end', ...SQLInputValue[]]
  /** The end of a call that cost something: its charges, and the values of `end`. */
  | readonly ['charged end', readonly Posting[], readonly SQLInputValue[]]
  /** Postings, and rows that must hold with them. */
  | readonly ['post', readonly Posting[], readonly RowChange[]]
  /** Wall clock and monotonic clock, in milliseconds. */
  | readonly ['heartbeat', number, number]
  | readonly ['rows', ...RowChange[]]
  /** All rows and postings that were staged under this number, as one. */
  | readonly ['staged', number];

/** What to look for among the CDRs; absent bounds are none. Times are UTC milliseconds, `untilMs` is excluded. */
export interface CdrFilter {
  readonly sinceMs?: number;
  readonly untilMs?: number;
  /** Calls that this account pays for or that rang at it. */
  readonly account?: { readonly id: number; readonly name: string };
  readonly callId?: string;
  readonly limit: number;
}

/** What to look for among the decisions; absent bounds are none. */
export interface DecisionFilter {
  readonly sinceMs?: number;
  readonly untilMs?: number;
  /** Such as `account:201`. */
  readonly subject?: string;
  readonly rule?: string;
  readonly outcome?: string;
  readonly limit: number;
}

/** Which postings to read. */
export type PostingFilter =
  | { readonly by: 'id'; readonly id: string }
  | { readonly by: 'reverses'; readonly id: string }
  | { readonly by: 'call'; readonly id: string }
  /** Newest first, at most `limit`; absent bounds are none, `beforeSeq` is excluded. */
  | { readonly by: 'account'; readonly accountId: number; readonly limit: number; readonly beforeSeq?: bigint };

/** What the signalling thread keeps of the ledger. */
export interface LedgerState {
  readonly sums: LedgerSums;
  /** The newest billing days, in their order. */
  readonly periods: readonly Period[];
  /** Of the newest posting; undefined while there is none. */
  readonly currency: string | undefined;
}

/** A posting with its place in the ledger: 1, 2, 3 ... without gaps, in the order of commits. */
export interface StoredPosting {
  readonly seq: bigint;
  readonly posting: Posting;
}

export type Read =
  | { readonly kind: 'tables'; readonly names: readonly TableName[] }
  | { readonly kind: 'cdrs'; readonly filter: CdrFilter }
  | { readonly kind: 'audit'; readonly limit: number }
  | { readonly kind: 'decisions'; readonly filter: DecisionFilter }
  /** Of `account_fields`, one row for all fields of an account that were set together, their names joined by commas. */
  | { readonly kind: 'fields set' }
  /** Talk of finished calls by payer, SIP server and quarter of an hour in which they began, as rows of `cdrs`. */
  | { readonly kind: 'talk'; readonly sinceMs: number }
  /** What finished calls were charged, as rows of `cdrs`. */
  | { readonly kind: 'call charges'; readonly sinceMs: number; readonly limit: number }
  /** Finished calls that were admitted, by their start, as rows of `cdrs`. */
  | { readonly kind: 'source calls'; readonly sinceMs: number; readonly limit: number }
  | { readonly kind: 'prune decisions'; readonly beforeMs: number; readonly maxRows: number }
  | { readonly kind: 'early media'; readonly accountId: number; readonly sinceMs: number }
  | { readonly kind: 'where'; readonly table: TableName; readonly column: string; readonly value: string | number }
  | { readonly kind: 'next audit id' }
  | { readonly kind: 'ledger' }
  | { readonly kind: 'resume ledger' }
  | { readonly kind: 'postings'; readonly filter: PostingFilter }
  | { readonly kind: 'backup'; readonly path: string }
  | { readonly kind: 'rotate keys'; readonly nowMs: number }
  | { readonly kind: 'close' };

/** What a read brings: rows by table, or the ledger's own shapes. */
export type Answer = Readonly<Partial<Record<Exclude<TableName, 'postings'>, readonly Row[]>>> & {
  readonly ledger?: LedgerState;
  readonly resumed?: Resumed;
  readonly pruned?: number;
  readonly postings?: readonly StoredPosting[];
};

/** What a resume of the ledger did. */
export interface Resumed {
  /** Postings that the database had lost and the journal gave back. */
  readonly restored: number;
  /** Whether the old journal was set aside, because it does not fit. */
  readonly setAside: boolean;
}

export type ToWorker =
  /** Parts of one large write, ahead of it: the write itself names them by their number. */
  | {
      readonly kind: 'stage';
      readonly stage: number;
      readonly rows: readonly RowChange[];
      readonly postings: readonly Posting[];
    }
  | { readonly kind: 'drop stage'; readonly stage: number }
  | { readonly kind: 'write'; readonly batch: number; readonly writes: readonly Write[] }
  | { readonly kind: 'read'; readonly id: number; readonly read: Read };

/** A write of a batch that failed: its place in the batch, and why. */
export interface WriteFailure {
  readonly at: number;
  readonly failure: Failure;
}

export interface Failure {
  /** `refused` is this write's own fault; after the others nothing can be written for now. */
  readonly reason: 'refused' | 'full' | 'broken' | 'superseded' | 'stalled' | 'closed';
  readonly message: string;
}

export type FromWorker =
  | {
      readonly kind: 'ready';
      readonly epoch: number;
      readonly lastHeartbeat: Heartbeat | undefined;
      readonly ledgerHalt: PricingRefusal | undefined;
    }
  | { readonly kind: 'not ready'; readonly message: string }
  | {
      readonly kind: 'written';
      readonly batch: number;
      readonly failures: readonly WriteFailure[];
      /** The journal of the ledger did not take what the database took. */
      readonly journalFault: Failure | undefined;
    }
  | {
      readonly kind: 'answer';
      readonly id: number;
      readonly rows: Answer;
    }
  | { readonly kind: 'failed'; readonly id: number; readonly message: string };

export interface WorkerStart {
  readonly dataFolder: string;
  readonly nowMs: number;
}

/** A write or read that the store could not do. */
export class StoreError extends Error {
  override readonly name = 'StoreError';
  readonly reason: Failure['reason'];

  constructor(failure: Failure) {
    super(failure.message);
    this.reason = failure.reason;
  }
}

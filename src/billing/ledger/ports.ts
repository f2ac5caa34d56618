import type { Period } from './calendar.ts';
import type { Posting } from './posting.ts';

/**
 * Why priced calls are refused, whatever the account has: the disk does not take postings, or the database is not the
 * one that they were written to.
 */
export interface PricingRefusal {
  readonly reason:
    | 'disk full'
    | 'store stalled'
    | 'store broken'
    | 'database older than journal'
    | 'journal missing'
    | 'journal damaged'
    | 'journal of another database'
    | 'currency changed';
  /** A sentence for the operator: what it is, and what to do. */
  readonly message: string;
}

/** What a check of the ledger found. */
export interface LedgerFindings {
  readonly postings: number;
  /** Sum of all postings. */
  readonly totalMicros: bigint;
  /** A sentence for each thing that does not agree; none when all is well. */
  readonly findings: readonly string[];
  /** What is odd and known. */
  readonly notes: readonly string[];
}

/** The postings on the disk. */
export interface LedgerStore {
  /** All of them or none. A posting that is there already changes nothing; one that moves other money rejects. */
  post(postings: readonly Posting[]): Promise<void>;
  find(id: string): Promise<Posting | undefined>;
  /** What chargebacks took back of a top-up, positive. */
  takenBackMicros(topUpId: string): Promise<bigint>;
  /** What left the uncleared side of a top-up, by being taken back or cleared; positive. */
  reversedMicros(topUpId: string): Promise<bigint>;
  putPeriod(period: Period): void;
  /** Holds postings, sums, journal and CDRs against each other. */
  check(): Promise<LedgerFindings>;
  /** Why postings do not reach the disk for now; undefined while they do. */
  refusal(): PricingRefusal | undefined;
}

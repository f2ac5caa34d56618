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
    | 'currency changed'
    | 'ledger check failed';
  /** A sentence for the operator: what it is, and what to do. */
  readonly message: string;
}

/** Durable postings. A promise resolves when they are in the database and in the journal. */
export interface LedgerStore {
  /** All of them or none. A posting that is there already changes nothing; one that moves other money rejects. */
  post(postings: readonly Posting[]): Promise<void>;
  find(id: string): Promise<Posting | undefined>;
  putPeriod(period: Period): void;
  /** Why postings do not reach the disk for now; undefined while they do. */
  refusal(): PricingRefusal | undefined;
}

import type { Posting } from '../billing/ledger/posting.ts';
import type { CallAnswer, CallRow, Cdr, InviteRecord } from './record.ts';

/** Durable calls. Each promise resolves when the row is on disk, and rejects when the store cannot promise that. */
export interface CallStore {
  begin(row: CallRow): Promise<void>;
  /** Replaces the INVITEs of the call's row, those of every destination so far, and what they are charged by. */
  dialled(callId: string, invites: readonly InviteRecord[], money: string): Promise<void>;
  answer(row: CallAnswer): Promise<void>;
  /**
   * Writes the one CDR of the call with its charges and removes its row, in one transaction. The same call twice changes
   * nothing; a charge that is posted with another amount rejects.
   */
  end(cdr: Cdr, charges?: readonly Posting[]): Promise<void>;
  /** Writes a CDR anew that was written before, with what it cost beyond: both or neither. */
  amend(cdr: Cdr, charges: readonly Posting[]): Promise<void>;
}

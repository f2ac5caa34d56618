import type { CallAnswer, CallRow, Cdr } from './record.ts';

/** Durable calls. Each promise resolves when the row is on disk, and rejects when the store cannot promise that. */
export interface CallStore {
  begin(row: CallRow): Promise<void>;
  answer(row: CallAnswer): Promise<void>;
  /** Writes the one CDR of the call and removes its row, in one transaction. The same call twice changes nothing. */
  end(cdr: Cdr): Promise<void>;
}

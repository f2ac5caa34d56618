import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { monthOf } from '../billing/ledger/calendar.ts';
import { movesTheSame, type Posting } from '../billing/ledger/posting.ts';
import { micros, postingOf, selectPosting } from './ledger-rows.ts';
import type { StoredPosting } from './messages.ts';

/** The same id with other money: a fault of whoever made the id. Nothing was written. */
export class PostingConflict extends Error {
  constructor(id: string) {
    super(
      `the posting ${JSON.stringify(id)} is there already and moved other money; a new posting wants an id of its own`,
    );
  }
}

/** Writes postings and the sums of them within the transaction that is open. */
export class LedgerWriter {
  readonly #find: StatementSync;
  readonly #after: StatementSync;
  readonly #insert: StatementSync;
  readonly #lastSeq: StatementSync;
  readonly #addBalance: StatementSync;
  readonly #addDay: StatementSync;
  readonly #addMonth: StatementSync;

  constructor(database: DatabaseSync) {
    this.#find = database.prepare(`${selectPosting} WHERE id = ?`);
    this.#after = database.prepare(`${selectPosting} WHERE postings.seq > ? ORDER BY postings.seq LIMIT ?`);
    this.#insert = database.prepare(
      'INSERT INTO postings (id, seq, account_id, kind, amount_micros, currency, cause, actor, at_ms, day, call_id,' +
        ' cleared, reverses) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
    );
    this.#lastSeq = database.prepare('SELECT CAST(coalesce(max(seq), 0) AS TEXT) AS seq FROM postings');
    this.#addBalance = database.prepare(
      'INSERT INTO balances (account_id, posted_micros, uncleared_micros) VALUES (?, ?, ?)' +
        ' ON CONFLICT (account_id) DO UPDATE SET posted_micros = balances.posted_micros + excluded.posted_micros,' +
        ' uncleared_micros = balances.uncleared_micros + excluded.uncleared_micros',
    );
    this.#addDay = database.prepare(
      'INSERT INTO charge_days (account_id, day, charged_micros) VALUES (?, ?, ?)' +
        ' ON CONFLICT (account_id, day) DO UPDATE SET' +
        ' charged_micros = charge_days.charged_micros + excluded.charged_micros',
    );
    this.#addMonth = database.prepare(
      'INSERT INTO charge_months (account_id, month, charged_micros) VALUES (?, ?, ?)' +
        ' ON CONFLICT (account_id, month) DO UPDATE SET' +
        ' charged_micros = charge_months.charged_micros + excluded.charged_micros',
    );
  }

  /** Place of the newest posting; 0 while there is none. */
  lastSeq(): bigint {
    return micros(this.#lastSeq.get()?.['seq']);
  }

  find(id: string): Posting | undefined {
    const row = this.#find.get(id);
    return row === undefined ? undefined : postingOf(row);
  }

  /** The postings behind a place, in their order, at most `limit`. */
  after(seq: bigint, limit: number): StoredPosting[] {
    return this.#after.all(seq, limit).map((row) => ({ seq: micros(row['seq']), posting: postingOf(row) }));
  }

  /** Throws a PostingConflict; what was written before is then for the caller to take back. */
  post(postings: readonly Posting[]): StoredPosting[] {
    const placed: StoredPosting[] = [];
    let seq: bigint | undefined;
    for (const posting of postings) {
      const known = this.find(posting.id);
      if (known !== undefined) {
        if (!movesTheSame(known, posting)) throw new PostingConflict(posting.id);
        continue;
      }
      seq = (seq ?? this.lastSeq()) + 1n;
      this.#write(seq, posting);
      placed.push({ seq, posting });
    }
    return placed;
  }

  #write(seq: bigint, posting: Posting): void {
    const { id, accountId, kind, amountMicros, currency, cause, actor, atMs, day, callId, cleared, reverses } = posting;
    const flag = cleared ? 1 : 0;
    this.#insert.run(
      ...[id, seq, accountId, kind, amountMicros, currency, cause, actor, atMs, day, callId, flag, reverses],
    );
    this.#addBalance.run(accountId, amountMicros, cleared ? 0n : amountMicros);
    if (kind !== 'charge') return;
    this.#addDay.run(accountId, day, -amountMicros);
    this.#addMonth.run(accountId, monthOf(day), -amountMicros);
  }
}

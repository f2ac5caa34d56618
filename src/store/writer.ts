import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import type { SecretBox } from '../accounts/ports.ts';
import { cdrColumns } from './call-rows.ts';
import type { Posting } from '../billing/ledger/posting.ts';
import { type LedgerBooks, LedgerHalted } from './ledger-books.ts';
import { PostingConflict } from './ledger-writer.ts';
import type { Failure, Row, RowChange, TableName, ToWorker, Write, WriteFailure } from './messages.ts';
import { keyColumns, openRow, sealedTables, sealRow } from './sealed-rows.ts';

/**
 * All writing, on the one connection that writes. A group of writes is one transaction, so that one sync of the disk
 * serves everything that came in while the last one ran.
 */
export class Writer {
  readonly #database: DatabaseSync;
  readonly #box: SecretBox;
  readonly #epoch: number;
  readonly #books: LedgerBooks;
  readonly #begin: StatementSync;
  readonly #commit: StatementSync;
  readonly #readEpoch: StatementSync;
  readonly #hot: Readonly<
    Record<
      'begin' | 'dialled' | 'answer' | 'heartbeat' | 'heartbeatMonotonic' | 'insertCdr' | 'removeCall',
      StatementSync
    >
  >;
  readonly #puts = new Map<string, StatementSync>();
  readonly #removes = new Map<string, StatementSync>();
  readonly #staged = new Map<number, { readonly rows: RowChange[]; readonly postings: Posting[] }>();

  constructor(database: DatabaseSync, box: SecretBox, epoch: number, books: LedgerBooks) {
    this.#database = database;
    this.#box = box;
    this.#epoch = epoch;
    this.#books = books;
    this.#begin = database.prepare('BEGIN IMMEDIATE');
    this.#commit = database.prepare('COMMIT');
    this.#readEpoch = database.prepare("SELECT value FROM meta WHERE name = 'epoch'");
    this.#hot = {
      begin: database.prepare(
        'INSERT INTO calls (call_id, started_at_ms, cdr_json, invites_json, money_json, caller_json, callee_json)' +
          " VALUES (?, ?, ?, ?, ?, '', '')",
      ),
      dialled: database.prepare('UPDATE calls SET invites_json = ?, money_json = ? WHERE call_id = ?'),
      answer: database.prepare(
        'UPDATE calls SET answered_at_ms = ?, cdr_json = ?, caller_json = ?, callee_json = ?, money_json = ? WHERE call_id = ?',
      ),
      heartbeat: database.prepare(
        'INSERT INTO heartbeat (id, at_ms, epoch) VALUES (1, ?, ?)' +
          ' ON CONFLICT (id) DO UPDATE SET at_ms = excluded.at_ms, epoch = excluded.epoch',
      ),
      heartbeatMonotonic: database.prepare(
        "INSERT INTO meta (name, value) VALUES ('heartbeat_monotonic_ms', ?)" +
          ' ON CONFLICT (name) DO UPDATE SET value = excluded.value',
      ),
      insertCdr: database.prepare(
        `INSERT INTO cdrs (${cdrColumns.join(', ')}) VALUES (${cdrColumns.map(() => '?').join(', ')})` +
          ' ON CONFLICT (call_id) DO NOTHING',
      ),
      removeCall: database.prepare('DELETE FROM calls WHERE call_id = ?'),
    };
  }

  /** Writes all of them in one transaction and tells which failed; the others are on disk then. */
  writeGroup(writes: readonly Write[]): WrittenGroup {
    const failures: WriteFailure[] = [];
    const posting: number[] = [];
    try {
      this.#begin.run();
      const superseded = this.#superseded();
      if (superseded !== undefined) throw superseded;
      writes.forEach((write, at) => {
        const { pending } = this.#books;
        try {
          this.#write(write);
          if (this.#books.pending > pending) posting.push(at);
        } catch (error) {
          // SQLite takes back the statement alone, unless the fault is in the disk: then the transaction is gone.
          if (!this.#database.isTransaction) throw error;
          this.#books.takenBackTo(pending);
          failures.push({ at, failure: failureOf(error) });
        }
      });
      this.#commit.run();
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      this.#books.takenBackTo(0);
      const failure = failureOf(error);
      return { failures: writes.map((_, at) => ({ at, failure })), journalFault: undefined };
    }
    const journalFault = this.#journalFault();
    if (journalFault !== undefined) failures.push(...posting.map((at) => ({ at, failure: journalFault })));
    return { failures, journalFault };
  }

  /** Postings count when the journal has them too; until then whoever made them is told that they failed. */
  #journalFault(): Failure | undefined {
    try {
      this.#books.committed();
      return undefined;
    } catch (error) {
      const { reason, message } = failureOf(error);
      return { reason, message: `the journal of the ledger cannot be written: ${message}` };
    }
  }

  /** Seals every secret again under the newest key, in one transaction. */
  sealAgain(): void {
    this.#begin.run();
    try {
      for (const table of sealedTables) {
        for (const row of this.#database.prepare(`SELECT * FROM ${table}`).all()) {
          this.#put(table, openRow(this.#box, table, plainRow(row)));
        }
      }
      this.#commit.run();
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw error;
    }
  }

  /** Keeps rows for a write that is still being sent. Sealing them takes longer than writing them, and no lock. */
  stage({ stage, rows, postings }: Extract<ToWorker, { readonly kind: 'stage' }>): void {
    const staged = this.#staged.get(stage) ?? { rows: [], postings: [] };
    this.#staged.set(stage, staged);
    staged.postings.push(...postings);
    for (const change of rows) {
      staged.rows.push(
        change.kind === 'put' ? { ...change, row: sealRow(this.#box, change.table, change.row) } : change,
      );
    }
  }

  dropStage(stage: number): void {
    this.#staged.delete(stage);
  }

  #superseded(): Superseded | undefined {
    return Number(this.#readEpoch.get()?.['value']) === this.#epoch ? undefined : new Superseded();
  }

  #write(write: Write): void {
    switch (write[0]) {
      case 'begin':
        this.#hot.begin.run(...values(write));
        return;
      case 'dialled':
        this.#hot.dialled.run(...values(write));
        return;
      case 'answer':
        if (this.#hot.answer.run(...values(write)).changes === 0) throw new Refused('the call has no row to answer');
        return;
      case 'end':
        this.#endCall(values(write));
        return;
      case 'charged end':
        this.#asOne(() => {
          this.#books.post(write[1]);
          this.#endCall(write[2]);
        });
        return;
      case 'post':
        this.#asOne(() => {
          this.#books.post(write[1]);
          this.#changeRows(write[2]);
        });
        return;
      case 'heartbeat':
        this.#hot.heartbeat.run(write[1], this.#epoch);
        this.#hot.heartbeatMonotonic.run(String(write[2]));
        return;
      case 'rows':
        this.#asOne(() => this.#changeRows(write.slice(1) as readonly RowChange[]));
        return;
      case 'staged': {
        const { rows, postings } = this.#staged.get(write[1]) ?? { rows: [], postings: [] };
        this.#staged.delete(write[1]);
        this.#asOne(() => {
          if (postings.length > 0) this.#books.post(postings);
          for (const change of rows) {
            if (change.kind === 'put') this.#putSealed(change.table, change.row);
            else this.#remove(change.table, change.column, change.value);
          }
        });
      }
    }
  }

  #endCall(cdr: readonly SQLInputValue[]): void {
    this.#hot.insertCdr.run(...cdr);
    this.#hot.removeCall.run(cdr[0] ?? null);
  }

  #changeRows(changes: readonly RowChange[]): void {
    for (const change of changes) {
      if (change.kind === 'put') this.#put(change.table, change.row);
      else this.#remove(change.table, change.column, change.value);
    }
  }

  /** Does all of one write or nothing of it, within the transaction of its group. */
  #asOne(work: () => void): void {
    this.#database.exec('SAVEPOINT one_write');
    try {
      work();
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK TO one_write; RELEASE one_write');
      throw error;
    }
    this.#database.exec('RELEASE one_write');
  }

  #put(table: TableName, row: Row): void {
    this.#putSealed(table, sealRow(this.#box, table, row));
  }

  #putSealed(table: TableName, sealed: Row): void {
    const columns = Object.keys(sealed);
    const cacheKey = `${table} ${columns.join()}`;
    let statement = this.#puts.get(cacheKey);
    if (statement === undefined) {
      statement = this.#database.prepare(upsert(table, columns));
      this.#puts.set(cacheKey, statement);
    }
    statement.run(...Object.values(sealed));
  }

  #remove(table: TableName, column: string, value: string | number): void {
    const sql = `DELETE FROM ${table} WHERE ${column} = ?`;
    let statement = this.#removes.get(sql);
    if (statement === undefined) {
      statement = this.#database.prepare(sql);
      this.#removes.set(sql, statement);
    }
    statement.run(value);
  }
}

/** What came of a group of writes. */
export interface WrittenGroup {
  readonly failures: WriteFailure[];
  /** The database took the group, and the journal not its postings. */
  readonly journalFault: Failure | undefined;
}

/** node:sqlite rows as ours: no blobs and no big integers are in our tables. */
export function plainRow(row: object): Row {
  const plain: Record<string, string | number | null> = {};
  for (const [column, value] of Object.entries(row)) {
    plain[column] = typeof value === 'string' || typeof value === 'number' ? value : null;
  }
  return plain;
}

function upsert(table: TableName, columns: readonly string[]): string {
  const keys = keyColumns[table];
  const updates = columns.filter((column) => !keys.includes(column)).map((column) => `${column} = excluded.${column}`);
  const marks = columns.map(() => '?').join(', ');
  const action = updates.length === 0 ? 'NOTHING' : `UPDATE SET ${updates.join(', ')}`;
  return `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${marks}) ON CONFLICT (${keys.join(', ')}) DO ${action}`;
}

function values(write: readonly ['begin' | 'dialled' | 'answer' | 'end', ...SQLInputValue[]]): SQLInputValue[] {
  return write.slice(1);
}

class Refused extends Error {}

class Superseded extends Error {
  constructor() {
    super('another server has taken over this database; this one must stop');
  }
}

const sqliteFull = 13;
const sqliteConstraint = 19;

function failureOf(error: unknown): Failure {
  if (!(error instanceof Error)) return { reason: 'broken', message: String(error) };
  if (error instanceof Superseded) return { reason: 'superseded', message: error.message };
  if (error instanceof Refused || error instanceof PostingConflict || error instanceof LedgerHalted)
    return { reason: 'refused', message: error.message };
  const code = 'errcode' in error && typeof error.errcode === 'number' ? error.errcode & 0xff : undefined;
  if (code === sqliteConstraint) return { reason: 'refused', message: error.message };
  const noSpace = 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT');
  if (code === sqliteFull || noSpace) return { reason: 'full', message: 'the disk of the data folder is full' };
  return { reason: 'broken', message: error.message };
}

import type { DatabaseSync } from 'node:sqlite';
import type { PricingRefusal } from '../billing/ledger/ports.ts';
import { movesTheSame, type Posting } from '../billing/ledger/posting.ts';
import { Journal } from './journal.ts';
import { type ReadSegment, readSegment, segmentNames } from './journal-segments.ts';
import { LedgerWriter } from './ledger-writer.ts';
import type { Resumed, StoredPosting } from './messages.ts';

const catchUpRows = 1000;

/** The postings in the database and once more in the journal, and whether the two belong together. */
export class LedgerBooks {
  readonly #database: DatabaseSync;
  readonly #folder: string;
  readonly #writer: LedgerWriter;
  readonly #journal: Journal;
  readonly #ledger: string;
  #pending: StoredPosting[] = [];
  #behind = false;
  #halt: PricingRefusal | undefined;

  /** `ledger` is the name that database and journal share. */
  constructor(database: DatabaseSync, folder: string, ledger: string, journal = new Journal(folder, ledger)) {
    this.#database = database;
    this.#folder = folder;
    this.#ledger = ledger;
    this.#writer = new LedgerWriter(database);
    this.#journal = journal;
    this.#halt = this.#standing();
  }

  /** Why nothing is posted until an operator resumes the ledger. */
  get halt(): PricingRefusal | undefined {
    return this.#halt;
  }

  /** Postings of the open transaction so far. */
  get pending(): number {
    return this.#pending.length;
  }

  /** Posts within the open transaction. Throws a PostingConflict, or a LedgerHalted. */
  post(postings: readonly Posting[]): void {
    if (this.#halt !== undefined) throw new LedgerHalted(this.#halt.message);
    // Postings without any journal would be taken for those of a database that lost it.
    if (!this.#journal.begun) this.#journal.begin(this.#writer.lastSeq());
    this.#pending.push(...this.#writer.post(postings));
  }

  /** The open transaction took back what was posted beyond this. */
  takenBackTo(pending: number): void {
    this.#pending.length = pending;
  }

  /** The transaction is committed: its postings go into the journal. Throws what the disk says; the next call tries again. */
  committed(): void {
    const pending = this.#pending;
    this.#pending = [];
    if (this.#halt !== undefined) return;
    if (this.#behind) return this.#catchUp();
    if (pending.length === 0) return;
    this.#behind = true;
    this.#journal.append(pending);
    this.#behind = false;
  }

  /**
   * Takes back what only the journal has, and lets the two go on together. For an operator, who knows that an old
   * database was restored on purpose.
   */
  resume(): Resumed {
    if (this.#halt === undefined) return { restored: 0, setAside: false };
    const segments = segmentNames(this.#folder).map((name) => readSegment(this.#folder, name));
    const own = segments.filter(({ header }) => header?.ledger === this.#ledger);
    const restored = this.#restore(own.flatMap(({ records }) => records));
    const newest = segments.at(-1);
    const fits = newest !== undefined && this.#fits(newest) && newest.records.at(-1)?.seq === this.#writer.lastSeq();
    if (fits) this.#journal.continueAfter(newest);
    else {
      this.#journal.setAside(`aside-${this.#writer.lastSeq()}-${segments.length}`);
      this.#journal.begin(this.#writer.lastSeq());
    }
    this.#halt = undefined;
    return { restored, setAside: !fits };
  }

  close(): void {
    this.#journal.close();
  }

  #standing(): PricingRefusal | undefined {
    const lastSeq = this.#writer.lastSeq();
    const segment = this.#journal.newestSegment();
    if (segment === undefined) {
      if (lastSeq > 0n) return refusals['journal missing'];
      this.#tryJournal(() => this.#journal.begin(0n));
      return undefined;
    }
    if (segment.header === undefined) return refusals['journal damaged'];
    if (segment.header.ledger !== this.#ledger) return refusals['journal of another database'];
    const newestSeen = segment.records.at(-1)?.seq ?? segment.header.from - 1n;
    if (newestSeen > lastSeq) {
      const damaged = segment.soundRecords < segment.records.length;
      return refusals[damaged ? 'journal damaged' : 'database older than journal'];
    }
    if (!this.#fits(segment)) return refusals['journal of another database'];
    this.#tryJournal(() => {
      this.#journal.continueAfter(segment);
      this.#catchUp();
    });
    return undefined;
  }

  /** Whether the newest sound posting of the segment is the one that the database has at its place. */
  #fits({ header, records, soundRecords }: ReadSegment): boolean {
    if (header?.ledger !== this.#ledger) return false;
    const newest = records[soundRecords - 1];
    if (newest === undefined) return true;
    const [own] = this.#writer.after(newest.seq - 1n, 1);
    if (own === undefined || own.seq !== newest.seq) return false;
    return own.posting.id === newest.posting.id && movesTheSame(own.posting, newest.posting);
  }

  /** A journal that cannot be written at start is tried again with the next commit; nothing is answered before it is. */
  #tryJournal(write: () => void): void {
    this.#behind = true;
    try {
      write();
      this.#behind = false;
    } catch {
      // `committed` tries again and tells.
    }
  }

  #catchUp(): void {
    for (;;) {
      const missing = this.#writer.after(this.#journal.newestSeq, catchUpRows);
      this.#journal.append(missing);
      if (missing.length < catchUpRows) break;
    }
    this.#behind = false;
  }

  #restore(records: readonly StoredPosting[]): number {
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      const lost = records.map(({ posting }) => posting).filter(({ id }) => this.#writer.find(id) === undefined);
      const restored = this.#writer.post(lost);
      const [first, last] = [restored[0], restored.at(-1)];
      if (first !== undefined && last !== undefined) {
        this.#note(`${first.seq}-${last.seq}`);
        this.#chargedAlready(first.seq);
      }
      this.#database.exec('COMMIT');
      return restored.length;
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw error;
    }
  }

  /** A call that was in progress when the backup was made and has its charges now gets its CDR, and no charge again. */
  #chargedAlready(fromSeq: bigint): void {
    this.#database
      .prepare("UPDATE calls SET money_json = '' WHERE call_id IN (SELECT call_id FROM postings WHERE seq >= ?)")
      .run(fromSeq);
  }

  /** Their calls have no CDR, or one of the backup's time: the check knows them by this. */
  #note(places: string): void {
    this.#database
      .prepare(
        "INSERT INTO meta (name, value) VALUES ('ledger_restored', ?)" +
          " ON CONFLICT (name) DO UPDATE SET value = meta.value || ' ' || excluded.value",
      )
      .run(places);
  }
}

/** A posting that is refused because the ledger waits for its operator. */
export class LedgerHalted extends Error {}

const remedy = "no call that costs something is let through until 'ringfence ledger resume'";

const refusals: Readonly<
  Record<
    'database older than journal' | 'journal missing' | 'journal damaged' | 'journal of another database',
    PricingRefusal
  >
> = {
  'database older than journal': {
    reason: 'database older than journal',
    message: `the database is older than its journal, as after the restore of a backup; ${remedy}, which takes the missing postings from the journal`,
  },
  'journal missing': {
    reason: 'journal missing',
    message: `the folder 'ledger' with the journal is missing, so nobody can tell whether postings are lost; put it back, or ${remedy}`,
  },
  'journal damaged': {
    reason: 'journal damaged',
    message: `the journal is damaged and has postings that the database has not; ${remedy}, which takes what can be read`,
  },
  'journal of another database': {
    reason: 'journal of another database',
    message: `the journal in the folder 'ledger' is not of this database; put the right one back, or ${remedy}`,
  },
};

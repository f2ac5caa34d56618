import assert from 'node:assert/strict';
import {
  appendFileSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import fc from 'fast-check';
import type { SecretBox } from '../accounts/ports.ts';
import { Secret } from '../base/log/secret.ts';
import { chargePosting, type Posting } from '../billing/ledger/posting.ts';
import { Journal, type JournalDisk, realDisk } from './journal.ts';
import { readSegment, segmentNames } from './journal-segments.ts';
import { LedgerBooks } from './ledger-books.ts';
import { micros } from './ledger-rows.ts';
import { kyselyOn, migrate } from './migrations/index.ts';
import { Writer, type WrittenGroup } from './writer.ts';

const box: SecretBox = { seal: (text) => text, open: (sealed) => new Secret(sealed) };
const root = mkdtempSync(join(tmpdir(), 'ringfence-books-'));
process.on('exit', () => rmSync(root, { recursive: true, force: true }));
let shelves = 0;

/** A database and a journal on the disk, opened as the store's thread opens them, and closed as a crash does: not at all. */
class Shelf {
  readonly folder = join(root, String(++shelves));
  readonly #options: { readonly segmentOctets?: number };
  #database: DatabaseSync | undefined;
  #journal: Journal | undefined;

  constructor(options: { readonly segmentOctets?: number } = {}) {
    this.#options = options;
    mkdirSync(this.folder);
  }

  get databasePath(): string {
    return join(this.folder, 'ringfence.db');
  }

  get journalFolder(): string {
    return join(this.folder, 'ledger');
  }

  /** Path of the newest segment. */
  get segmentPath(): string {
    return join(this.journalFolder, segmentNames(this.journalFolder).at(-1) ?? '');
  }

  async open(disk: JournalDisk = realDisk, ledger = 'ledger a'): Promise<Opened> {
    this.close();
    const database = new DatabaseSync(this.databasePath);
    this.#database = database;
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF');
    await migrate(kyselyOn(database));
    database.exec("INSERT INTO meta (name, value) VALUES ('epoch', '1') ON CONFLICT DO NOTHING");
    this.#journal = new Journal(this.journalFolder, ledger, { ...this.#options, disk });
    const books = new LedgerBooks(database, this.journalFolder, ledger, this.#journal);
    return new Opened(database, books);
  }

  close(): void {
    this.#journal?.close();
    if (this.#database?.isOpen === true) this.#database.close();
  }

  /** Ids and amounts in the journal, in their order. */
  journal(): readonly string[] {
    const segments = segmentNames(this.journalFolder).map((name) => readSegment(this.journalFolder, name));
    for (const { soundOctets, octets } of segments)
      assert.equal(soundOctets, octets, 'nothing in the journal is damaged');
    return segments.flatMap(({ records }) => records.map(({ seq, posting }) => shown(seq, posting)));
  }
}

class Opened {
  readonly database: DatabaseSync;
  readonly books: LedgerBooks;
  readonly #writer: Writer;

  constructor(database: DatabaseSync, books: LedgerBooks) {
    this.database = database;
    this.books = books;
    this.#writer = new Writer(database, box, 1, books);
  }

  post(...postings: readonly Posting[]): WrittenGroup {
    return this.#writer.writeGroup([['post', postings, []]]);
  }

  /** A group without postings, as the heartbeat is each second. */
  beat(): WrittenGroup {
    return this.#writer.writeGroup([['heartbeat', 1, 1]]);
  }

  postings(): readonly string[] {
    const rows = this.database
      .prepare(
        'SELECT id, CAST(seq AS TEXT) AS seq, CAST(amount_micros AS TEXT) AS amount FROM postings ORDER BY postings.seq',
      )
      .all();
    return rows.map((row) => `${String(row['seq'])} ${String(row['id'])} ${String(row['amount'])}`);
  }

  balance(accountId = 2): bigint {
    const row = this.database
      .prepare('SELECT CAST(posted_micros AS TEXT) AS posted FROM balances WHERE account_id = ?')
      .get(accountId);
    return row === undefined ? 0n : micros(row['posted']);
  }
}

function shown(seq: bigint, { id, amountMicros }: Posting): string {
  return `${seq} ${id} ${amountMicros}`;
}

function topUp(id: string, amountMicros = 1_000_000n): Posting {
  return {
    ...{ id, accountId: 2, kind: 'top-up', amountMicros, currency: 'EUR', cause: 'paid "cash" äöü', actor: 'anna' },
    ...{ atMs: 1000, day: '2026-11-21', callId: '', cleared: true, reverses: '' },
  };
}

test('every posting is in the journal too, in the order of the database', async () => {
  const shelf = new Shelf();
  const opened = await shelf.open();
  assert.deepEqual(opened.post(topUp('one')).failures, []);
  opened.post(topUp('two'), topUp('three', -3n));
  assert.deepEqual(shelf.journal(), ['1 one 1000000', '2 two 1000000', '3 three -3']);
  const again = await shelf.open();
  assert.equal(again.books.halt, undefined);
  assert.deepEqual(again.postings(), shelf.journal());
});

test('a journal that is torn at any octet of its last posting is whole again at the next start', async () => {
  const shelf = new Shelf();
  const opened = await shelf.open();
  opened.post(topUp('one'), topUp('two'));
  const before = readFileSync(shelf.segmentPath).length;
  opened.post(topUp('last'));
  const whole = readFileSync(shelf.segmentPath);
  shelf.close();
  for (let octets = before; octets < whole.length; octets++) {
    truncateSync(shelf.segmentPath, octets);
    const { books } = await shelf.open();
    assert.equal(books.halt, undefined, `torn after ${octets} octets`);
    assert.deepEqual(readFileSync(shelf.segmentPath), whole, `torn after ${octets} octets`);
  }
});

test('a journal with any octet of its last posting changed is whole again at the next start', async () => {
  const shelf = new Shelf();
  const opened = await shelf.open();
  opened.post(topUp('one'));
  const before = readFileSync(shelf.segmentPath).length;
  opened.post(topUp('last'));
  const whole = readFileSync(shelf.segmentPath);
  shelf.close();
  for (let at = before; at < whole.length; at++) {
    const changed = Buffer.from(whole);
    changed[at] = (changed[at] ?? 0) ^ 0x41;
    writeFileSync(shelf.segmentPath, changed);
    const { books } = await shelf.open();
    assert.equal(books.halt, undefined, `octet ${at}`);
    assert.deepEqual(readFileSync(shelf.segmentPath), whole, `octet ${at}`);
  }
});

/** A disk that dies in its `fatal`th call: of a write, only half reaches it. */
function dyingDisk(fatal: number): JournalDisk & { calls: number } {
  const disk = {
    calls: 0,
    write(file: number, octets: Buffer, offset: number, position: number): number {
      disk.calls++;
      if (disk.calls < fatal) return realDisk.write(file, octets, offset, position);
      if (disk.calls === fatal)
        realDisk.write(file, octets.subarray(0, offset + ((octets.length - offset) >> 1)), offset, position);
      throw diskFull();
    },
    sync(file: number): void {
      disk.calls++;
      if (disk.calls >= fatal) throw diskFull();
      realDisk.sync(file);
    },
  };
  return disk;
}

function diskFull(): Error {
  return Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
}

test('a crash at any write of the journal loses nothing that was promised, and database and journal agree again', async () => {
  for (let fatal = 1; fatal <= 12; fatal++) {
    const shelf = new Shelf({ segmentOctets: 400 });
    const dying = await shelf.open(dyingDisk(fatal));
    const promised: string[] = [];
    for (const id of ['one', 'two', 'three', 'four', 'five']) {
      const { failures } = dying.post(topUp(id));
      if (failures.length === 0) promised.push(id);
      else assert.equal(failures[0]?.failure.reason, 'full');
    }
    assert.ok(fatal === 12 || promised.length < 5, `write ${fatal} failed`);
    const again = await shelf.open();
    assert.equal(again.books.halt, undefined);
    assert.deepEqual(again.postings(), shelf.journal(), `died in write ${fatal}`);
    for (const id of promised) assert.ok(again.postings().some((line) => line.includes(` ${id} `)));
    assert.equal(again.post(topUp('after')).failures.length, 0);
    assert.deepEqual(again.postings(), shelf.journal());
  }
});

test('a disk that is full for a while fails each posting by name, and the journal has all of them when there is room', async () => {
  const shelf = new Shelf();
  let full = false;
  const disk: JournalDisk = {
    write: (file, octets, offset, position) => {
      if (full) throw diskFull();
      return realDisk.write(file, octets, offset, position);
    },
    sync: (file) => realDisk.sync(file),
  };
  const opened = await shelf.open(disk);
  opened.post(topUp('one'));
  full = true;
  assert.equal(opened.post(topUp('two')).failures[0]?.failure.reason, 'full');
  assert.equal(opened.beat().journalFault?.reason, 'full', 'the fault is told with every group');
  assert.deepEqual(opened.beat().failures, [], 'what is no posting is kept');
  full = false;
  assert.equal(opened.beat().journalFault, undefined);
  assert.deepEqual(opened.post(topUp('two')).failures, [], 'the repetition finds it there');
  assert.deepEqual(shelf.journal(), ['1 one 1000000', '2 two 1000000']);
});

test('a journal on a device without room fails postings as a full disk', async () => {
  const shelf = new Shelf();
  (await shelf.open()).post(topUp('one'));
  shelf.close();
  const { segmentPath } = shelf;
  const opened = await shelf.open();
  unlinkSync(segmentPath);
  symlinkSync('/dev/full', segmentPath);
  const failed = opened.post(topUp('two'));
  assert.equal(failed.failures[0]?.failure.reason, 'full');
  unlinkSync(segmentPath);
});

test("yesterday's backup is refused until it is resumed, which brings back every posting since [admin.backups]", async () => {
  const shelf = new Shelf({ segmentOctets: 600 });
  const opened = await shelf.open();
  opened.post(topUp('one'), topUp('two'));
  const backup = join(shelf.folder, 'backup.db');
  opened.database.exec(`VACUUM INTO '${backup}'`);
  for (let day = 1; day <= 9; day++) {
    const given = {
      callId: `c${day}`,
      accountId: 2,
      costMicros: 10n,
      day: '2026-11-21',
      currency: 'EUR',
      cause: '',
      atMs: 5,
    };
    opened.post(chargePosting(given));
  }
  const [before, balance] = [opened.postings(), opened.balance()];
  shelf.close();
  for (const end of ['', '-wal', '-shm']) rmSync(`${shelf.databasePath}${end}`, { force: true });
  copyFileSync(backup, shelf.databasePath);
  const restored = await shelf.open();
  assert.equal(restored.books.halt?.reason, 'database older than journal');
  const refused = restored.post(topUp('new'));
  assert.match(refused.failures[0]?.failure.message ?? '', /ringfence ledger resume/);
  assert.equal(restored.balance(), 2_000_000n);
  assert.deepEqual(restored.books.resume(), { restored: 9, setAside: false });
  assert.deepEqual(restored.postings(), before);
  assert.equal(restored.balance(), balance);
  assert.deepEqual(restored.post(topUp('new')).failures, []);
  assert.equal((await shelf.open()).books.halt, undefined);
  assert.deepEqual((await shelf.open()).postings(), shelf.journal());
});

test('a database without its journal, as on an empty folder, is refused until it is resumed', async () => {
  const shelf = new Shelf();
  (await shelf.open()).post(topUp('one'));
  shelf.close();
  rmSync(shelf.journalFolder, { recursive: true });
  const opened = await shelf.open();
  assert.equal(opened.books.halt?.reason, 'journal missing');
  assert.deepEqual(opened.books.resume(), { restored: 0, setAside: true });
  opened.post(topUp('two'));
  const again = await shelf.open();
  assert.equal(again.books.halt, undefined);
  assert.deepEqual(shelf.journal(), ['2 two 1000000']);
});

test('the journal of another database is refused, and set aside by a resume', async () => {
  const shelf = new Shelf();
  (await shelf.open()).post(topUp('one'));
  const { books } = await shelf.open(realDisk, 'ledger b');
  assert.equal(books.halt?.reason, 'journal of another database');
  assert.deepEqual(books.resume(), { restored: 0, setAside: true });
  assert.ok(readdirSync(shelf.journalFolder).some((name) => name.endsWith('.aside-1-1')));
  assert.equal((await shelf.open(realDisk, 'ledger b')).books.halt, undefined);
});

test('a database that went another way than its journal since a restore is refused', async () => {
  const shelf = new Shelf();
  const opened = await shelf.open();
  opened.post(topUp('one'));
  const backup = join(shelf.folder, 'backup.db');
  opened.database.exec(`VACUUM INTO '${backup}'`);
  opened.post(topUp('journalled'));
  shelf.close();
  for (const end of ['', '-wal', '-shm']) rmSync(`${shelf.databasePath}${end}`, { force: true });
  copyFileSync(backup, shelf.databasePath);
  const kept = join(shelf.folder, 'kept');
  mkdirSync(kept);
  const name = segmentNames(shelf.journalFolder)[0] ?? '';
  copyFileSync(join(shelf.journalFolder, name), join(kept, name));
  rmSync(shelf.journalFolder, { recursive: true });
  const alone = await shelf.open();
  alone.books.resume();
  alone.post(topUp('alone'));
  shelf.close();
  rmSync(shelf.journalFolder, { recursive: true });
  mkdirSync(shelf.journalFolder);
  copyFileSync(join(kept, name), join(shelf.journalFolder, name));
  const both = await shelf.open();
  assert.equal(both.books.halt?.reason, 'journal of another database');
  assert.deepEqual(both.books.resume(), { restored: 1, setAside: true });
  assert.deepEqual(both.postings(), ['1 one 1000000', '2 alone 1000000', '3 journalled 1000000']);
});

test('a damage in the middle is mended from the database, and halts where the database lacks what follows', async () => {
  const shelf = new Shelf();
  const opened = await shelf.open();
  opened.post(topUp('one'));
  const backup = join(shelf.folder, 'backup.db');
  opened.database.exec(`VACUUM INTO '${backup}'`);
  const damagedAt = readFileSync(shelf.segmentPath).length + 30;
  opened.post(topUp('two'), topUp('three'));
  const whole = readFileSync(shelf.segmentPath);
  shelf.close();
  const damaged = Buffer.from(whole);
  damaged[damagedAt] = 0;
  writeFileSync(shelf.segmentPath, damaged);
  assert.equal((await shelf.open()).books.halt, undefined);
  assert.deepEqual(readFileSync(shelf.segmentPath), whole);
  shelf.close();
  writeFileSync(shelf.segmentPath, damaged);
  for (const end of ['', '-wal', '-shm']) rmSync(`${shelf.databasePath}${end}`, { force: true });
  copyFileSync(backup, shelf.databasePath);
  const older = await shelf.open();
  assert.equal(older.books.halt?.reason, 'journal damaged');
  assert.deepEqual(older.books.resume(), { restored: 1, setAside: true });
  assert.deepEqual(older.postings(), ['1 one 1000000', '2 three 1000000']);
});

test('whatever is posted, repeated, torn and restarted, database and journal hold each posting once and the same sum', async () => {
  const step = fc.oneof(
    fc.record({
      kind: fc.constant('post' as const),
      id: fc.integer({ min: 1, max: 12 }),
      amount: fc.integer({ min: 1, max: 4 }),
    }),
    fc.record({ kind: fc.constant('crash' as const), torn: fc.integer({ min: 0, max: 60 }) }),
    fc.record({ kind: fc.constant('garbage' as const), size: fc.integer({ min: 1, max: 40 }) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      const shelf = new Shelf({ segmentOctets: 900 });
      const model = new Map<string, bigint>();
      let opened = await shelf.open();
      for (const one of steps) {
        if (one.kind === 'post') {
          const posting = topUp(`p${one.id}`, BigInt(one.amount));
          const known = model.get(posting.id);
          const { failures } = opened.post(posting);
          assert.equal(failures.length, known === undefined || known === posting.amountMicros ? 0 : 1);
          if (known === undefined) model.set(posting.id, posting.amountMicros);
        } else {
          shelf.close();
          const path = shelf.segmentPath;
          const { length } = readFileSync(path);
          if (one.kind === 'garbage') appendFileSync(path, Buffer.alloc(one.size, 0x7b));
          // The database was committed first, so all that a crash tears is still in it.
          else
            truncateSync(path, Math.max(120, length - one.torn) > length ? length : Math.max(120, length - one.torn));
          opened = await shelf.open();
          assert.equal(opened.books.halt, undefined);
        }
      }
      assert.equal(
        opened.balance(),
        [...model.values()].reduce((sum, amount) => sum + amount, 0n),
      );
      assert.deepEqual(opened.postings(), shelf.journal());
      shelf.close();
      rmSync(shelf.folder, { recursive: true });
    }),
    { numRuns: 40 },
  );
});

test('segments are bounded in size and follow each other without gaps', async () => {
  const shelf = new Shelf({ segmentOctets: 1000 });
  const opened = await shelf.open();
  for (let n = 0; n < 40; n++) opened.post(topUp(`t${n}`));
  assert.ok(segmentNames(shelf.journalFolder).length > 5);
  assert.equal(shelf.journal().length, 40);
});

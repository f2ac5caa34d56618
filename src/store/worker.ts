import { randomUUID } from 'node:crypto';
import { closeSync, existsSync, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { backup, DatabaseSync } from 'node:sqlite';
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import type { Kysely } from 'kysely';
import { assert } from '../base/result/assert.ts';
import {
  callChargesSql,
  earlyMediaSql,
  sourceCallsSql,
  talkSql,
  fieldsSetSql,
  selectAudit,
  selectCdrs,
  selectDecisions,
} from './history.ts';
import { pruneDecisions } from './decision-pruning.ts';
import { LedgerBooks } from './ledger-books.ts';
import { readLedgerState, selectPostings } from './ledger-rows.ts';
import type { Answer, FromWorker, Read, Row, TableName, ToWorker, WorkerStart, Write } from './messages.ts';
import { kyselyOn, migrate } from './migrations/index.ts';
import type { Schema } from './schema.ts';
import { openRow } from './sealed-rows.ts';
import type { Heartbeat } from '../call/record.ts';
import { KeyRing } from './secret-box.ts';
import { plainRow, Writer } from './writer.ts';

interface ThreadParts {
  readonly database: DatabaseSync;
  readonly keys: KeyRing;
  readonly path: string;
  readonly epoch: number;
  readonly books: LedgerBooks;
}

/** The store's thread: the only one that touches the database. */
class StoreThread {
  readonly #port: MessagePort;
  readonly #database: DatabaseSync;
  /** A second connection, so that a backup or a report never sees, or holds up, a half-done transaction. */
  readonly #reading: DatabaseSync;
  readonly #queries: Kysely<Schema>;
  readonly #keys: KeyRing;
  readonly #books: LedgerBooks;
  readonly #writer: Writer;

  constructor(port: MessagePort, parts: ThreadParts) {
    const { database, keys, path, epoch, books } = parts;
    this.#port = port;
    this.#database = database;
    this.#keys = keys;
    this.#books = books;
    this.#writer = new Writer(database, keys, epoch, books);
    this.#reading = new DatabaseSync(path, { readOnly: true });
    this.#queries = kyselyOn(this.#reading);
    port.on('message', (message: ToWorker) => this.#take(message));
  }

  #take(first: ToWorker): void {
    const messages = [first];
    // Everything that waits already goes into the same transaction.
    for (let next = receiveMessageOnPort(this.#port); next !== undefined; next = receiveMessageOnPort(this.#port)) {
      messages.push(next.message);
    }
    for (const message of messages) {
      if (message.kind === 'stage') this.#writer.stage(message);
      else if (message.kind === 'drop stage') this.#writer.dropStage(message.stage);
    }
    const batches = messages.filter((message) => message.kind === 'write');
    if (batches.length > 0) this.#commit(batches);
    for (const message of messages) if (message.kind === 'read') void this.#answer(message.id, message.read);
  }

  #commit(batches: readonly { readonly batch: number; readonly writes: readonly Write[] }[]): void {
    const { failures, journalFault } = this.#writer.writeGroup(batches.flatMap((batch) => batch.writes));
    let start = 0;
    for (const { batch, writes } of batches) {
      const end = start + writes.length;
      const own = failures.filter(({ at }) => at >= start && at < end);
      const offset = start;
      this.#send({
        kind: 'written',
        batch,
        failures: own.map((one) => ({ ...one, at: one.at - offset })),
        journalFault,
      });
      start = end;
    }
  }

  async #answer(id: number, read: Read): Promise<void> {
    try {
      this.#send({ kind: 'answer', id, rows: await this.#read(read) });
    } catch (error) {
      this.#send({ kind: 'failed', id, message: error instanceof Error ? error.message : String(error) });
    }
    if (read.kind === 'close') this.#port.close();
  }

  async #read(read: Read): Promise<Answer> {
    switch (read.kind) {
      case 'tables':
        return Object.fromEntries(read.names.map((name) => [name, this.#table(name)]));
      case 'cdrs':
        return { cdrs: (await selectCdrs(this.#queries, read.filter)).map(plainRow) };
      case 'audit':
        return { audit: (await selectAudit(this.#queries, read.limit)).map(plainRow) };
      case 'decisions':
        return { decisions: (await selectDecisions(this.#queries, read.filter)).map(plainRow) };
      case 'fields set':
        return { account_fields: this.#reading.prepare(fieldsSetSql).all().map(plainRow) };
      case 'talk':
        return { cdrs: this.#reading.prepare(talkSql).all(read.sinceMs).map(plainRow) };
      case 'call charges':
        return { cdrs: this.#reading.prepare(callChargesSql).all(read.sinceMs, read.limit).map(plainRow) };
      case 'source calls':
        return { cdrs: this.#reading.prepare(sourceCallsSql).all(read.sinceMs, read.limit).map(plainRow) };
      case 'early media':
        return { cdrs: this.#reading.prepare(earlyMediaSql).all(read.accountId, read.sinceMs).map(plainRow) };
      case 'where':
        return { [read.table]: this.#where(read.table, read.column, read.value) };
      case 'ledger':
        return { ledger: readLedgerState(this.#reading) };
      case 'resume ledger':
        return { resumed: this.#books.resume() };
      case 'postings':
        return { postings: selectPostings(this.#reading, read.filter) };
      case 'next audit id':
        return { audit: this.#reading.prepare('SELECT coalesce(max(id), 0) + 1 AS id FROM audit').all().map(plainRow) };
      case 'backup':
        await this.#backup(read.path);
        return {};
      case 'prune decisions':
        return { pruned: pruneDecisions(this.#database, read.beforeMs, read.maxRows) };
      case 'rotate keys':
        this.#keys.addKey(read.nowMs);
        this.#writer.sealAgain();
        return {};
      case 'close':
        this.#reading.close();
        this.#books.close();
        this.#database.close();
        return {};
    }
  }

  async #backup(path: string): Promise<void> {
    closeSync(openSync(path, 'wx', 0o600));
    try {
      await backup(this.#reading, path);
    } catch (error) {
      rmSync(path, { force: true });
      throw error;
    }
  }

  #table(name: TableName): Row[] {
    const rows = this.#reading.prepare(`SELECT * FROM ${name}`).all();
    return rows.map((row) => openRow(this.#keys, name, plainRow(row)));
  }

  #where(table: TableName, column: string, value: string | number): Row[] {
    const rows = this.#reading.prepare(`SELECT * FROM ${table} WHERE ${column} = ?`).all(value);
    return rows.map((row) => openRow(this.#keys, table, plainRow(row)));
  }

  #send(message: FromWorker): void {
    this.#port.postMessage(message);
  }
}

async function start(port: MessagePort, { dataFolder, nowMs }: WorkerStart): Promise<void> {
  const path = join(dataFolder, 'ringfence.db');
  const keys = KeyRing.open(dataFolder, !existsSync(path), nowMs);
  closeSync(openSync(path, 'a', 0o600));
  const database = new DatabaseSync(path, { timeout: 5000 });
  // FULL: a commit that was answered survives a power cut, not only a crash of this process.
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON');
  await migrate(kyselyOn(database));
  const epoch = nextEpoch(database);
  const books = new LedgerBooks(database, join(dataFolder, 'ledger'), ledgerName(database));
  new StoreThread(port, { database, keys, path, epoch, books });
  const lastHeartbeat = heartbeatOf(database);
  port.postMessage({ kind: 'ready', epoch, lastHeartbeat, ledgerHalt: books.halt } satisfies FromWorker);
}

function heartbeatOf(database: DatabaseSync): Heartbeat | undefined {
  const row = database.prepare('SELECT at_ms, epoch FROM heartbeat WHERE id = 1').get();
  const { at_ms: wallMs, epoch } = row ?? {};
  if (typeof wallMs !== 'number') return undefined;
  const monotonic = database.prepare("SELECT value FROM meta WHERE name = 'heartbeat_monotonic_ms'").get()?.['value'];
  return { wallMs, monotonicMs: monotonic === undefined ? undefined : Number(monotonic), epoch: Number(epoch) };
}

/** The name by which a journal knows its database, made once. A backup keeps it. */
function ledgerName(database: DatabaseSync): string {
  database
    .prepare("INSERT INTO meta (name, value) VALUES ('ledger', ?) ON CONFLICT (name) DO NOTHING")
    .run(randomUUID());
  return String(database.prepare("SELECT value FROM meta WHERE name = 'ledger'").get()?.['value']);
}

/** Each start has a number; who finds another one in the database has been replaced and writes no more. */
function nextEpoch(database: DatabaseSync): number {
  const epoch = Number(database.prepare("SELECT value FROM meta WHERE name = 'epoch'").get()?.['value'] ?? 0) + 1;
  database
    .prepare(
      "INSERT INTO meta (name, value) VALUES ('epoch', ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
    )
    .run(String(epoch));
  return epoch;
}

const port = parentPort;
assert(port !== null, 'the store runs in a thread of its own');
const given: WorkerStart = workerData;
try {
  await start(port, given);
} catch (error) {
  const message = error instanceof Error ? error.message : String(error);
  port.postMessage({ kind: 'not ready', message } satisfies FromWorker);
  port.close();
}

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import type { SecretBox } from '../accounts/ports.ts';
import { Secret } from '../base/log/secret.ts';
import { LedgerBooks } from './ledger-books.ts';
import type { Write } from './messages.ts';
import { kyselyOn, migrate } from './migrations/index.ts';
import { Writer } from './writer.ts';

const glassBox: SecretBox = { seal: (text) => `<${text}>`, open: (sealed) => new Secret(sealed.slice(1, -1)) };

async function newDatabase(): Promise<DatabaseSync> {
  const database = new DatabaseSync(':memory:');
  await migrate(kyselyOn(database));
  database.exec("INSERT INTO meta (name, value) VALUES ('epoch', '3')");
  return database;
}

function begin(callId: string, size = 1): Write {
  return ['begin', callId, 1, 'x'.repeat(size), '[]', ''];
}

const root = mkdtempSync(join(tmpdir(), 'ringfence-writer-'));
process.on('exit', () => rmSync(root, { recursive: true, force: true }));
let folders = 0;

function newWriter(database: DatabaseSync): Writer {
  folders++;
  return new Writer(database, glassBox, 3, new LedgerBooks(database, join(root, String(folders)), 'a ledger'));
}

function callCount(database: DatabaseSync): unknown {
  return database.prepare('SELECT count(*) AS n FROM calls').get()?.['n'];
}

test('the tables are made from nothing, and a second migration changes nothing', async () => {
  const database = await newDatabase();
  const tables = (): unknown =>
    database.prepare("SELECT name, sql FROM sqlite_schema WHERE type <> 'x' ORDER BY name").all();
  const before = tables();
  await migrate(kyselyOn(database));
  assert.deepEqual(tables(), before);
});

test('a full disk fails the whole group with the reason, and later writes succeed again when there is room', async () => {
  const database = await newDatabase();
  const writer = newWriter(database);
  const pages = Number(database.prepare('PRAGMA page_count').get()?.['page_count']);
  database.exec(`PRAGMA max_page_count = ${pages + 5}`);
  const { failures } = writer.writeGroup([begin('small'), begin('large', 500_000), begin('after')]);
  assert.deepEqual(
    failures.map(({ at, failure }) => [at, failure.reason]),
    [
      [0, 'full'],
      [1, 'full'],
      [2, 'full'],
    ],
  );
  assert.equal(callCount(database), 0, 'nothing that was refused is there');
  database.exec('PRAGMA max_page_count = 100000');
  assert.deepEqual(writer.writeGroup([begin('large', 500_000)]).failures, []);
  assert.equal(callCount(database), 1);
});

test('a server whose database another one has taken over writes nothing more', async () => {
  const database = await newDatabase();
  const writer = newWriter(database);
  database.exec("UPDATE meta SET value = '4' WHERE name = 'epoch'");
  const { failures } = writer.writeGroup([begin('late')]);
  assert.equal(failures[0]?.failure.reason, 'superseded');
  assert.equal(callCount(database), 0);
});

test('of several rows that belong together, none is there when one is refused', async () => {
  const database = await newDatabase();
  const writer = newWriter(database);
  const number = { kind: 'put', table: 'numbers', row: { number: '43123', account_id: 1 } } as const;
  const wrong = { kind: 'put', table: 'numbers', row: { number: '43124', account_id: null } } as const;
  const { failures } = writer.writeGroup([['rows', number, wrong], begin('other')]);
  assert.deepEqual(
    failures.map(({ at, failure }) => [at, failure.reason]),
    [[0, 'refused']],
  );
  assert.equal(database.prepare('SELECT count(*) AS n FROM numbers').get()?.['n'], 0);
  assert.equal(callCount(database), 1);
});

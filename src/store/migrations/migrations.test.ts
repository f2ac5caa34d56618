import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { Migrator } from 'kysely/migration';
import { readMoney } from '../../accounts/money.ts';
import { profileValues } from '../../settings/index.ts';
import { createFirstTables } from './0001-first-tables.ts';
import { createDecisions } from './0002-decisions.ts';
import { createPrices } from './0003-prices.ts';
import { createLedger } from './0004-ledger.ts';
import { kyselyOn, migrate } from './index.ts';

/** A database of the time before accounts had limits of money. */
async function oldDatabase(): Promise<DatabaseSync> {
  const database = new DatabaseSync(':memory:');
  const steps = {
    '0001-first-tables': { up: createFirstTables },
    '0002-decisions': { up: createDecisions },
    '0003-prices': { up: createPrices },
    '0004-ledger': { up: createLedger },
  };
  const provider = { getMigrations: () => Promise.resolve(steps) };
  const { error } = await new Migrator({ db: kyselyOn(database), provider }).migrateToLatest();
  assert.equal(error, undefined);
  return database;
}

/** A row with 0 or empty text in every column that has no value given. */
function insert(database: DatabaseSync, table: string, given: Readonly<Record<string, string | number>>): void {
  const columns = database.prepare(`SELECT name, type, "notnull" AS must FROM pragma_table_info('${table}')`).all();
  const values = columns.map(({ name, type, must }) => {
    if (must === 0) return given[String(name)] ?? null;
    return given[String(name)] ?? (String(type) === 'text' ? '' : 0);
  });
  const names = columns.map(({ name }) => String(name)).join(', ');
  database.prepare(`INSERT INTO ${table} (${names}) VALUES (${values.map(() => '?').join(', ')})`).run(...values);
}

test('an old database keeps all that it has, gets no limit that nobody set, and may be migrated twice [credit.old-database-versions]', async () => {
  const database = await oldDatabase();
  insert(database, 'accounts', { id: 10, name: 'alice', name_folded: 'alice', kind: 'enduser', enabled: 1 });
  insert(database, 'settings', { name: 'ring_timeout', value: '30', set_by: 'anna' });
  insert(database, 'postings', { id: 'first', seq: 1, account_id: 10, kind: 'top-up', amount_micros: 5_000_000 });
  insert(database, 'balances', { account_id: 10, posted_micros: 5_000_000 });
  const kept = (): unknown => [
    database.prepare('SELECT id, name, kind, enabled FROM accounts').all(),
    database.prepare('SELECT name, value, set_by FROM settings').all(),
    database.prepare('SELECT id, seq, account_id, amount_micros FROM postings').all(),
    database.prepare('SELECT account_id, posted_micros FROM balances').all(),
  ];
  const before = kept();
  await migrate(kyselyOn(database));
  await migrate(kyselyOn(database));
  assert.deepEqual(kept(), before);
  const row = database.prepare('SELECT money_json FROM accounts').get();
  const { dayMicros, monthMicros, isPostpaid } = readMoney(String(row?.['money_json']));
  assert.deepEqual([dayMicros, monthMicros, isPostpaid], [0n, 0n, false]);
  const { maxdailycreditforenduser, maxdailycreditforts } = profileValues('default');
  assert.deepEqual(
    [maxdailycreditforenduser, maxdailycreditforts],
    [0n, 0n],
    'a 1 would stop everybody after one unit',
  );
});

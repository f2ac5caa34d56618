import type { Kysely } from 'kysely';
import { createTable } from './create-table.ts';

/** What accounts may spend, what a call in progress is charged by, and what accounts are used to spend. */
export async function addMoneyOfAccountsAndCalls(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .alterTable('accounts')
    .addColumn('money_json', 'text', (column) => column.notNull().defaultTo(''))
    .execute();
  await db.schema
    .alterTable('calls')
    .addColumn('money_json', 'text', (column) => column.notNull().defaultTo(''))
    .execute();
  await createTable(db, 'spend_peaks', ['account_id'], {
    account_id: 'bigint',
    highest_micros: 'text',
    blocked_days_json: 'text',
  });
}

import type { Kysely } from 'kysely';

/** Which transports a user's phones may use, and a place for settings that are secrets. */
export async function addTlsColumns(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .alterTable('accounts')
    .addColumn('transports_json', 'text', (column) => column.notNull().defaultTo('[]'))
    .execute();
  await db.schema
    .alterTable('settings')
    .addColumn('value_sealed', 'text', (column) => column.notNull().defaultTo(''))
    .execute();
}

import type { Kysely } from 'kysely';

/** The country that an account is in; empty for that of the setting. */
export async function addHomeCountry(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .alterTable('accounts')
    .addColumn('home_country', 'text', (column) => column.notNull().defaultTo(''))
    .execute();
}

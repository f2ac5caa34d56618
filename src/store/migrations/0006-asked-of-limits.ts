import type { Kysely } from 'kysely';

/** What a refused call would have added to what was measured; and the limits of each account as one JSON text. */
export async function addAskedAndLimits(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .alterTable('decisions')
    .addColumn('asked', 'text', (column) => column.notNull().defaultTo(''))
    .execute();
  await db.schema
    .alterTable('accounts')
    .addColumn('limits_json', 'text', (column) => column.notNull().defaultTo('{}'))
    .execute();
}

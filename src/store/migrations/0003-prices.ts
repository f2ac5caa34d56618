import type { Kysely } from 'kysely';
import { createTable } from './create-table.ts';

/** Which directions an account may call, which packets it has; price lists, each one document; packets. */
export async function createPrices(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .alterTable('accounts')
    .addColumn('directions_json', 'text', (column) => column.notNull().defaultTo('{"allowed":[],"blocked":[]}'))
    .execute();
  await db.schema
    .alterTable('accounts')
    .addColumn('packets_json', 'text', (column) => column.notNull().defaultTo('[]'))
    .execute();
  await createTable(db, 'tariffs', ['id'], { id: 'bigint', name: 'text', parent_id: 'bigint?' });
  await db.schema
    .alterTable('tariffs')
    .addColumn('deck', 'text', (column) => column.notNull().defaultTo(''))
    .execute();
  await createTable(db, 'packets', ['id'], { id: 'bigint', name: 'text', packet_json: 'text' });
}

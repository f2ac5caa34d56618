import type { Kysely } from 'kysely';

/** How long each call had media before its answer. */
export async function addEarlyMedia(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .alterTable('cdrs')
    .addColumn('early_media_ms', 'bigint', (column) => column.notNull().defaultTo(0))
    .execute();
}

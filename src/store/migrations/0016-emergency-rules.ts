import type { Kysely } from 'kysely';

/** Which dial rules carry emergency calls. */
export async function addEmergencyRules(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .alterTable('dial_rules')
    .addColumn('emergency', 'bigint', (column) => column.notNull().defaultTo(0))
    .execute();
}

import type { Kysely } from 'kysely';

/** The INVITEs that a call has sent, so that the next server can cancel what still rings. */
export async function addInvitesOfCalls(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .alterTable('calls')
    .addColumn('invites_json', 'text', (column) => column.notNull().defaultTo('[]'))
    .execute();
}

import type { Kysely } from 'kysely';
import { createTable } from './create-table.ts';

/** Lists of bad addresses that others keep, and their copies: the one in effect and the one that waits for the operator. */
export async function createBlockLists(db: Kysely<unknown>): Promise<void> {
  await createTable(db, 'block_lists', ['name'], {
    name: 'text',
    /** A URL may hold a key of the operator's. */
    source_sealed: 'text',
    format: 'text',
    allows_http: 'bigint',
    by_whom: 'text',
    added_at_ms: 'bigint',
    etag: 'text',
    last_modified: 'text',
    checked_at_ms: 'bigint',
    taken_at_ms: 'bigint',
    fault: 'text',
    held_at_ms: 'bigint',
    held_why: 'text',
  });
  await createTable(db, 'block_list_copies', ['list_name', 'which'], {
    list_name: 'text',
    which: 'text',
    entries: 'text',
  });
}

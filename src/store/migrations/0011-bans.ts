import type { Kysely } from 'kysely';
import { createTable } from './create-table.ts';

/** Who is banned or never banned, for as long as it lasts. */
export async function createBans(db: Kysely<unknown>): Promise<void> {
  await createTable(db, 'bans', ['ban_key'], {
    ban_key: 'text',
    action: 'text',
    scope: 'text',
    subject: 'text',
    rule: 'text',
    reason: 'text',
    evidence: 'text',
    ban_count: 'bigint',
    by_whom: 'text',
    at_ms: 'bigint',
    /** 0 for one without end. */
    until_ms: 'bigint',
  });
}

import type { Kysely } from 'kysely';
import { createTable } from './create-table.ts';

/** The record of each no to an identified account. */
export async function createDecisions(db: Kysely<unknown>): Promise<void> {
  await createTable(db, 'decisions', ['id'], {
    id: 'text',
    time_ms: 'bigint',
    subject: 'text',
    rule: 'text',
    mode: 'text',
    outcome: 'text',
    measured: 'text',
    limit_text: 'text',
    unit: 'text',
    set_by: 'text',
    set_at_ms: 'bigint?',
    would_pass: 'text',
    sip_status: 'bigint',
    call_id: 'text',
    evidence: 'text',
  });
  await db.schema.createIndex('decisions_by_time').on('decisions').column('time_ms').execute();
}

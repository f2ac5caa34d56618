import type { Kysely } from 'kysely';
import { createTable } from './create-table.ts';

/** Postings, the sums of them that are kept beside, and the bounds of billing days. */
export async function createLedger(db: Kysely<unknown>): Promise<void> {
  await createTable(db, 'postings', ['id'], {
    id: 'text',
    seq: 'bigint',
    account_id: 'bigint',
    kind: 'text',
    amount_micros: 'bigint',
    currency: 'text',
    cause: 'text',
    actor: 'text',
    at_ms: 'bigint',
    day: 'text',
    call_id: 'text',
    cleared: 'bigint',
    reverses: 'text',
  });
  await db.schema.createIndex('postings_by_seq').unique().on('postings').column('seq').execute();
  await db.schema.createIndex('postings_by_account').on('postings').columns(['account_id', 'seq']).execute();
  await db.schema.createIndex('postings_by_call').on('postings').column('call_id').execute();
  await db.schema.createIndex('postings_by_reversed').on('postings').column('reverses').execute();
  await createTable(db, 'balances', ['account_id'], {
    account_id: 'bigint',
    posted_micros: 'bigint',
    uncleared_micros: 'bigint',
  });
  await createTable(db, 'charge_days', ['account_id', 'day'], {
    account_id: 'bigint',
    day: 'text',
    charged_micros: 'bigint',
  });
  await db.schema.createIndex('charge_days_by_day').on('charge_days').column('day').execute();
  await createTable(db, 'charge_months', ['account_id', 'month'], {
    account_id: 'bigint',
    month: 'text',
    charged_micros: 'bigint',
  });
  await createTable(db, 'periods', ['day'], { day: 'text', starts_at_ms: 'bigint', ends_at_ms: 'bigint' });
}

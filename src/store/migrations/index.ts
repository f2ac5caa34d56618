import type { Kysely } from 'kysely';
import { type Migration, Migrator } from 'kysely/migration';
import type { Schema } from '../schema.ts';
import { createFirstTables } from './0001-first-tables.ts';
import { createDecisions } from './0002-decisions.ts';
import { createPrices } from './0003-prices.ts';
import { createLedger } from './0004-ledger.ts';
import { addMoneyOfAccountsAndCalls } from './0005-money-of-accounts-and-calls.ts';
import { addAskedAndLimits } from './0006-asked-of-limits.ts';
import { addTlsColumns } from './0007-tls.ts';
import { addInvitesOfCalls } from './0009-invites-of-calls.ts';
import { createBans } from './0011-bans.ts';
import { addEmergencyRules } from './0016-emergency-rules.ts';
import { addHomeCountry } from './0017-home-country.ts';
import { addEarlyMedia } from './0018-early-media.ts';
import { createBlockLists } from './0020-block-lists.ts';

export { kyselyOn } from './kysely-on.ts';

/**
 * Steps from an empty database to today's tables, run in the order of their names, each once. A step that was
 * released is never edited; only types and clauses that PostgreSQL reads too.
 */
const migrations: Readonly<Record<string, Migration>> = {
  '0001-first-tables': { up: createFirstTables },
  '0002-decisions': { up: createDecisions },
  '0003-prices': { up: createPrices },
  '0004-ledger': { up: createLedger },
  '0005-money-of-accounts-and-calls': { up: addMoneyOfAccountsAndCalls },
  '0006-asked-of-limits': { up: addAskedAndLimits },
  '0007-tls': { up: addTlsColumns },
  '0009-invites-of-calls': { up: addInvitesOfCalls },
  '0011-bans': { up: createBans },
  '0016-emergency-rules': { up: addEmergencyRules },
  '0017-home-country': { up: addHomeCountry },
  '0018-early-media': { up: addEarlyMedia },
  '0020-block-lists': { up: createBlockLists },
};

/** Brings the database to the newest tables. Throws when a step fails; the database is then as before that step. */
export async function migrate(db: Kysely<Schema>): Promise<void> {
  const migrator = new Migrator({ db, provider: { getMigrations: () => Promise.resolve({ ...migrations }) } });
  const { error } = await migrator.migrateToLatest();
  if (error === undefined) return;
  if (error instanceof Error) throw error;
  throw new Error('the tables of the database cannot be brought up to date', { cause: error });
}

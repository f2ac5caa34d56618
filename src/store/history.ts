import type { Kysely } from 'kysely';
import type { CdrFilter } from './messages.ts';
import type { AuditTable, CdrTable, Schema } from './schema.ts';

/** More rows than this are read in pages: by `untilMs` of the next call. */
const maxRows = 10_000;

/** CDRs that pass the filter, newest first. */
export function selectCdrs(db: Kysely<Schema>, filter: CdrFilter): Promise<CdrTable[]> {
  let query = db.selectFrom('cdrs').selectAll();
  if (filter.callId !== undefined) query = query.where('call_id', '=', filter.callId);
  if (filter.sinceMs !== undefined) query = query.where('started_at_ms', '>=', filter.sinceMs);
  if (filter.untilMs !== undefined) query = query.where('started_at_ms', '<', filter.untilMs);
  const account = filter.account;
  if (account !== undefined) {
    query = query.where((of) => of.or([of('payer_id', '=', account.id), of('callee_name', '=', account.name)]));
  }
  return query
    .orderBy('started_at_ms', 'desc')
    .orderBy('call_id', 'desc')
    .limit(Math.min(filter.limit, maxRows))
    .execute();
}

/** What administrators did, newest first. */
export function selectAudit(db: Kysely<Schema>, limit: number): Promise<AuditTable[]> {
  return db.selectFrom('audit').selectAll().orderBy('id', 'desc').limit(Math.min(limit, maxRows)).execute();
}

import type { Kysely } from 'kysely';
import type { CdrFilter, DecisionFilter } from './messages.ts';
import type { AuditTable, CdrTable, DecisionTable, Schema } from './schema.ts';

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

/** Decisions that pass the filter, newest first. */
export function selectDecisions(db: Kysely<Schema>, filter: DecisionFilter): Promise<DecisionTable[]> {
  let query = db.selectFrom('decisions').selectAll();
  if (filter.sinceMs !== undefined) query = query.where('time_ms', '>=', filter.sinceMs);
  if (filter.untilMs !== undefined) query = query.where('time_ms', '<', filter.untilMs);
  if (filter.subject !== undefined) query = query.where('subject', '=', filter.subject);
  if (filter.rule !== undefined) query = query.where('rule', '=', filter.rule);
  if (filter.outcome !== undefined) query = query.where('outcome', '=', filter.outcome);
  return query.orderBy('time_ms', 'desc').orderBy('id').limit(Math.min(filter.limit, maxRows)).execute();
}

/** One row for the fields that were set together, in the order of setting. */
export const fieldsSetSql =
  "SELECT account_id, string_agg(field, ',') AS field, set_by, set_at_ms FROM account_fields" +
  ' GROUP BY account_id, set_by, set_at_ms ORDER BY set_at_ms';

/** No time zone changes its day in the middle of a quarter of an hour. */
export const talkSql =
  "SELECT payer_id, CASE WHEN callee_name LIKE 'trunk:%' THEN callee_name ELSE '' END AS callee_name," +
  ' min(started_at_ms) AS started_at_ms, sum(ended_at_ms - answered_at_ms) AS talk_ms FROM cdrs' +
  ' WHERE started_at_ms >= ? AND answered_at_ms IS NOT NULL AND ended_at_ms IS NOT NULL' +
  " GROUP BY payer_id, CASE WHEN callee_name LIKE 'trunk:%' THEN callee_name ELSE '' END, started_at_ms / 900000";

/** Charges of calls that began since then, the newest first. Amounts leave as text. */
export const callChargesSql =
  'SELECT p.call_id, p.account_id, CAST(-p.amount_micros AS TEXT) AS cost_micros, p.day, p.at_ms, c.payer_id, c.source_address' +
  ' FROM cdrs c JOIN postings p ON p.call_id = c.call_id' +
  " WHERE c.started_at_ms >= ? AND p.kind = 'charge' ORDER BY p.seq DESC LIMIT ?";

/** Milliseconds of early media that calls of one payer had since then. */
export const earlyMediaSql =
  'SELECT coalesce(sum(early_media_ms), 0) AS early_media_ms FROM cdrs WHERE payer_id = ? AND started_at_ms >= ?';

export const sourceCallsSql =
  'SELECT payer_id, source_address, started_at_ms, answered_at_ms, ended_at_ms FROM cdrs' +
  " WHERE started_at_ms >= ? AND decision_id = '' AND payer_id IS NOT NULL AND ended_at_ms IS NOT NULL" +
  ' ORDER BY started_at_ms DESC LIMIT ?';

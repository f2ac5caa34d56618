import type { DatabaseSync } from 'node:sqlite';
import { nextDay, type Period } from '../billing/ledger/calendar.ts';
import { type Posting, postingKinds } from '../billing/ledger/posting.ts';
import type { LedgerState, PostingFilter, StoredPosting } from './messages.ts';
import { assert } from '../base/result/assert.ts';

/** Amounts leave the database as text: they may be larger than a number can tell exactly. */
export const selectPosting =
  'SELECT id, CAST(seq AS TEXT) AS seq, account_id, kind, CAST(amount_micros AS TEXT) AS amount_micros, currency, cause,' +
  ' actor, at_ms, day, call_id, cleared, reverses FROM postings';

type LedgerRow = Readonly<Record<string, unknown>>;

export function postingOf(row: LedgerRow): Posting {
  const kind = postingKinds.find((known) => known === row['kind']);
  assert(kind !== undefined, `posting ${String(row['id'])} has the unknown kind '${String(row['kind'])}'`);
  return {
    id: String(row['id']),
    accountId: Number(row['account_id']),
    kind,
    amountMicros: micros(row['amount_micros']),
    currency: String(row['currency']),
    cause: String(row['cause']),
    actor: String(row['actor']),
    atMs: Number(row['at_ms']),
    day: String(row['day']),
    callId: String(row['call_id']),
    cleared: row['cleared'] === 1,
    reverses: String(row['reverses']),
  };
}

/** A whole number that the database gave as text. */
export function micros(value: unknown): bigint {
  assert(typeof value === 'string', 'amounts are read as text');
  return BigInt(value);
}

export function selectPostings(database: DatabaseSync, filter: PostingFilter): StoredPosting[] {
  if (filter.by !== 'account') {
    const column = { id: 'id', reverses: 'reverses', call: 'call_id' }[filter.by];
    return database
      .prepare(`${selectPosting} WHERE ${column} = ? ORDER BY postings.seq`)
      .all(filter.id)
      .map(storedPosting);
  }
  const { accountId, limit, beforeSeq } = filter;
  const before = beforeSeq === undefined ? '' : ' AND seq < ?';
  const statement = database.prepare(
    `${selectPosting} WHERE account_id = ?${before} ORDER BY postings.seq DESC LIMIT ?`,
  );
  const bounds = beforeSeq === undefined ? [] : [beforeSeq];
  return statement.all(accountId, ...bounds, Math.min(limit, maxPostings)).map(storedPosting);
}

function storedPosting(row: LedgerRow): StoredPosting {
  return { seq: micros(row['seq']), posting: postingOf(row) };
}

const keptDays = 62;
const maxPostings = 10_000;

/** Reads the sums of the last days, and of all months. */
export function readLedgerState(database: DatabaseSync): LedgerState {
  const newest = database.prepare(`SELECT * FROM periods ORDER BY day DESC LIMIT ${keptDays}`).all();
  const periods = newest.toReversed().map((row): Period => {
    return { day: String(row['day']), startsAtMs: Number(row['starts_at_ms']), endsAtMs: Number(row['ends_at_ms']) };
  });
  const oldestDay = dayBefore(periods.at(-1)?.day ?? '', keptDays);
  const balances = database
    .prepare(
      'SELECT account_id, CAST(posted_micros AS TEXT) AS posted, CAST(uncleared_micros AS TEXT) AS uncleared FROM balances',
    )
    .all();
  const days = database
    .prepare('SELECT account_id, day, CAST(charged_micros AS TEXT) AS charged FROM charge_days WHERE day >= ?')
    .all(oldestDay);
  const months = database
    .prepare('SELECT account_id, month, CAST(charged_micros AS TEXT) AS charged FROM charge_months')
    .all();
  const newestPosting = database.prepare('SELECT currency FROM postings ORDER BY seq DESC LIMIT 1').get();
  return {
    periods,
    currency: newestPosting === undefined ? undefined : String(newestPosting['currency']),
    sums: {
      balances: balances.map((row) => ({
        accountId: Number(row['account_id']),
        postedMicros: micros(row['posted']),
        unclearedMicros: micros(row['uncleared']),
      })),
      days: days.map((row) => ({
        accountId: Number(row['account_id']),
        day: String(row['day']),
        chargedMicros: micros(row['charged']),
      })),
      months: months.map((row) => ({
        accountId: Number(row['account_id']),
        month: String(row['month']),
        chargedMicros: micros(row['charged']),
      })),
    },
  };
}

function dayBefore(day: string, days: number): string {
  if (day === '') return '';
  return nextDay(new Date(Date.parse(`${day}T00:00:00Z`) - (days + 1) * 86_400_000).toISOString().slice(0, 10));
}

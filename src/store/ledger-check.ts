import { DatabaseSync } from 'node:sqlite';
import { readMoney } from '../accounts/money.ts';
import type { LedgerFindings } from '../billing/ledger/ports.ts';
import { movesTheSame } from '../billing/ledger/posting.ts';
import { microsPerUnit, printAmount } from '../base/money/money.ts';
import { readSegment, segmentNames } from './journal-segments.ts';
import { micros, postingOf, selectPosting } from './ledger-rows.ts';

/** More findings of one kind than this say nothing new. */
const maxFindings = 20;

/** What the check of a data folder is told. */
export interface CheckPlace {
  readonly databasePath: string;
  readonly journalFolder: string;
}

/**
 * Holds the postings against everything that is made of them or beside them, on a connection of its own that reads one
 * moment of the database while others go on to write.
 */
export function checkLedger({ databasePath, journalFolder }: CheckPlace): LedgerFindings {
  const database = new DatabaseSync(databasePath, { readOnly: true, timeout: 5000 });
  try {
    database.exec('BEGIN');
    const row = database
      .prepare(
        'SELECT count(*) AS n, CAST(coalesce(max(seq), 0) AS TEXT) AS seq,' +
          // All accounts together may be more than 64 bits: whole units and the rest of each are summed apart.
          ` CAST(coalesce(sum(amount_micros / ${microsPerUnit}), 0) AS TEXT) AS units,` +
          ` CAST(coalesce(sum(amount_micros % ${microsPerUnit}), 0) AS TEXT) AS rest FROM postings`,
      )
      .get();
    const lastSeq = micros(row?.['seq']);
    const totalMicros = micros(row?.['units']) * microsPerUnit + micros(row?.['rest']);
    const restored = restoredPlaces(database);
    const belowZero = accountsBelowZero(database);
    const findings = [
      ...sqlFindings(database),
      ...(BigInt(Number(row?.['n'])) === lastSeq ? [] : ['postings are missing: their places have gaps']),
      ...withoutCdr(database, restored),
      ...belowZero.filter(({ owed }) => !owed).map(({ text }) => text),
      ...journalFindings(database, journalFolder, lastSeq),
    ];
    const notes = [
      ...restored.map((places) => restoredNote(database, places)),
      ...waitingNote(database),
      ...belowZero.filter(({ owed }) => owed).map(({ text }) => text),
    ];
    return { postings: Number(row?.['n']), totalMicros, findings, notes };
  } finally {
    database.close();
  }
}

/** Each query names what does not agree, one row for each; none gives a row when all is well. */
const queries: readonly (readonly [sql: string, text: string])[] = [
  [
    'SELECT p.account_id AS what FROM (SELECT account_id, sum(amount_micros) AS posted,' +
      ' sum(CASE WHEN cleared = 0 THEN amount_micros ELSE 0 END) AS uncleared FROM postings GROUP BY account_id) p' +
      ' LEFT JOIN balances b ON b.account_id = p.account_id WHERE b.posted_micros IS NULL' +
      ' OR b.posted_micros <> p.posted OR b.uncleared_micros <> p.uncleared',
    'the balance of account # is not the sum of its postings',
  ],
  [
    'SELECT account_id AS what FROM balances b WHERE NOT EXISTS' +
      ' (SELECT 1 FROM postings p WHERE p.account_id = b.account_id) AND (posted_micros <> 0 OR uncleared_micros <> 0)',
    'account # has a balance and no postings',
  ],
  [
    "SELECT p.account_id || ' on ' || p.day AS what FROM (SELECT account_id, day, -sum(amount_micros) AS charged FROM postings" +
      " WHERE kind = 'charge' GROUP BY account_id, day) p LEFT JOIN charge_days d" +
      ' ON d.account_id = p.account_id AND d.day = p.day WHERE d.charged_micros IS NULL OR d.charged_micros <> p.charged',
    'the charges of the day of account # are not the sum of its postings',
  ],
  [
    "SELECT d.account_id || ' on ' || d.day AS what FROM charge_days d WHERE d.charged_micros <> 0 AND NOT EXISTS (SELECT 1" +
      " FROM postings p WHERE p.account_id = d.account_id AND p.day = d.day AND p.kind = 'charge')",
    'account # has charges of the day and no postings',
  ],
  [
    "SELECT m.account_id || ' in ' || m.month AS what FROM charge_months m WHERE m.charged_micros <> (SELECT" +
      ' coalesce(sum(d.charged_micros), 0) FROM charge_days d WHERE d.account_id = m.account_id' +
      ' AND substr(d.day, 1, 7) = m.month)',
    'the charges of the month of account # are not the sum of its days',
  ],
  ['SELECT c.call_id AS what FROM calls c JOIN cdrs d ON d.call_id = c.call_id', 'call # has ended, and runs'],
  [
    "SELECT p.id AS what FROM postings p WHERE p.kind = 'transfer' AND substr(p.id, -3) <> '#to' AND NOT EXISTS" +
      " (SELECT 1 FROM postings t WHERE t.id = p.id || '#to' AND t.amount_micros = -p.amount_micros)",
    'the transfer # left one account and did not arrive',
  ],
  [
    'SELECT p.day AS what FROM periods p JOIN periods q ON q.day > p.day AND q.starts_at_ms < p.ends_at_ms',
    'the billing day # overlaps a later one',
  ],
];

function sqlFindings(database: DatabaseSync): string[] {
  return queries.flatMap(([sql, text]) => {
    const rows = database.prepare(`${sql} LIMIT ${maxFindings}`).all();
    return rows.map((row) => text.replace('#', () => String(row['what'])));
  });
}

type Places = readonly (readonly [first: bigint, last: bigint])[];

function restoredPlaces(database: DatabaseSync): Places {
  const noted = database.prepare("SELECT value FROM meta WHERE name = 'ledger_restored'").get()?.['value'];
  if (typeof noted !== 'string') return [];
  return noted.split(' ').map((range) => {
    const [first = '0', last = '0'] = range.split('-');
    return [BigInt(first), BigInt(last)];
  });
}

/** What nobody can tell after a restore: the CDRs that went with the database, and ends of calls that it had in progress. */
function restoredNote(database: DatabaseSync, [first, last]: Places[number]): string {
  const row = database
    .prepare(
      'SELECT count(DISTINCT p.call_id) AS n FROM postings p JOIN cdrs c ON c.call_id = p.call_id' +
        " WHERE p.kind = 'charge' AND p.seq BETWEEN ? AND ?",
    )
    .get(first, last);
  const known = Number(row?.['n']);
  const ends = known === 0 ? '' : `, but for ${known} that the backup had in progress: those end with the backup`;
  return `postings ${first} to ${last} came back from the journal after a restore; the CDRs of their calls are lost${ends}`;
}

function waitingNote(database: DatabaseSync): string[] {
  const rows = database.prepare('SELECT cdr_json FROM calls').all();
  const waiting = rows.filter((row) => JSON.parse(String(row['cdr_json'])).endedAtMs !== undefined).length;
  return waiting === 0 ? [] : [`${waiting} calls of a dead server wait to be charged until the ledger is resumed`];
}

/** Charges whose calls have no CDR; those that came back from the journal are known to have none. */
function withoutCdr(database: DatabaseSync, restored: Places): string[] {
  const except = restored.map(() => ' AND NOT p.seq BETWEEN ? AND ?').join('');
  const rows = database
    .prepare(
      "SELECT p.id FROM postings p LEFT JOIN cdrs c ON c.call_id = p.call_id WHERE p.kind = 'charge'" +
        ` AND c.call_id IS NULL${except} LIMIT ${maxFindings}`,
    )
    .all(...restored.flat());
  return rows.map((row) => `the charge ${String(row['id'])} has no CDR`);
}

interface BelowZero {
  readonly text: string;
  /** It was so when the account became prepaid. */
  readonly owed: boolean;
}

/** Of those who pay for calls; what is posted on a SIP server is what it costs us. */
function accountsBelowZero(database: DatabaseSync): readonly BelowZero[] {
  const rows = database
    .prepare(
      'SELECT a.id, a.name, a.money_json, CAST(b.posted_micros AS TEXT) AS posted FROM balances b' +
        ' JOIN accounts a ON a.id = b.account_id WHERE b.posted_micros < 0' +
        " AND a.kind <> 'sipserver' AND NOT EXISTS" +
        " (SELECT 1 FROM postings p WHERE p.account_id = b.account_id AND p.kind = 'chargeback')",
    )
    .all();
  return rows
    .filter((row) => !readMoney(String(row['money_json'] ?? '')).isPostpaid)
    .slice(0, maxFindings)
    .map((row) => {
      const [name, posted] = [String(row['name']), micros(row['posted'])];
      const owedMicros = owedAsPostpaid(database, Number(row['id']));
      if (owedMicros >= 0n || posted < owedMicros) {
        return { text: `the prepaid account ${name} has ${printAmount(posted)}`, owed: false };
      }
      return { text: `${name} has ${printAmount(posted)}, owed from when it was postpaid`, owed: true };
    });
}

/** The balance with which an account became prepaid, together with the charges of the calls that it was in then. */
function owedAsPostpaid(database: DatabaseSync, accountId: number): bigint {
  const row = database
    .prepare(
      'SELECT CAST(coalesce(sum(p.amount_micros), 0) AS TEXT) AS owed FROM account_fields f' +
        ' JOIN postings p ON p.account_id = f.account_id LEFT JOIN cdrs c ON c.call_id = p.call_id' +
        " WHERE f.account_id = ? AND f.field = 'postpaid'" +
        ' AND (p.at_ms <= f.set_at_ms OR c.started_at_ms <= f.set_at_ms)',
    )
    .get(accountId);
  return micros(row?.['owed']);
}

/** Reads the whole journal beside the postings, in the order of both. */
function journalFindings(database: DatabaseSync, folder: string, lastSeq: bigint): string[] {
  const findings: string[] = [];
  const byPlace = database.prepare(`${selectPosting} WHERE postings.seq = ?`);
  let newest: bigint | undefined;
  for (const name of segmentNames(folder)) {
    const { header, records, soundOctets, octets } = readSegment(folder, name);
    if (header === undefined || soundOctets < octets) findings.push(`the journal is damaged in ${name}`);
    if (header !== undefined && newest !== undefined && header.from !== newest + 1n) {
      findings.push(`the journal has a gap before ${name}`);
    }
    newest = header === undefined ? newest : header.from - 1n;
    for (const { seq, posting } of records) {
      newest = seq;
      if (seq > lastSeq || findings.length >= maxFindings) continue;
      const row = byPlace.get(seq);
      if (row !== undefined && String(row['id']) === posting.id && movesTheSame(postingOf(row), posting)) continue;
      findings.push(`posting ${seq} is not the one of the journal, ${posting.id}`);
    }
  }
  if (newest === undefined) return [...findings, 'there is no journal'];
  if (newest < lastSeq) findings.push(`the journal ends at posting ${newest}, the database at ${lastSeq}`);
  return findings;
}

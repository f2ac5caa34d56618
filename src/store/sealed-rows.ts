import type { SecretBox } from '../accounts/ports.ts';
import type { Row, TableName } from './messages.ts';

/** Columns that make a row of each table unique. */
export const keyColumns: Readonly<Record<TableName, readonly string[]>> = {
  accounts: ['id'],
  account_fields: ['account_id', 'field'],
  credentials: ['account_id'],
  web_passwords: ['account_id'],
  numbers: ['number'],
  dial_rules: ['id'],
  dial_routes: ['rule_id', 'position'],
  bindings: ['binding_key'],
  calls: ['call_id'],
  cdrs: ['call_id'],
  settings: ['name'],
  audit: ['id'],
  decisions: ['id'],
  bans: ['ban_key'],
  block_lists: ['name'],
  block_list_copies: ['list_name', 'which'],
  tariffs: ['id'],
  packets: ['id'],
  postings: ['id'],
  balances: ['account_id'],
  charge_days: ['account_id', 'day'],
  charge_months: ['account_id', 'month'],
  periods: ['day'],
  heartbeat: ['id'],
  spend_peaks: ['account_id'],
  meta: ['name'],
};

/** Tables that hold sealed columns: what a change of keys has to go through. */
export const sealedTables = [
  'accounts',
  'block_lists',
  'credentials',
  'dial_rules',
  'settings',
] as const satisfies readonly TableName[];

const sealedSuffix = '_sealed';

/** The row as the database keeps it: each filled `_sealed` column encrypted, bound to its table, column and row. */
export function sealRow(box: SecretBox, table: TableName, row: Row): Row {
  return mapSealed(table, row, (text, context) => box.seal(text, context));
}

export function openRow(box: SecretBox, table: TableName, row: Row): Row {
  return mapSealed(table, row, (text, context) => box.open(text, context).reveal());
}

function mapSealed(table: TableName, row: Row, map: (text: string, context: string) => string): Row {
  const mapped: Record<string, string | number | null> = { ...row };
  for (const [column, value] of Object.entries(row)) {
    if (!column.endsWith(sealedSuffix) || typeof value !== 'string' || value === '') continue;
    mapped[column] = map(value, [table, column, ...keyColumns[table].map((key) => row[key])].join('|'));
  }
  return mapped;
}

import { type Ban, banScopes } from '../guard/bans/ban.ts';
import type { Row, RowChange } from './messages.ts';

export function banPut(ban: Ban): RowChange {
  const row = {
    ban_key: ban.key,
    action: ban.action,
    scope: ban.scope,
    subject: ban.subject,
    rule: ban.rule,
    reason: ban.reason,
    evidence: ban.evidence,
    ban_count: ban.count,
    by_whom: ban.by,
    at_ms: ban.atMs,
    until_ms: ban.untilMs ?? 0,
  };
  return { kind: 'put', table: 'bans', row };
}

export function banOf(row: Row): Ban {
  const text = (column: string): string => String(row[column] ?? '');
  return {
    key: text('ban_key'),
    // Only these two are ever stored.
    action: text('action') === 'allow' ? 'allow' : 'ban',
    scope: banScopes.find((scope) => scope === text('scope')) ?? 'address',
    subject: text('subject'),
    rule: text('rule'),
    reason: text('reason'),
    evidence: text('evidence'),
    count: Number(row['ban_count']),
    by: text('by_whom'),
    atMs: Number(row['at_ms']),
    untilMs: row['until_ms'] === 0 ? undefined : Number(row['until_ms']),
  };
}

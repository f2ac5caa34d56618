import type { Decision } from '../guard/decision.ts';
import type { Row, RowChange } from './messages.ts';

export function decisionPut(decision: Decision): RowChange {
  const row = {
    id: decision.id,
    time_ms: decision.timeMs,
    subject: decision.subject,
    rule: decision.rule,
    mode: decision.mode,
    outcome: decision.outcome,
    measured: decision.measured,
    asked: decision.asked,
    limit_text: decision.limit,
    unit: decision.unit,
    set_by: decision.setBy,
    set_at_ms: decision.setAtMs ?? null,
    would_pass: decision.wouldPass,
    sip_status: decision.sipStatus,
    call_id: decision.callId,
    evidence: decision.evidence,
  };
  return { kind: 'put', table: 'decisions', row };
}

export function decisionOf(row: Row): Decision {
  const text = (column: string): string => String(row[column] ?? '');
  return {
    id: text('id'),
    timeMs: Number(row['time_ms']),
    subject: text('subject'),
    rule: text('rule'),
    // Only the two outcomes of the two active modes are ever stored.
    mode: text('mode') === 'observe' ? 'observe' : 'enforce',
    outcome: text('outcome') === 'would refuse' ? 'would refuse' : 'refused',
    measured: text('measured'),
    asked: text('asked'),
    limit: text('limit_text'),
    unit: text('unit'),
    setBy: text('set_by'),
    setAtMs: row['set_at_ms'] === null ? undefined : Number(row['set_at_ms']),
    wouldPass: text('would_pass'),
    sipStatus: Number(row['sip_status']),
    callId: text('call_id'),
    evidence: text('evidence'),
  };
}

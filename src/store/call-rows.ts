import type { Posting } from '../billing/ledger/posting.ts';
import type {
  CallAnswer,
  CallRow,
  Cdr,
  DialogRecord,
  EndedBy,
  InviteRecord,
  StreamQuality,
  UnfinishedCall,
} from '../call/record.ts';
import type { Row, Write } from './messages.ts';
import type { CdrTable } from './schema.ts';

/** Columns of a CDR, in the order in which `endWrite` gives their values; the call's id is first. */
export const cdrColumns = [
  'call_id',
  'sip_call_id',
  'payer_id',
  'caller_id',
  'caller_name',
  'callee_name',
  'caller_number',
  'dialled_number',
  'canonical_number',
  'number_class',
  'sent_number',
  'dial_rule',
  'attempts_json',
  'started_at_ms',
  'answered_at_ms',
  'ended_at_ms',
  'cause',
  'sip_status',
  'ended_by',
  'codecs',
  'caller_quality_json',
  'callee_quality_json',
  'source_address',
  'source_port',
  'transport',
  'user_agent',
  'decision_id',
  'transfer_of',
  'early_media_ms',
] as const satisfies readonly (keyof CdrTable)[];

export function beginWrite(row: CallRow): Write {
  return ['begin', row.callId, row.startedAtMs, JSON.stringify(row.cdr), JSON.stringify(row.invites), row.money];
}

export function dialledWrite(callId: string, invites: readonly InviteRecord[], money: string): Write {
  return ['dialled', JSON.stringify(invites), money, callId];
}

export function answerWrite(row: CallAnswer): Write {
  const { answeredAtMs, cdr, caller, callee, money, callId } = row;
  const [callerJson, calleeJson] = [JSON.stringify(caller), JSON.stringify(callee)];
  return ['answer', answeredAtMs, JSON.stringify(cdr), callerJson, calleeJson, money, callId];
}

export function endWrite(cdr: Cdr, charges: readonly Posting[]): Write {
  const values = cdrValues(cdr);
  return charges.length === 0 ? ['end', ...values] : ['charged end', charges, values];
}

/** A CDR that is there already, as it is now known, and what that cost. */
export function amendWrite(cdr: Cdr, charges: readonly Posting[]): Write {
  const values = cdrValues(cdr);
  const row = Object.fromEntries(cdrColumns.map((column, index) => [column, values[index] ?? null]));
  return ['post', charges, [{ kind: 'put', table: 'cdrs', row }]];
}

function cdrValues(cdr: Cdr): readonly (string | number | null)[] {
  return [
    cdr.callId,
    cdr.sipCallId,
    cdr.payerId ?? null,
    cdr.callerId ?? null,
    cdr.callerName,
    cdr.calleeName,
    cdr.callerNumber,
    cdr.dialledNumber,
    cdr.canonicalNumber,
    cdr.numberClass,
    cdr.sentNumber,
    cdr.dialRule,
    JSON.stringify(cdr.attempts),
    cdr.startedAtMs,
    cdr.answeredAtMs ?? null,
    cdr.endedAtMs ?? null,
    cdr.cause,
    cdr.sipStatus,
    cdr.endedBy,
    cdr.codecs,
    optionalJson(cdr.callerQuality),
    optionalJson(cdr.calleeQuality),
    cdr.sourceAddress,
    cdr.sourcePort,
    cdr.transport,
    cdr.userAgent,
    cdr.decisionId,
    cdr.transferOf,
    // A row of an older version has none.
    cdr.earlyMediaMs ?? 0,
  ];
}

/** The CDR of a row of the table. */
export function cdrOf(row: Row): Cdr {
  const text = (column: (typeof cdrColumns)[number]): string => String(row[column] ?? '');
  return {
    callId: text('call_id'),
    sipCallId: text('sip_call_id'),
    payerId: optionalNumber(row['payer_id']),
    callerId: optionalNumber(row['caller_id']),
    callerName: text('caller_name'),
    calleeName: text('callee_name'),
    callerNumber: text('caller_number'),
    dialledNumber: text('dialled_number'),
    canonicalNumber: text('canonical_number'),
    numberClass: text('number_class'),
    sentNumber: text('sent_number'),
    dialRule: text('dial_rule'),
    attempts: JSON.parse(text('attempts_json')),
    startedAtMs: Number(row['started_at_ms']),
    answeredAtMs: optionalNumber(row['answered_at_ms']),
    endedAtMs: optionalNumber(row['ended_at_ms']),
    cause: text('cause'),
    sipStatus: Number(row['sip_status']),
    endedBy: endedBy(text('ended_by')),
    codecs: text('codecs'),
    callerQuality: parsedQuality(text('caller_quality_json')),
    calleeQuality: parsedQuality(text('callee_quality_json')),
    sourceAddress: text('source_address'),
    sourcePort: Number(row['source_port']),
    transport: text('transport'),
    userAgent: text('user_agent'),
    decisionId: text('decision_id'),
    transferOf: text('transfer_of'),
    earlyMediaMs: Number(row['early_media_ms'] ?? 0),
  };
}

/** A call that was in progress when the server died. */
export function unfinishedCallOf(row: Row): UnfinishedCall {
  const cdr: Cdr = JSON.parse(String(row['cdr_json']));
  return {
    cdr,
    answeredAtMs: optionalNumber(row['answered_at_ms']),
    caller: parsedDialog(String(row['caller_json'])),
    callee: parsedDialog(String(row['callee_json'])),
    invites: JSON.parse(String(row['invites_json'])),
    money: String(row['money_json']),
  };
}

function optionalJson(quality: StreamQuality | undefined): string {
  return quality === undefined ? '' : JSON.stringify(quality);
}

function parsedQuality(text: string): StreamQuality | undefined {
  return text === '' ? undefined : JSON.parse(text);
}

function parsedDialog(text: string): DialogRecord | undefined {
  return text === '' ? undefined : JSON.parse(text);
}

function optionalNumber(value: string | number | null | undefined): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

function endedBy(text: string): EndedBy {
  return text === 'caller' || text === 'callee' ? text : 'system';
}

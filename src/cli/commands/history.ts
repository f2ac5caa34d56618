import { formatEndpoint } from '../../base/net/endpoint.ts';
import type { Command } from 'commander';
import type { AuditView, CallChargeView, CdrView } from '../../api/views.ts';
import { explainCause } from '../../call/cause.ts';
import type { CommandContext } from '../context.ts';
import { printable } from '../output/escape.ts';
import { duration, localTime, quality, qualityInFull } from '../output/format.ts';
import { optionalTime, parseCount } from '../output/list-flags.ts';
import type { Column } from '../output/table.ts';
import { addCommand, type CommonOptions, type Shell } from '../shell.ts';

interface CdrFlags extends CommonOptions {
  readonly since?: string;
  readonly until?: string;
  readonly user?: string;
  readonly limit?: string;
}

interface AuditFlags extends CommonOptions {
  readonly limit?: string;
}

export function addAccountingCommands(program: Command, shell: Shell): void {
  addCommand(program, 'cdr [callid]', 'Calls that are over, newest first, or everything about one of them.', [
    'cdr --since 24h --user alice',
    'cdr --since 2026-01-01 --until 2026-02-01 --limit 10000 --json',
    'cdr 5f1c2d3e4b5a6978',
  ])
    .option('--since <time>', 'calls that began then or later: 2026-01-31, 2026-01-31T09:30, 2h, 7d')
    .option('--until <time>', 'calls that began before then')
    .option('--user <name>', 'calls from or to this user')
    .option('--limit <count>', 'at most this many (default: 50, largest: 10000)')
    .action((callId: string | undefined, options: CdrFlags) =>
      shell.perform(options, (context) => {
        return callId === undefined ? listCdrs(context, options) : context.answer('cdr show', { callId }, cdrText);
      }),
    );

  addCommand(program, 'audit', 'What administrators changed, newest first.', ['audit --limit 20'])
    .option('--limit <count>', 'at most this many (default: 50, largest: 10000)')
    .action((options: AuditFlags) =>
      shell.perform(options, (context) => {
        const limit = parseCount(options.limit);
        if (!limit.ok) return Promise.resolve(context.usage(limit.error));
        return context.answer('audit list', { limit: limit.value }, (value) => {
          return context.table(auditColumns, value.entries, 'Nothing was changed yet.');
        });
      }),
    );
}

function listCdrs(context: CommandContext, options: CdrFlags): Promise<number> {
  const nowMs = context.environment.clock.wallMs();
  const since = optionalTime('--since', options.since, nowMs);
  const until = optionalTime('--until', options.until, nowMs);
  const limit = parseCount(options.limit);
  for (const read of [since, until, limit]) if (!read.ok) return Promise.resolve(context.usage(read.error));
  const query = {
    sinceMs: since.ok ? since.value : undefined,
    untilMs: until.ok ? until.value : undefined,
    limit: limit.ok ? limit.value : undefined,
    user: options.user,
  };
  return context.answer('cdr list', query, (value) => context.table(cdrColumns, value.cdrs, 'No such calls.'));
}

const cdrColumns: readonly Column<CdrView>[] = [
  { title: 'call id', cell: (cdr) => cdr.callId },
  { title: 'started', cell: (cdr) => localTime(cdr.startedAtMs) },
  { title: 'from', max: 24, cell: (cdr) => cdr.callerName },
  { title: 'dialled', max: 24, cell: (cdr) => cdr.dialledNumber },
  { title: 'to', max: 24, cell: (cdr) => cdr.calleeName },
  { title: 'time', align: 'right', cell: (cdr) => duration(cdr.durationMs) },
  { title: 'end', max: 24, cell: (cdr) => cdr.cause },
  { title: 'status', align: 'right', cell: (cdr) => String(cdr.sipStatus) },
  { title: 'codec', max: 20, cell: (cdr) => cdr.codecs },
  { title: 'quality', align: 'right', cell: (cdr) => quality(cdr.callerQuality, cdr.calleeQuality) },
];

const auditColumns: readonly Column<AuditView>[] = [
  { title: 'time', cell: (entry) => localTime(entry.atMs) },
  { title: 'by', max: 24, cell: (entry) => entry.by },
  { title: 'action', max: 24, cell: (entry) => entry.action },
  { title: 'subject', max: 40, cell: (entry) => entry.subject },
  { title: 'detail', max: 80, cell: (entry) => entry.detail },
];

function cdrText(cdr: CdrView & { readonly charges: readonly CallChargeView[] }): string {
  const facts: readonly (readonly [string, string])[] = [
    ['call id', cdr.callId],
    ['SIP Call-ID', cdr.sipCallId],
    ['from', `${cdr.callerName} as ${cdr.callerNumber}`],
    ['dialled', cdr.dialledNumber],
    ['read as', `${cdr.canonicalNumber} (${cdr.numberClass})`],
    ['sent as', cdr.sentNumber],
    ['dial rule', cdr.dialRule],
    ['to', cdr.calleeName],
    ['started', localTime(cdr.startedAtMs)],
    ['answered', localTime(cdr.answeredAtMs)],
    ['ended', localTime(cdr.endedAtMs)],
    ['time', duration(cdr.durationMs)],
    ...cdr.charges.map(chargeFact),
    ['early media', cdr.earlyMediaMs === 0 ? '' : `${duration(cdr.earlyMediaMs)} before the answer, not charged`],
    ['end', `${cdr.cause}, SIP ${cdr.sipStatus}, by ${cdr.endedBy}`],
    ['meaning', explainCause(cdr.cause)],
    ['codec', cdr.codecs],
    ['from caller', qualityInFull(cdr.callerQuality)],
    ['from callee', qualityInFull(cdr.calleeQuality)],
    ['source', `${cdr.transport} ${formatEndpoint({ address: cdr.sourceAddress, port: cdr.sourcePort })}`],
    ['phone', cdr.userAgent],
    ['decision', cdr.decisionId],
    ['transfer of', cdr.transferOf],
    ...cdr.attempts.map((attempt, at): readonly [string, string] => {
      const took = ((attempt.endedAtMs - attempt.startedAtMs) / 1000).toFixed(1);
      const sent = attempt.sentNumber === '' ? '' : ` as ${attempt.sentNumber}`;
      const hop = attempt.hop === undefined ? '' : ` at ${attempt.hop}`;
      const late = attempt.lateAnsweredAtMs === undefined ? '' : ', answered after it was given up';
      return [`attempt ${at + 1}`, `${attempt.target}${hop}${sent}: ${attempt.status} after ${took} s${late}`];
    }),
  ];
  const shown = facts.filter(([, value]) => value !== '');
  return `${shown.map(([name, value]) => `${name.padEnd(11)}  ${printable(value)}`).join('\n')}\n`;
}

function chargeFact({ account, isOurCost, amount, currency, day }: CallChargeView): readonly [string, string] {
  const money = `${amount} ${currency}`;
  return isOurCost ? ['costs us', `${money} over ${account} (${day})`] : ['charged', `${money} to ${account} (${day})`];
}

import type { Command } from 'commander';
import type { DecisionView, StrangerRefusalView } from '../../api/views.ts';
import { printAmount } from '../../base/money/money.ts';
import type { CommandContext } from '../context.ts';
import { printable } from '../output/escape.ts';
import { localTime } from '../output/format.ts';
import { optionalTime, parseCount } from '../output/list-flags.ts';
import type { Column } from '../output/table.ts';
import { ruleMeaning } from '../output/rule-meanings.ts';
import { addCommand, type CommonOptions, type Shell } from '../shell.ts';

interface ListFlags extends CommonOptions {
  readonly since?: string;
  readonly user?: string;
  readonly rule?: string;
  readonly outcome?: string;
  readonly limit?: string;
  readonly strangers?: boolean;
}

interface ExplainFlags extends CommonOptions {
  readonly limit?: string;
}

export function addDecisionCommands(program: Command, shell: Shell): void {
  addCommand(
    program,
    'explain <decision>',
    'Why a call was refused: the rule, what was measured, what would have passed.',
    ['explain 3f9a1c0b2d4e5f60', 'explain 3f9a1c0b2d4e5f60 --limit 10'],
  )
    .option('--limit <number>', 'tell also whether the call would have passed under this limit')
    .action((id: string, options: ExplainFlags) =>
      shell.perform(options, (context) => context.answer('explain', { id, limit: options.limit }, decisionText)),
    );

  addCommand(program, 'decisions', 'Calls that were refused, or would have been, newest first.', [
    'decisions --user alice --since 24h',
    "decisions --outcome 'would refuse' --rule maxlines",
    'decisions --strangers',
  ])
    .option('--since <time>', 'made then or later: 2026-01-31, 2026-01-31T09:30, 2h, 7d')
    .option('--user <name>', 'about this user')
    .option('--rule <key>', 'of this rule, such as maxlines')
    .option('--outcome <outcome>', "'refused' or 'would refuse'")
    .option('--limit <count>', 'at most this many (default: 50, largest: 10000)')
    .option('--strangers', 'instead: how often strangers were refused, by source, rule and minute')
    .action((options: ListFlags) =>
      shell.perform(options, (context) => {
        return options.strangers === true
          ? context.answer('decision strangers', {}, (value) => {
              return context.table(strangerColumns, value.refusals, 'No stranger was refused.');
            })
          : listDecisions(context, options);
      }),
    );
}

function listDecisions(context: CommandContext, options: ListFlags): Promise<number> {
  const since = optionalTime('--since', options.since, context.environment.clock.wallMs());
  if (!since.ok) return Promise.resolve(context.usage(since.error));
  const limit = parseCount(options.limit);
  if (!limit.ok) return Promise.resolve(context.usage(limit.error));
  const { user, rule, outcome } = options;
  if (outcome !== undefined && outcome !== 'refused' && outcome !== 'would refuse') {
    return Promise.resolve(
      context.usage(`--outcome: '${printable(outcome)}' is refused; write refused or 'would refuse'`),
    );
  }
  const query = { sinceMs: since.value, limit: limit.value, user, rule, outcome };
  return context.answer('decision list', query, (value) => {
    return context.table(decisionColumns, value.decisions, 'No such decisions.');
  });
}

const decisionColumns: readonly Column<DecisionView>[] = [
  { title: 'decision', cell: (decision) => decision.id },
  { title: 'time', cell: (decision) => localTime(decision.timeMs) },
  { title: 'about', max: 24, cell: (decision) => decision.subject },
  { title: 'rule', max: 24, cell: (decision) => decision.rule },
  { title: 'outcome', cell: (decision) => decision.outcome },
  {
    title: 'measured',
    align: 'right',
    max: 20,
    cell: ({ measured, unit }) => (unit === 'millionths' ? amountText(measured, unit) : measured),
  },
  { title: 'limit', align: 'right', max: 20, cell: ({ limit, unit }) => amountText(limit, unit) },
  { title: 'status', align: 'right', cell: (decision) => String(decision.sipStatus) },
];

const strangerColumns: readonly Column<StrangerRefusalView>[] = [
  { title: 'source', max: 45, cell: (refusal) => refusal.source },
  { title: 'rule', max: 40, cell: (refusal) => refusal.rule },
  { title: 'minute', cell: (refusal) => localTime(refusal.minuteMs) },
  { title: 'count', align: 'right', cell: (refusal) => String(refusal.count) },
];

function decisionText(decision: DecisionView): string {
  const { limit, unit, asked, setAtMs, passesUnder } = decision;
  const set = `set by ${decision.setBy}${setAtMs === null ? '' : ` on ${localTime(setAtMs)}`}`;
  const withUnit = (value: string): string => (value === '' ? '' : amountText(value, unit));
  const facts = [
    ['decision', decision.id],
    ['time', localTime(decision.timeMs)],
    ['about', decision.subject],
    ['call', decision.callId],
    ['outcome', `${decision.outcome} with ${decision.sipStatus}`],
    ['rule', `${decision.rule} (${decision.mode}), ${set}`],
    [
      'measured',
      asked === '' ? decision.measured : `${withUnit(decision.measured)}, and ${withUnit(asked)} for the call`,
    ],
    ['limit', withUnit(limit)],
    ['would pass', decision.wouldPass],
    ['evidence', decision.evidence],
    ['meaning', ruleMeaning(decision.rule)?.meaning ?? ''],
    ['remedy', ruleMeaning(decision.rule)?.remedy ?? ''],
    ['otherwise', otherwise(passesUnder, unit)],
  ] as const;
  const shown = facts.filter(([, value]) => value !== '');
  return `${shown.map(([name, value]) => `${name.padEnd(12)}${printable(value)}`).join('\n')}\n`;
}

/** Money is kept in millionths and read in units of the currency. */
function amountText(value: string, unit: string): string {
  return unit === 'millionths' && /^-?\d+$/.test(value) ? printAmount(BigInt(value)) : `${value} ${unit}`.trim();
}

function otherwise(under: DecisionView['passesUnder'], unit: string): string {
  if (under === null) return '';
  return `with a limit of ${amountText(under.limit, unit)} the call ${under.passes ? 'would have passed' : 'would be refused too'}`;
}

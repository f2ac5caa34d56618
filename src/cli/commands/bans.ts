import type { Command } from 'commander';
import type { BanView } from '../../api/views.ts';
import type { CommandContext } from '../context.ts';
import { printable } from '../output/escape.ts';
import { localTime, plural } from '../output/format.ts';
import { parseCount, parseWhole } from '../output/list-flags.ts';
import type { Column } from '../output/table.ts';
import { listText } from './block-lists.ts';
import { addCommand, type CommonOptions, type Shell } from '../shell.ts';

const tenYearsInMinutes = 5_256_000;

interface AddFlags extends CommonOptions {
  readonly user?: boolean;
  readonly number?: boolean;
  readonly agent?: boolean;
  readonly minutes?: string;
  readonly reason?: string;
  readonly yes?: boolean;
}

interface ListFlags extends CommonOptions {
  readonly limit?: string;
}

export function addBanCommands(program: Command, shell: Shell): void {
  const bans = program.command('bans').description('Who is banned, shed or allowed, and why.');
  addCommand(bans, 'list', 'All entries, newest first.', ['bans list', 'bans list --json'])
    .option('--limit <count>', 'at most this many (default: 1000, largest: 10000)')
    .action((options: ListFlags) =>
      shell.perform(options, (context) => {
        const limit = parseCount(options.limit);
        if (!limit.ok) return Promise.resolve(context.usage(limit.error));
        return context.answer('ban list', { limit: limit.value }, ({ bans: rows, lists }) => {
          const table = context.table(columns, rows, 'Nobody is banned.');
          return lists.length === 0 ? table : `${table}\nBlock lists:\n${listText(context, lists)}`;
        });
      }),
    );
  addCommand(bans, 'explain <subject...>', 'What stands against an address or a name, and on what evidence.', [
    'bans explain 203.0.113.9',
  ]).action((words: readonly string[], options: CommonOptions) =>
    shell.perform(options, (context) =>
      context.answer('ban explain', { subject: words.join(' ') }, ({ bans: rows }) => rows.map(explained).join('\n')),
    ),
  );
  addCommand(bans, 'add <subject>', 'Bans an address, a range or address:port; shows first whom that cuts off.', [
    'bans add 203.0.113.9 --minutes 60',
    'bans add 203.0.113.0/24 --yes',
    'bans add friendly --agent',
  ])
    .option('--user', 'the subject is the name of a user')
    .option('--number', 'the subject is a caller number')
    .option('--agent', 'the subject is a part of the name of a device')
    .option('--minutes <minutes>', 'how long; without it, until it is removed')
    .option('--reason <text>', 'why, for the list')
    .option('--yes', 'ban although phones, calls or SIP servers are cut off')
    .action((subject: string, options: AddFlags) =>
      shell.perform(options, (context) => add(context, subject, options)),
    );
  addCommand(bans, 'allow <subject>', 'Never bans this address or range, whatever is seen of it.', [
    'bans allow 198.51.100.7 --reason office',
  ])
    .option('--reason <text>', 'why, for the list')
    .action((subject: string, options: AddFlags) =>
      shell.perform(options, (context) =>
        context.answer(
          'ban allow',
          { subject, reason: options.reason },
          ({ ban }) => `Allowed: ${printable(ban.subject)}.\n`,
        ),
      ),
    );
  addCommand(bans, 'remove <subject...>', 'Takes an entry out and forgets what was counted; `all` for every ban.', [
    'bans remove 203.0.113.9',
    'bans remove alice from 203.0.113.9',
    'bans remove all',
  ]).action((words: readonly string[], options: CommonOptions) =>
    shell.perform(options, (context) => remove(context, words.join(' '))),
  );
}

function add(context: CommandContext, subject: string, options: AddFlags): Promise<number> {
  const { user, number: isNumber, agent, reason, yes } = options;
  const minutes = parseWhole('--minutes', options.minutes, tenYearsInMinutes);
  if (!minutes.ok) return Promise.resolve(context.usage(minutes.error));
  const scope = user ? 'user' : isNumber ? 'caller number' : agent ? 'user agent' : undefined;
  const given = { subject, scope, reason, minutes: minutes.value, confirmed: yes === true };
  return context.answer('ban add', given, ({ ban, banned, bindings, calls, peers }) => {
    const hit = [
      ...bindings.map((name) => `  phone of ${printable(name)}\n`),
      ...calls.map((call) => `  call ${printable(call)}\n`),
      ...peers.map((name) => `  SIP server or traffic sender ${printable(name)}\n`),
    ].join('');
    const head = hit === '' ? '' : `This cuts off:\n${hit}`;
    return banned
      ? `${head}Banned: ${printable(ban.subject)}.\n`
      : `${head}Nothing was banned; add --yes to ban all the same.\n`;
  });
}

function remove(context: CommandContext, subject: string): Promise<number> {
  if (subject.toLowerCase() === 'all') {
    return context.answer('ban clear', {}, ({ lifted }) => `${plural(lifted, 'entry', 'entries')} taken out.\n`);
  }
  return context.answer('ban remove', { subject }, ({ lifted, within, listedOn }) => {
    const named = (names: readonly string[]): string => names.map((each) => printable(each)).join(', ');
    const done =
      lifted.length === 0 ? `${printable(subject)} has no ban of its own.\n` : `Taken out: ${named(lifted)}.\n`;
    const inRange = within.length === 0 ? '' : `It lies in a range that is banned: ${named(within)}.\n`;
    const onLists = listedOn.length === 0 ? '' : `Block lists name it: ${named(listedOn)}.\n`;
    const still = `${inRange}${onLists}`;
    return still === ''
      ? done
      : `${done}${still}To serve it all the same: ringfence bans allow ${printable(subject)}\n`;
  });
}

const columns: readonly Column<BanView>[] = [
  { title: 'what', cell: (ban) => ban.action },
  { title: 'scope', cell: (ban) => ban.scope },
  { title: 'subject', max: 45, cell: (ban) => ban.subject },
  { title: 'rule', max: 28, cell: (ban) => ban.rule },
  { title: 'why', max: 60, cell: (ban) => ban.reason },
  { title: 'evidence', cell: (ban) => ban.evidence },
  { title: 'times', align: 'right', cell: (ban) => String(ban.count) },
  { title: 'by', max: 20, cell: (ban) => ban.by },
  { title: 'until', cell: (ban) => (ban.untilMs === null ? 'removed' : localTime(ban.untilMs)) },
];

function explained(ban: BanView): string {
  const facts = [
    ['what', `${ban.action} of the ${ban.scope} ${ban.subject}`],
    ['rule', ban.rule],
    ['why', ban.reason],
    ['evidence', ban.evidence],
    ['times', String(ban.count)],
    ['by', ban.by],
    ['since', localTime(ban.atMs)],
    ['until', ban.untilMs === null ? 'an operator removes it' : localTime(ban.untilMs)],
  ] as const;
  return `${facts.map(([name, value]) => `${name.padEnd(12)}${printable(value)}`).join('\n')}\n`;
}

import type { Command } from 'commander';
import { pageSize } from '../../api/operation-table.ts';
import type { ChangeView, DialRuleView, NumberView } from '../../api/views.ts';
import { ok, type Result } from '../../base/result/result.ts';
import type { OperationError } from '../../api/operation.ts';
import type { CommandContext } from '../context.ts';
import { printable } from '../output/escape.ts';
import { duration } from '../output/format.ts';
import type { Column } from '../output/table.ts';
import { addCommand, type CommonOptions, describedCommand, type Shell } from '../shell.ts';

export function addNumberCommands(program: Command, shell: Shell): void {
  const numbers = describedCommand(program, 'number', 'Numbers that belong to users.', [
    'number add 43123456 alice',
    'number list',
  ]);
  addCommand(numbers, 'add <number> <user>', 'Give a number to a user. Calls to it ring there.', [
    'number add 43123456 alice',
  ]).action((number: string, user: string, options: CommonOptions) =>
    shell.perform(options, (context) => context.answer('number add', { number, user }, changeText)),
  );
  addCommand(numbers, 'remove <number>', 'Take a number away from its user.', ['number remove 43123456']).action(
    (number: string, options: CommonOptions) =>
      shell.perform(options, (context) => context.answer('number remove', { number }, changeText)),
  );
  addCommand(numbers, 'list [user]', 'All numbers, or those of one user.', ['number list', 'number list alice']).action(
    (user: string | undefined, options: CommonOptions) =>
      shell.perform(options, async (context) => {
        const all = await allNumbers(context, user);
        return context.print(all, (value) => context.table(numberColumns, value.numbers, 'There are no numbers.'));
      }),
  );

  const rules = describedCommand(program, 'rule', 'Dial rules: which numbers go out over which SIP servers.', [
    'rule list',
  ]);
  addCommand(rules, 'list', 'All dial rules, in the order in which they are looked at.', ['rule list']).action(
    (options: CommonOptions) =>
      shell.perform(options, (context) => {
        return context.answer('rule list', {}, (value) => {
          return context.table(ruleColumns, value.rules, "There are no dial rules; 'ringfence import' brings them.");
        });
      }),
  );
}

/** What was changed, one line each. */
export function changeText(value: ChangeView): string {
  if (value.changes.length === 0) return 'Nothing to change: all is so already.\n';
  return `${value.changes.map(printable).join('\n')}\n`;
}

async function allNumbers(
  context: CommandContext,
  user: string | undefined,
): Promise<Result<{ readonly numbers: readonly NumberView[] }, OperationError>> {
  const numbers: NumberView[] = [];
  for (;;) {
    const page = await context.call('number list', { user, after: numbers.at(-1)?.number });
    if (!page.ok) return page;
    numbers.push(...page.value.numbers);
    if (page.value.numbers.length < pageSize) return ok({ numbers });
  }
}

const numberColumns: readonly Column<NumberView>[] = [
  { title: 'number', cell: (row) => row.number },
  { title: 'user', cell: (row) => row.user },
];

const ruleColumns: readonly Column<DialRuleView>[] = [
  { title: 'rule', max: 24, cell: (rule) => rule.name },
  { title: 'dial plan', cell: (rule) => rule.dialPlan },
  { title: 'pattern', cell: (rule) => rule.pattern },
  { title: 'delete', align: 'right', cell: (rule) => (rule.deleteDigits === 0 ? '' : String(rule.deleteDigits)) },
  { title: 'add', cell: (rule) => rule.addDigits },
  { title: 'times', max: 32, cell: (rule) => rule.timeRule },
  { title: 'longest', cell: (rule) => (rule.maxDurationS === 0 ? '' : duration(rule.maxDurationS * 1000)) },
  { title: 'secret prefix', cell: (rule) => (rule.secretPrefix ? 'yes' : '') },
  {
    title: 'over',
    max: 60,
    cell: (rule) => rule.routes.map((route) => `${route.sipServer} (${route.priority}, ${route.weight})`).join(', '),
  },
];

import type { Command } from 'commander';
import type { BalanceView, LedgerCheckView, PostedView, PostingView } from '../../api/views.ts';
import type { CommandContext } from '../context.ts';
import { exitCodes } from '../environment.ts';
import { printable } from '../output/escape.ts';
import { localTime, plural } from '../output/format.ts';
import { parseCount } from '../output/list-flags.ts';
import type { Column } from '../output/table.ts';
import { addCommand, type CommonOptions, describedCommand, type Shell } from '../shell.ts';

interface PostingFlags extends CommonOptions {
  readonly id?: string;
  readonly cause?: string;
  readonly uncleared?: boolean;
  readonly of?: string;
}

interface StatementFlags extends CommonOptions {
  readonly limit?: string;
}

type PostingCommand = 'topup' | 'adjust' | 'refund' | 'transfer' | 'chargeback';

export function addLedgerCommands(program: Command, shell: Shell): void {
  const ledger = describedCommand(
    program,
    'ledger',
    'The money of accounts: every movement, and the proof of the sum.',
    ['ledger topup alice 10 --id payment-4711', 'ledger statement alice', 'ledger check'],
  );
  addPostingCommands(ledger, shell);
  addCommand(ledger, 'clear <id>', 'The bank has cleared a top-up: its money may be spent on everything.', [
    'ledger clear payment-4711',
  ]).action((id: string, options: CommonOptions) =>
    shell.perform(options, (context) => context.answer('ledger clear', { id }, postedText)),
  );
  addCommand(ledger, 'statement <user>', 'What moved the money of an account, newest first.', [
    'ledger statement alice --limit 1000 --json',
  ])
    .option('--limit <count>', 'at most this many (default: 50, largest: 10000)')
    .action((user: string, options: StatementFlags) =>
      shell.perform(options, (context) => {
        const limit = parseCount(options.limit);
        if (!limit.ok) return Promise.resolve(context.usage(limit.error));
        return context.answer('ledger statement', { user, limit: limit.value }, (value) => {
          return `${context.table(columns, value.postings, 'No money has moved yet.')}${balanceText(value)}`;
        });
      }),
    );
  addCommand(ledger, 'check', 'Prove that postings, balances, journal and CDRs agree; exit code 1 when they do not.', [
    'ledger check --json',
  ]).action((options: CommonOptions) => shell.perform(options, check));
  addCommand(ledger, 'resume', 'Let the ledger go on after a restored backup, with all that its journal still has.', [
    'ledger resume',
  ]).action((options: CommonOptions) =>
    shell.perform(options, (context) =>
      context.answerLater('reading the journal', 'ledger resume', {}, ({ restored, setAside }) => {
        const aside = setAside ? ' The old journal is kept beside the new one, and no longer read.' : '';
        return `The ledger goes on. ${plural(restored, 'posting')} came back from the journal.${aside}\n`;
      }),
    ),
  );
}

function addPostingCommands(ledger: Command, shell: Shell): void {
  const add = (usage: string, text: string, example: string): Command =>
    addCommand(ledger, usage, text, [example])
      .option('--id <id>', 'the same id again changes nothing, so that a repeated command is harmless')
      .option('--cause <text>', 'why, for the statement');
  const perform = (
    command: PostingCommand,
    user: string,
    amount: string,
    options: PostingFlags,
    to = '',
  ): Promise<void> => shell.perform(options, (context) => postAmount(context, command, { user, amount, to }, options));
  add('topup <user> <amount>', 'A payment came in.', 'ledger topup alice 10 --id payment-4711')
    .option('--uncleared', 'the bank may still take it back: it buys domestic calls only, up to maxunclearedcredit')
    .action((user: string, amount: string, options: PostingFlags) => perform('topup', user, amount, options));
  add(
    'adjust <user> <amount>',
    'Put a balance right, up or down.',
    'ledger adjust alice -0.50 --cause "wrong price"',
  ).action((user: string, amount: string, options: PostingFlags) => perform('adjust', user, amount, options));
  add(
    'refund <user> <amount>',
    'Give money back for a call; the day stays as spent as it was.',
    'ledger refund alice 0.35',
  ).action((user: string, amount: string, options: PostingFlags) => perform('refund', user, amount, options));
  add('transfer <user> <to> <amount>', 'Move money to another account.', 'ledger transfer shop alice 5').action(
    (user: string, to: string, amount: string, options: PostingFlags) => perform('transfer', user, amount, options, to),
  );
  add(
    'chargeback <user> <amount>',
    'The bank took a payment back: also below zero, and it locks the account.',
    'ledger chargeback alice 10 --of payment-4711',
  )
    .option('--of <id>', 'the top-up that was taken back')
    .action((user: string, amount: string, options: PostingFlags) => perform('chargeback', user, amount, options));
}

function postAmount(
  context: CommandContext,
  command: PostingCommand,
  { user, amount, to }: { readonly user: string; readonly amount: string; readonly to: string },
  { id, cause, uncleared, of }: PostingFlags,
): Promise<number> {
  const given = { user, amount, id, cause };
  switch (command) {
    case 'topup':
      return context.answer('ledger topup', { ...given, uncleared }, postedText);
    case 'adjust':
      return context.answer('ledger adjust', given, postedText);
    case 'refund':
      return context.answer('ledger refund', given, postedText);
    case 'transfer':
      return context.answer('ledger transfer', { ...given, to }, postedText);
    case 'chargeback':
      return context.answer('ledger chargeback', { ...given, of }, postedText);
  }
}

async function check(context: CommandContext): Promise<number> {
  const checked = await context.call('ledger check', {});
  const printed = context.print(checked, checkText);
  return checked.ok && checked.value.findings.length > 0 ? exitCodes.failed : printed;
}

function checkText({ postings, total, currency, findings, notes, refusal }: LedgerCheckView): string {
  const verdict =
    findings.length === 0
      ? `${plural(postings, 'posting')}, ${total} ${currency} together: everything agrees.`
      : `${plural(findings.length, 'thing does', 'things do')} not agree:`;
  const odd = [
    ...findings,
    ...notes.map((note) => `note: ${note}`),
    ...(refusal === null ? [] : [`halted: ${refusal}`]),
  ];
  return `${[verdict, ...odd.map((line) => `  ${printable(line)}`)].join('\n')}\n`;
}

function postedText(posted: PostedView): string {
  const what = posted.isNew
    ? `Posted as ${printable(posted.id)}.`
    : `${printable(posted.id)} was posted before; nothing changed.`;
  return `${what} ${balanceText(posted)}`;
}

function balanceText({ user, balance, uncleared, currency }: BalanceView): string {
  const apart = uncleared === '0.00' ? '' : `, of which ${uncleared} is not cleared`;
  return `${printable(user)} has ${balance} ${currency}${apart}.\n`;
}

const columns: readonly Column<PostingView>[] = [
  { title: 'time', cell: (posting) => localTime(posting.atMs) },
  { title: 'kind', cell: ({ kind, cleared }) => (cleared ? kind : `${kind} (uncleared)`) },
  { title: 'amount', cell: (posting) => posting.amount },
  { title: 'day', cell: (posting) => posting.day },
  { title: 'id', max: 40, cell: (posting) => posting.id },
  { title: 'cause', max: 40, cell: (posting) => posting.cause },
  { title: 'by', cell: (posting) => posting.actor },
];

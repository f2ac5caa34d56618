import type { Command } from 'commander';
import { accountKinds } from '../../accounts/model.ts';
import { findField, foldFieldName } from '../../accounts/field-names.ts';
import type { OperationError } from '../../api/operation.ts';
import { pageSize } from '../../api/operation-table.ts';
import type { AccountDetailView, AccountView, NewCredentialView, PhoneSetupView } from '../../api/views.ts';
import { fail, ok, type Result } from '../../base/result/result.ts';
import type { CommandContext } from '../context.ts';
import { printable } from '../output/escape.ts';
import { localTime } from '../output/format.ts';
import type { Column } from '../output/table.ts';
import { addCommand, type CommonOptions, collected, describedCommand, type Shell } from '../shell.ts';
import { changeText } from './numbers.ts';

interface AddFlags extends CommonOptions {
  readonly kind?: string;
  readonly set: readonly string[];
  readonly passwordFile?: string;
}

interface PasswordFlags extends CommonOptions {
  readonly passwordFile?: string;
}

interface ListFlags extends CommonOptions {
  readonly kind?: string;
}

const passwordFileText = 'take the password from the first line of this file, - for standard input';

export function addUserCommands(program: Command, shell: Shell): void {
  const users = describedCommand(program, 'user', 'Accounts: endusers with phones, SIP servers, and people.', [
    'user add alice bob',
    'user list',
  ]);
  addAdding(users, shell);
  addCommand(
    users,
    'set <name> <field=value...>',
    'Change fields of an account. Secrets: field=@FILE, @- for standard input.',
    ['user set alice displayname="Alice Example" permitip=192.0.2.0/24', 'user set carrier authpassword=@-'],
  ).action((name: string, assignments: readonly string[], options: CommonOptions) =>
    shell.perform(options, async (context) => {
      const fields = await readFields(context, assignments);
      if (!fields.ok) return context.usage(fields.error);
      return context.answer('user set', { name, fields: fields.value }, changeText);
    }),
  );
  addCommand(users, 'password <name>', 'Give an account a new password; without a file, one is generated.', [
    'user password alice',
    'user password alice --password-file -',
  ])
    .option('--password-file <file>', passwordFileText)
    .action((name: string, options: PasswordFlags) =>
      shell.perform(options, async (context) => {
        const password = await readPassword(context, options.passwordFile);
        if (!password.ok) return context.usage(password.error);
        const given = password.value === undefined ? { name } : { name, password: password.value };
        return context.answer('user password', given, (value) => setupText(context, value, 'Changed the password of'));
      }),
    );
  addCommand(
    users,
    'forget-spending <name>',
    'The dynamic limit forgets what an account was used to spend, as after a theft that it did not stop.',
    ['user forget-spending alice'],
  ).action((name: string, options: CommonOptions) =>
    shell.perform(options, (context) => context.answer('user forget-spending', { name }, changeText)),
  );
  addCommand(users, 'remove <name>', 'Remove an account with its numbers and registrations; its CDRs stay.', [
    'user remove alice',
  ]).action((name: string, options: CommonOptions) =>
    shell.perform(options, (context) => context.answer('user remove', { name }, changeText)),
  );
  addListing(users, shell);
}

function addAdding(users: Command, shell: Shell): void {
  addCommand(users, 'add <names...>', 'Make accounts. Their generated passwords are printed once.', [
    'user add alice bob',
    'user add alice --set displayname="Alice Example" --set permitip=192.0.2.0/24',
    'user add carrier --kind sipserver --set host=sip.example.net --set authuser=me --set authpassword=@secret.txt',
  ])
    .option('--kind <kind>', `one of ${accountKinds.join(', ')}`, 'enduser')
    .option('--set <field=value>', 'a field of them, may be repeated; secrets as field=@FILE', collected, [])
    .option('--password-file <file>', passwordFileText)
    .action((names: readonly string[], options: AddFlags) =>
      shell.perform(options, async (context) => {
        const fields = await readFields(context, options.set);
        if (!fields.ok) return context.usage(fields.error);
        const password = await readPassword(context, options.passwordFile);
        if (!password.ok) return context.usage(password.error);
        if (password.value !== undefined && names.length > 1) {
          return context.usage('--password-file: several accounts with one password are refused; add them one by one');
        }
        const given = {
          type: options.kind ?? 'enduser',
          ...fields.value,
          ...(password.value === undefined ? {} : { password: password.value }),
        };
        return context.answer('user add', { names, fields: given }, (value) => setupText(context, value, 'Added'));
      }),
    );
}

function addListing(users: Command, shell: Shell): void {
  addCommand(users, 'list', 'All accounts.', ['user list', 'user list --kind sipserver --json'])
    .option('--kind <kind>', `only one of ${accountKinds.join(', ')}`)
    .action((options: ListFlags) =>
      shell.perform(options, async (context) => {
        const all = await allUsers(context, options.kind);
        return context.print(all, (value) => context.table(userColumns, value.users, 'There are no such accounts.'));
      }),
    );
  addCommand(
    users,
    'check',
    'Users without a limit on their lines, their credit or their day: what is stolen from them has no bound but the ceiling.',
    ['user check'],
  ).action((options: CommonOptions) =>
    shell.perform(options, (context) => {
      return context.answer('user check', {}, ({ total, users: found }) => {
        const more = total > found.length ? `and ${total - found.length} more\n` : '';
        return context.table(checkColumns, found, 'Every user has a limit on lines, credit and day.') + more;
      });
    }),
  );
  addCommand(users, 'show <name>', 'All fields of an account, and who set them.', ['user show alice']).action(
    (name: string, options: CommonOptions) =>
      shell.perform(options, (context) => {
        return context.answer('user show', { name }, (user) => userText(context, user));
      }),
  );
}

function moneyText(context: CommandContext, { kind, money }: AccountDetailView): string {
  if (money === null) return '';
  const { currency, balance, uncleared, held, spentToday, spentThisMonth, today, earlyMediaS, limits } = money;
  const spent = kind === 'sipserver' ? 'has cost us' : 'spent';
  const holds = held === null ? '' : `, ${held} held by calls in progress`;
  const apart = uncleared === '0.00' ? '' : `, of which ${uncleared} is not cleared`;
  const own = kind === 'sipserver' ? [] : [`credit: ${balance} ${currency}${apart}${holds}`];
  const early = earlyMediaS === 0 ? [] : [`media before answers: ${earlyMediaS} s in 30 days, not charged`];
  const facts = [...own, `${spent}: ${spentToday} today (${today}), ${spentThisMonth} this month`, ...early];
  if (limits === null) return `${facts.join('\n')}\nlimits: not known while the server does not run\n`;
  const table = context.table(
    [
      { title: 'money limit', cell: (limit) => limit.rule },
      { title: 'of', cell: (limit) => (limit.per === 'ever' ? 'the balance' : `the ${limit.per}`) },
      { title: 'limit', align: 'right', cell: (limit) => limit.limit },
      { title: 'spent', align: 'right', cell: (limit) => (limit.per === 'ever' ? '' : limit.spent) },
      { title: 'held', align: 'right', cell: (limit) => limit.held },
      { title: 'mode', cell: (limit) => limit.mode },
      { title: 'set by', max: 40, cell: (limit) => limit.setBy },
      { title: 'at', cell: (limit) => localTime(limit.setAtMs) },
    ],
    limits,
    'No money limit stands on it.',
  );
  return `${facts.join('\n')}\n\n${table}`;
}

const checkColumns: readonly Column<{ name: string; kind: string; missing: readonly string[] }>[] = [
  { title: 'user', cell: (row) => row.name },
  { title: 'type', cell: (row) => row.kind },
  { title: 'without a limit on', cell: (row) => row.missing.join(', ') },
];

async function allUsers(
  context: CommandContext,
  kind: string | undefined,
): Promise<Result<{ readonly users: readonly AccountView[] }, OperationError>> {
  const users: AccountView[] = [];
  for (;;) {
    const page = await context.call('user list', { kind, afterId: users.at(-1)?.id });
    if (!page.ok) return page;
    users.push(...page.value.users);
    if (page.value.users.length < pageSize) return ok({ users });
  }
}

/** Reads `field=value` arguments. A secret comes from a file: other users of the machine see a command's arguments. */
async function readFields(
  context: CommandContext,
  assignments: readonly string[],
): Promise<Result<Readonly<Record<string, string>>, string>> {
  const fields: Record<string, string> = {};
  for (const assignment of assignments) {
    const equals = assignment.indexOf('=');
    if (equals < 1) return fail(`'${assignment}' is not of the form field=value`);
    const name = assignment.slice(0, equals);
    const value = assignment.slice(equals + 1);
    if (name in fields) return fail(`${name} is given twice`);
    if (!isSecretField(name)) {
      fields[name] = value;
    } else if (value === '') {
      fields[name] = '';
    } else if (value.startsWith('@')) {
      const line = await readFirstLine(context, value.slice(1));
      if (!line.ok) return fail(`${name}: ${line.error}`);
      fields[name] = line.value;
    } else {
      return fail(`${name}: a secret on the command line shows in the list of processes; write ${name}=@FILE or @-`);
    }
  }
  return ok(fields);
}

function isSecretField(name: string): boolean {
  return foldFieldName(name) === 'password' || findField(name)?.secret === true;
}

async function readPassword(
  context: CommandContext,
  file: string | undefined,
): Promise<Result<string | undefined, string>> {
  if (file === undefined) return ok(undefined);
  const line = await readFirstLine(context, file);
  return line.ok ? line : fail(`--password-file: ${line.error}`);
}

async function readFirstLine(context: CommandContext, file: string): Promise<Result<string, string>> {
  try {
    const line = (await context.environment.readText(file)).split(/\r?\n/)[0] ?? '';
    return line === '' ? fail(`the first line of ${file} is empty`) : ok(line);
  } catch (error) {
    return fail(`${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function setupText(context: CommandContext, setup: PhoneSetupView, done: string): string {
  const names = setup.users.map((user) => printable(user.name)).join(', ');
  const generated = setup.users.filter((user) => user.generatedPassword !== null);
  if (generated.length === 0) return `${done} ${names}.\n`;
  const phones = generated.some((user) => user.kind === 'enduser');
  const columns: readonly Column<NewCredentialView>[] = [
    { title: 'user', cell: (user) => user.name },
    { title: 'password', cell: (user) => user.generatedPassword ?? '' },
    ...(phones
      ? [
          { title: 'server', cell: () => setup.server ?? 'address of this machine' },
          { title: 'port', cell: () => String(setup.port) },
        ]
      : []),
  ];
  const use = phones ? 'Type this into the phones now: the passwords are not shown again.' : 'Not shown again.';
  return `${done} ${names}.\n\n${context.table(columns, generated, '')}\n${use}\n`;
}

const userColumns: readonly Column<AccountView>[] = [
  { title: 'user', max: 32, cell: (user) => user.name },
  { title: 'kind', cell: (user) => user.kind },
  { title: 'state', cell: (user) => (user.enabled ? 'enabled' : 'disabled') },
  { title: 'name', max: 32, cell: (user) => user.displayName },
  { title: 'numbers', max: 40, cell: (user) => user.numbers.join(', ') },
  { title: 'devices', align: 'right', cell: (user) => (user.devices === null ? '' : String(user.devices)) },
];

function userText(context: CommandContext, user: AccountDetailView): string {
  const devices = user.devices === null ? '' : `, ${user.devices} registered`;
  const password = user.hasPassword ? '' : ', no SIP password';
  const head = `${printable(user.name)}: ${user.kind}, id ${user.id}${devices}${password}\n`;
  const numbers = user.numbers.length === 0 ? '' : `numbers: ${user.numbers.map(printable).join(', ')}\n`;
  const set = context.table(
    [
      { title: 'field', cell: (field) => field.name },
      { title: 'value', max: 60, cell: (field) => field.value },
      { title: 'set by', cell: (field) => field.setBy ?? '' },
      { title: 'at', cell: (field) => localTime(field.setAtMs) },
    ],
    user.fields,
    'It has no fields.',
  );
  return `${head}${numbers}${moneyText(context, user)}\n${set}`;
}

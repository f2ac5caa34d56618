import type { Command } from 'commander';
import type { ImportView, PlannedView } from '../../api/views.ts';
import type { CommandContext } from '../context.ts';
import { printable } from '../output/escape.ts';
import { plural } from '../output/format.ts';
import { readDocument } from '../read-document.ts';
import { addCommand, type CommonOptions, type Shell } from '../shell.ts';

interface ImportFlags extends CommonOptions {
  readonly dryRun?: boolean;
}

export function addImportCommand(program: Command, shell: Shell): void {
  addCommand(
    program,
    'import <file>',
    'Take users, sipservers, numbers, dialrules, tariffs, packets and settings from a YAML or JSON file (- for standard input): all of it, or nothing. A second time changes nothing.',
    ['import --dry-run office.yaml', 'import office.yaml'],
  )
    .option('--dry-run', 'only tell what would change')
    .action((file: string, options: ImportFlags) =>
      shell.perform(options, (context) => importFile(context, file, options.dryRun === true)),
    );
}

async function importFile(context: CommandContext, file: string, dryRun: boolean): Promise<number> {
  const read = await readDocument(context, file);
  if (!read.ok) return context.fail(read.error);
  const document = read.value;
  if (document.trim() === '') return context.fail({ code: 'refused', message: `${file} is empty; nothing to import` });
  return context.answerLater('importing', 'import', { document, dryRun }, (value) => importText(context, value));
}

function importText(context: CommandContext, value: ImportView): string {
  const { dryRun, created, changed, unchanged } = value;
  const counts = `${created.length} created, ${changed.length} changed, ${unchanged} unchanged`;
  const nothing = created.length === 0 && changed.length === 0;
  const result = [
    ...created.map((record) => recordLine('+', record)),
    ...changed.map((record) => recordLine('~', record)),
    ...value.notes.map((note) => `note: ${printable(note)}`),
    ...(dryRun
      ? [`Dry run, nothing was changed. It would be: ${counts}.`]
      : [`${plural(created.length + changed.length, 'record')} imported: ${counts}.`]),
    ...(dryRun && !nothing ? ['Passwords that are left out will be generated, and printed by the import itself.'] : []),
  ];
  const passwords = value.generatedPasswords;
  if (passwords.length === 0) return `${result.join('\n')}\n`;
  const columns = [
    { title: 'user', cell: (row: { readonly name: string }) => row.name },
    { title: 'password', cell: (row: { readonly password: string }) => row.password },
  ];
  const table = context.table(columns, passwords, '');
  return `${result.join('\n')}\n\n${table}\nPasswords are not shown again: note them now.\n`;
}

function recordLine(sign: string, { subject, fields }: PlannedView): string {
  return `${sign} ${printable(subject)}${fields.length === 0 ? '' : ` (${printable(fields.join(', '))})`}`;
}

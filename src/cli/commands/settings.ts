import type { Command } from 'commander';
import type { SettingChangeView, SettingView } from '../../api/views.ts';
import { sampleConfiguration } from '../../settings/index.ts';
import type { CommandContext } from '../context.ts';
import { lines } from '../context.ts';
import { printable } from '../output/escape.ts';
import { addCommand, type CommonOptions, describedCommand, type Shell } from '../shell.ts';

interface ListFlags extends CommonOptions {
  readonly changed?: boolean;
}

export function addSettingCommands(program: Command, shell: Shell): void {
  const settings = describedCommand(program, 'settings', 'Read and change settings.', [
    'settings explain ring_timeout',
    'settings set udp_port 5070',
  ]);

  addCommand(settings, 'list', 'All settings, their values and who set them.', ['settings list --changed'])
    .option('--changed', 'only those that are not at their defaults')
    .action((options: ListFlags) => {
      const changedOnly = options.changed === true;
      return shell.perform(options, (context) => {
        return context.answer('settings list', { changedOnly }, (value) => listText(context, value.settings));
      });
    });

  addCommand(settings, 'get <name>', 'The value of one setting, and nothing else.', ['settings get udp_port']).action(
    (name: string, options: CommonOptions) =>
      shell.perform(options, (context) => {
        return context.answer('settings get', { name }, (setting) => `${printable(setting.value)}\n`);
      }),
  );

  addCommand(settings, 'set <name> <value>', 'Store a value. It wins over the file and the default.', [
    'settings set log_level debug',
    "settings set localdomain 'example.org,voip.example.org'",
  ]).action((name: string, value: string, options: CommonOptions) =>
    shell.perform(options, (context) => context.answer('settings set', { name, value }, changeText)),
  );

  addCommand(settings, 'unset <name>', 'Take a stored value away, so that file and default count again.', [
    'settings unset log_level',
  ]).action((name: string, options: CommonOptions) =>
    shell.perform(options, (context) => context.answer('settings unset', { name }, changeText)),
  );

  addCommand(settings, 'explain <name>', 'What a setting does, what it may be, what it is and who set it.', [
    'settings explain udp_port',
  ]).action((name: string, options: CommonOptions) =>
    shell.perform(options, (context) => {
      return context.answer('settings explain', { name }, (value) => `${lines(value.text)}\n`);
    }),
  );

  describedCommand(settings, 'sample', 'Print a configuration file with every setting at its default.', [
    'settings sample > ringfence.yaml',
  ]).action(() => shell.environment.stdout.write(sampleConfiguration()));
}

function listText(context: CommandContext, settings: readonly SettingView[]): string {
  return context.table(
    [
      { title: 'setting', cell: (row) => row.key },
      { title: 'value', max: 40, cell: valueWithUnit },
      { title: 'after restart', max: 20, cell: (row) => row.afterRestart ?? '' },
      {
        title: 'set by',
        max: 50,
        cell: (row) => (row.source === 'default' ? 'default' : `${row.source} ${row.setBy}`),
      },
    ],
    settings,
    'All settings are at their defaults.',
  );
}

function valueWithUnit(setting: SettingView): string {
  return setting.value === '' || setting.unit === '' ? setting.value : `${setting.value} ${setting.unit}`;
}

function changeText(change: SettingChangeView): string {
  const value = change.value === '' ? 'empty' : printable(change.value);
  if (change.shadowedBy !== null) {
    return `Done, but without effect: ${printable(change.shadowedBy)} wins over it; ${change.key} stays ${value}.\n`;
  }
  const later = change.needsRestart ? 'It holds from the next start of the server.\n' : '';
  const warning = change.warning === null ? '' : `Warning: ${change.warning}.\n`;
  return `${change.key} is now ${value}.\n${later}${warning}`;
}

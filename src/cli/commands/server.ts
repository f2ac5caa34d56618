import { resolve } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import type { LiveCertificate } from '../../api/ports.ts';
import type { StatusView } from '../../api/views.ts';
import type { CommandContext } from '../context.ts';
import { exitCodes } from '../environment.ts';
import { printable } from '../output/escape.ts';
import { duration, localTime, plural } from '../output/format.ts';
import { changeText } from './numbers.ts';
import { addCommand, type CommonOptions, collected, describedCommand, type Shell } from '../shell.ts';

interface ServeFlags extends CommonOptions {
  readonly config?: string;
  readonly set: readonly string[];
  readonly profile?: string;
}

function demoSeconds(text: string): number {
  const seconds = Number(text);
  if (Number.isInteger(seconds) && seconds >= 8 && seconds <= 600) return seconds;
  throw new InvalidArgumentError('write whole seconds from 8 to 600');
}

export function addServerCommands(program: Command, shell: Shell): void {
  const { environment } = shell;
  describedCommand(program, 'serve', 'Run the server until it is told to stop.', [
    'serve',
    'serve --data /var/lib/ringfence --config /etc/ringfence.yaml --set udp_port=5070',
    'serve --profile hardened',
  ])
    .option('--data <folder>', 'data folder (default: $RINGFENCE_DATA, else ./data)')
    .option('--config <file>', 'settings in YAML; see ringfence settings sample')
    .option('--profile <name>', 'the named set of values that holds where nothing else was said: hardened, seeds ...')
    .option('--set <name=value>', 'a setting for this run, may be repeated', collected, [])
    .action(async (options: ServeFlags) => {
      const { config: configPath, set, profile } = options;
      const assignments = profile === undefined ? set : [`profile=${profile}`, ...set];
      shell.exitCode = await environment.serve({ dataFolder: shell.dataFolder(options), configPath, assignments });
    });

  describedCommand(
    program,
    'demo',
    'Let four phones of our own call each other on the loopback, and tell how it sounded.',
    ['demo', 'demo --seconds 10'],
  )
    .option('--seconds <number>', 'length of the calls in all, 8 to 600', demoSeconds)
    .option('--json', 'print the result as JSON')
    .action(async (options: CommonOptions & { readonly seconds?: number }) => {
      shell.exitCode = await environment.demo({ json: options.json === true, seconds: options.seconds });
    });

  addCommand(program, 'status', 'Tell how the server is; the exit code is 3 when it is not running.', [
    'status',
  ]).action((options: CommonOptions) => shell.perform(options, showStatus));

  const keys = describedCommand(program, 'keys', 'Keys that the stored secrets are sealed with.', ['keys rotate']);
  addCommand(keys, 'rotate', 'Seal all stored secrets with a new key, while the server runs.', ['keys rotate']).action(
    (options: CommonOptions) =>
      shell.perform(options, (context) => context.answerLater('sealing anew', 'keys rotate', {}, changeText)),
  );

  addCommand(program, 'backup <file>', 'Copy the database to a new file, also while the server runs.', [
    'backup /var/backups/ringfence-2026-01-31.db',
  ]).action((file: string, options: CommonOptions) =>
    shell.perform(options, (context) => {
      const path = resolve(environment.workingFolder, file);
      return context.answerLater('writing the backup', 'backup', { path }, (value) => {
        const folder = printable(context.dataFolder);
        return `Backup written to ${printable(value.path)}. Keep ${folder}/keys.json too, in another place.\n`;
      });
    }),
  );
}

async function showStatus(context: CommandContext): Promise<number> {
  const status = await context.call('status', {});
  const printed = context.print(status, statusText);
  return status.ok && !status.value.running ? exitCodes.notRunning : printed;
}

function certificateText({ subject, issuer, selfSigned, validUntilMs, fingerprint }: LiveCertificate): string {
  const signedBy = selfSigned ? 'self-signed, so phones cannot verify it' : `signed by ${issuer}`;
  return `${subject}, ${signedBy}, valid until ${localTime(validUntilMs)}, SHA-256 ${fingerprint}`;
}

function statusText(status: StatusView): string {
  const { version, uptimeMs, startedAtMs } = status;
  const running =
    uptimeMs === null ? 'not running' : `running for ${duration(uptimeMs)}, since ${localTime(startedAtMs)}`;
  const facts = [
    ['server', `${version}, ${running}`],
    ...status.warnings.map((warning): readonly [string, string] => ['warning', warning]),
    ['listening', status.listeners.join(', ')],
    ['in the clear', status.clearListeners.join(', ')],
    ['certificate', status.certificate === null ? '' : certificateText(status.certificate)],
    ...status.sipServers.map(({ name, state, sinceMs, hops }): readonly [string, string] => {
      const places = hops.map(({ hop, lastStatus }) => `${hop} ${lastStatus === 0 ? 'silent' : lastStatus}`).join(', ');
      return ['SIP server', `${name} ${state} since ${localTime(sinceMs)}${places === '' ? '' : ` (${places})`}`];
    }),
    ...status.registrations.map(({ name, state, sinceMs, lastStatus, expiresAtMs }): readonly [string, string] => {
      const answer = lastStatus === 0 ? (state === 'failed' ? ', silent' : '') : `, ${lastStatus}`;
      const until = expiresAtMs === null ? '' : `, until ${localTime(expiresAtMs)}`;
      return ['registration', `with ${name} ${state} since ${localTime(sinceMs)}${answer}${until}`];
    }),
    ...status.blockLists.map(({ name, entries, takenAtMs, fault, held }): readonly [string, string] => {
      const age = takenAtMs === null ? 'never fetched' : `fetched ${localTime(takenAtMs)}`;
      const wrong = fault === null ? '' : `; not refreshed: ${fault}`;
      const waits = held === null ? '' : '; a new copy waits for your yes';
      return ['block list', `${name}, ${plural(entries, 'entry', 'entries')}, ${age}${wrong}${waits}`];
    }),
    ['calls', status.calls === null ? '' : String(status.calls)],
    ['registrations', status.bindings === null ? '' : String(status.bindings)],
    [
      'stored',
      [
        plural(status.accounts, 'account'),
        plural(status.numbers, 'number'),
        plural(status.dialRules, 'dial rule'),
      ].join(', '),
    ],
    ['realm', status.realm],
    ['store', status.store.healthy ? 'healthy' : `not healthy: ${status.store.fault ?? 'for an unknown reason'}`],
  ] as const;
  const shown = facts.filter(([, value]) => value !== '');
  return `${shown.map(([name, value]) => `${name.padEnd(13)}  ${printable(value)}`).join('\n')}\n`;
}

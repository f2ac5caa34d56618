import { formatEndpoint } from '../../base/net/endpoint.ts';
import type { Command } from 'commander';
import type { BindingView, CallView } from '../../api/views.ts';
import type { CommandContext } from '../context.ts';
import { type CliEnvironment, exitCodes } from '../environment.ts';
import { printable, printableJson } from '../output/escape.ts';
import { duration, localTime, plural, quality } from '../output/format.ts';
import type { Column } from '../output/table.ts';
import { addCommand, type CommonOptions, type Shell } from '../shell.ts';

interface CallFlags extends CommonOptions {
  readonly watch?: boolean;
}

const watchMs = 1000;
const clearScreen = '\x1b[H\x1b[J';

/** Commands on what only a running server knows. */
export function addCallCommands(program: Command, shell: Shell): void {
  addCommand(program, 'calls', 'Calls in progress. Quality is the MOS of what caller and callee sent so far.', [
    'calls',
    'calls --watch',
  ])
    .option('--watch', 'show them again every second, until Ctrl-C')
    .action((options: CallFlags) =>
      shell.perform(options, (context) => {
        if (options.watch === true) return watchCalls(context);
        return context.answer('calls list', {}, (value) => callsText(context, value.calls, value.total));
      }),
    );

  addCommand(program, 'registrations [user]', 'Devices that are registered now.', [
    'registrations',
    'registrations alice',
  ]).action((user: string | undefined, options: CommonOptions) =>
    shell.perform(options, (context) => {
      return context.answer('bindings list', { user }, (value) => {
        const cut = value.bindings.length < value.total ? `${plural(value.total, 'registration')} in all.\n` : '';
        return context.table(bindingColumns, value.bindings, 'No device is registered.') + cut;
      });
    }),
  );

  addCommand(program, 'end <callid>', 'End a call that is in progress.', ['end 5f1c2d3e4b5a6978']).action(
    (callId: string, options: CommonOptions) =>
      shell.perform(options, (context) => {
        return context.answer('end', { callId }, (value) => `Call ${printable(value.callId)} is being ended.\n`);
      }),
  );
}

async function watchCalls(context: CommandContext): Promise<number> {
  const { interrupted, stdout } = context.environment;
  while (!interrupted.aborted) {
    const answer = await context.call('calls list', {});
    if (!answer.ok) return context.fail(answer.error);
    if (context.json) stdout.write(`${printableJson(answer.value, 0)}\n`);
    else
      stdout.write((stdout.isTerminal ? clearScreen : '') + callsText(context, answer.value.calls, answer.value.total));
    await pause(context.environment);
  }
  return exitCodes.done;
}

/** A second, or less when the operator has seen enough. */
function pause({ clock, interrupted }: CliEnvironment): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      timer.cancel();
      interrupted.removeEventListener('abort', end);
      resolve();
    };
    const timer = clock.after(watchMs, end);
    interrupted.addEventListener('abort', end);
  });
}

function callsText(context: CommandContext, calls: readonly CallView[], total: number): string {
  if (calls.length === 0) return 'No call is in progress.\n';
  return `${context.table(callColumns, calls, '')}${plural(total, 'call')} in progress.\n`;
}

const callColumns: readonly Column<CallView>[] = [
  { title: 'call id', cell: (call) => call.callId },
  { title: 'phase', cell: (call) => call.phase },
  { title: 'from', max: 24, cell: (call) => call.callerName },
  { title: 'shown as', max: 24, cell: (call) => call.callerNumber },
  { title: 'dialled', max: 24, cell: (call) => call.dialledNumber },
  { title: 'to', max: 24, cell: (call) => call.calleeName },
  { title: 'time', align: 'right', cell: (call) => duration(call.durationMs) },
  { title: 'a minute', align: 'right', cell: ({ money }) => (money === null ? '' : money.perMinute) },
  { title: 'charge', align: 'right', cell: ({ money }) => (money === null ? '' : `${money.charge} ${money.currency}`) },
  { title: 'paid to', align: 'right', cell: ({ money }) => (money === null ? '' : duration(money.coveredS * 1000)) },
  { title: 'codec', max: 20, cell: (call) => call.codecs },
  { title: 'quality', align: 'right', cell: (call) => quality(call.callerQuality, call.calleeQuality) },
];

const bindingColumns: readonly Column<BindingView>[] = [
  { title: 'user', max: 24, cell: (binding) => binding.user },
  { title: 'contact', max: 48, cell: (binding) => binding.contact },
  {
    title: 'from',
    cell: (binding) =>
      `${binding.transport} ${formatEndpoint({ address: binding.sourceAddress, port: binding.sourcePort })}`,
  },
  { title: 'expires in', align: 'right', cell: (binding) => duration(binding.expiresInS * 1000) },
  { title: 'since', cell: (binding) => localTime(binding.registeredAtMs) },
  { title: 'phone', max: 32, cell: (binding) => binding.userAgent },
];

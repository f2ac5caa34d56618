import { Command, CommanderError } from 'commander';
import { addBanCommands } from './commands/bans.ts';
import { addBlockListCommands } from './commands/block-lists.ts';
import { addDecisionCommands } from './commands/decisions.ts';
import { addAccountingCommands } from './commands/history.ts';
import { addCallCommands } from './commands/calls.ts';
import { addConsoleCommand } from './commands/console.ts';
import { addDoctorCommand } from './commands/doctor.ts';
import { addImportCommand } from './commands/import.ts';
import { addLedgerCommands } from './commands/ledger.ts';
import { addNumberCommands } from './commands/numbers.ts';
import { addServerCommands } from './commands/server.ts';
import { addSettingCommands } from './commands/settings.ts';
import { addTariffCommands } from './commands/tariffs.ts';
import { addUserCommands } from './commands/users.ts';
import { type CliEnvironment, exitCodes } from './environment.ts';
import { lines } from './context.ts';
import { Shell } from './shell.ts';

/**
 * Runs one command line, without the name of the program.
 * @returns the exit code: 0 done, 1 refused or failed, 2 wrong usage, 3 the server is not running
 */
export async function run(argv: readonly string[], environment: CliEnvironment): Promise<number> {
  const shell = new Shell(environment, run);
  const program = buildProgram(shell);
  if (argv.length === 0) {
    environment.stderr.write(program.helpInformation());
    return exitCodes.usage;
  }
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return shell.exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
    const reason = error instanceof Error ? error.message : String(error);
    environment.stderr.write(`error: ${lines(reason)}\n`);
    return exitCodes.failed;
  }
}

function buildProgram(shell: Shell): Command {
  const { environment } = shell;
  const program = new Command('ringfence')
    .description('A VoIP server that is safe to put on the open internet.')
    .version(environment.version, '-V, --version', 'print the version')
    .exitOverride()
    .showSuggestionAfterError()
    .configureOutput({
      writeOut: (text) => environment.stdout.write(text),
      writeErr: (text) => environment.stderr.write(text),
      outputError: (text, write) => write(lines(text)),
      getOutHelpWidth: () => environment.stdout.columns,
      getErrHelpWidth: () => environment.stderr.columns,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    });
  program.addHelpText('after', '\nStart here:\n  $ ringfence user add alice bob\n  $ ringfence serve');
  addServerCommands(program, shell);
  addConsoleCommand(program, shell);
  addDoctorCommand(program, shell);
  addImportCommand(program, shell);
  addUserCommands(program, shell);
  addNumberCommands(program, shell);
  addTariffCommands(program, shell);
  addSettingCommands(program, shell);
  addCallCommands(program, shell);
  addAccountingCommands(program, shell);
  addLedgerCommands(program, shell);
  addDecisionCommands(program, shell);
  addBanCommands(program, shell);
  addBlockListCommands(program, shell);
  return program;
}

import type { Command } from 'commander';
import { CommandContext } from './context.ts';
import type { CliEnvironment } from './environment.ts';

/** Options that every command on a data folder has. */
export interface CommonOptions {
  readonly data?: string;
  readonly json?: boolean;
}

/** What commands hang on: the environment, and the exit code of the one that ran. */
export class Shell {
  readonly environment: CliEnvironment;
  exitCode = 0;

  readonly #runAgain: (argv: readonly string[], environment: CliEnvironment) => Promise<number>;

  /** `runAgain` runs another command line, for the console. */
  constructor(
    environment: CliEnvironment,
    runAgain: (argv: readonly string[], environment: CliEnvironment) => Promise<number>,
  ) {
    this.environment = environment;
    this.#runAgain = runAgain;
  }

  runAgain(argv: readonly string[]): Promise<number> {
    return this.#runAgain(argv, this.environment);
  }

  dataFolder(options: CommonOptions): string {
    return options.data ?? (this.environment.variables['RINGFENCE_DATA'] || './data');
  }

  /** Runs one command to its end, and keeps its exit code. */
  async perform(options: CommonOptions, work: (context: CommandContext) => Promise<number>): Promise<void> {
    const context = new CommandContext(this.environment, this.dataFolder(options), options.json === true);
    try {
      this.exitCode = await work(context);
    } finally {
      await context.close();
    }
  }
}

/** A new command under `parent`, with the common options and an example in its help. */
export function addCommand(parent: Command, usage: string, text: string, examples: readonly string[]): Command {
  return describedCommand(parent, usage, text, examples)
    .option('--data <folder>', 'data folder (default: $RINGFENCE_DATA, else ./data)')
    .option('--json', 'print the answer as JSON');
}

/** A command that only holds others, or has its own options. */
export function describedCommand(parent: Command, usage: string, text: string, examples: readonly string[]): Command {
  const title = examples.length === 1 ? 'Example' : 'Examples';
  const shown = examples.map((example) => `  $ ringfence ${example}`).join('\n');
  return parent.command(usage).description(text).addHelpText('after', `\n${title}:\n${shown}`);
}

/** For options that may be given several times. */
export function collected(value: string, earlier: readonly string[]): readonly string[] {
  return [...earlier, value];
}

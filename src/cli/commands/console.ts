import type { Command } from 'commander';
import type { CommandContext } from '../context.ts';
import { exitCodes } from '../environment.ts';
import { lines } from '../context.ts';
import { addCommand, type CommonOptions, type Shell } from '../shell.ts';

const prompt = 'ringfence> ';

/** Commands of a terminal of its own make no sense inside one, or would wait for what the console reads. */
const notHere: ReadonlySet<string> = new Set(['console', 'serve', 'demo', 'import']);

export function addConsoleCommand(program: Command, shell: Shell): void {
  addCommand(
    program,
    'console',
    'Type commands one after another on the running server; every one is logged. They may also come from a pipe.',
    ['console', 'console < commands.txt'],
  ).action((options: CommonOptions) => shell.perform(options, (context) => converse(context, program, shell)));
}

/** @returns 0, or the exit code of the last command that failed. */
async function converse(context: CommandContext, program: Command, shell: Shell): Promise<number> {
  const { environment } = context;
  const status = await context.call('status', {});
  if (!status.ok) return context.fail(status.error);
  if (!status.value.running) {
    return context.fail({
      code: 'server is not running',
      message: "the console talks to a server; start 'ringfence serve'",
    });
  }
  const ask = (): void => {
    if (environment.stdout.isTerminal) environment.stdout.write(prompt);
  };
  let exitCode: number = exitCodes.done;
  ask();
  for await (const line of environment.readLines()) {
    const words = consoleWords(line);
    const [verb] = words;
    if (verb === 'quit' || verb === 'exit') break;
    if (verb === 'help' || verb === '?') environment.stdout.write(helpText(program));
    else if (verb !== undefined) {
      const done = await carryOut(context, shell, words);
      if (done !== exitCodes.done) exitCode = done;
    }
    ask();
  }
  return exitCode;
}

/** Has the server write the command down, and only then does it. */
async function carryOut(context: CommandContext, shell: Shell, words: readonly string[]): Promise<number> {
  const [verb = ''] = words;
  if (notHere.has(verb)) {
    context.environment.stderr.write(`error: ${lines(verb)} cannot be used in the console\n`);
    return exitCodes.usage;
  }
  const told = await context.call('console', { command: words.slice(0, loggedWords).join(' '), words: words.length });
  if (!told.ok) return context.fail(told.error);
  return shell.runAgain([...words, ...(takesFolder(words) ? ['--data', context.dataFolder] : [])]);
}

/** What follows may be a password or another secret; the operation itself writes down what it changed. */
const loggedWords = 3;

function takesFolder(words: readonly string[]): boolean {
  return !words.includes('--data') && !words.includes('--help');
}

/** The words of a line: between blanks or, as older consoles have it, commas; quotation marks keep blanks together. */
export function consoleWords(line: string): readonly string[] {
  const found = line.trim().match(/"[^"]*"|'[^']*'|[^\s,"']+/g) ?? [];
  const words = found.map((word) => word.replace(/^(["'])(.*)\1$/, '$2'));
  const [verb = '', ...rest] = words;
  return olderNames.get(verb.toLowerCase())?.(rest) ?? words;
}

/** Commands by the names that older consoles have for them, and what they are here. */
const olderNames: ReadonlyMap<string, (rest: readonly string[]) => readonly string[]> = new Map([
  ['version', () => ['status']],
  [
    'config',
    (rest: readonly string[]) => (rest.length > 1 ? ['settings', 'set', ...rest] : ['settings', 'get', ...rest]),
  ],
  ['delbanned', (rest: readonly string[]) => ['bans', 'remove', ...rest]],
  ['endcall', (rest: readonly string[]) => ['end', ...rest]],
]);

function helpText(program: Command): string {
  const rows = program.commands
    .filter((command) => !notHere.has(command.name()))
    .flatMap((command) =>
      command.commands.length === 0
        ? [[`${command.name()} ${command.usage()}`, command.description()]]
        : command.commands.map((each) => [`${command.name()} ${each.name()} ${each.usage()}`, each.description()]),
    )
    .map(
      ([usage = '', text = '']) =>
        `  ${usage.replace('[options]', '').replaceAll(/\s+/g, ' ').trim().padEnd(34)} ${text}`,
    );
  const own = [
    '  help                               this list',
    '  quit                               leave the console',
  ];
  const older = [...olderNames.keys()].join(', ');
  return `${[...rows, ...own].join('\n')}\nWords may stand between commas too (end,ID). Older names: ${older}.\n`;
}

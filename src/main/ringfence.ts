import { createInterface } from 'node:readline';
import { readFile } from 'node:fs/promises';
import { text as readAll } from 'node:stream/consumers';
import type { CliEnvironment, Output } from '../cli/environment.ts';
import { run } from '../cli/program.ts';
import { systemClock } from '../base/time/system-clock.ts';
import { demo } from './demo.ts';
import { machineFacts } from './machine-facts.ts';
import { openFolder } from './open-folder.ts';
import { serve } from './serve.ts';
import { version } from './version.ts';

const interrupt = new AbortController();

const environment: CliEnvironment = {
  version,
  stdout: output(process.stdout),
  stderr: output(process.stderr),
  variables: process.env,
  workingFolder: process.cwd(),
  clock: systemClock,
  interrupted: interrupt.signal,
  readText: (path) => (path === '-' ? readAll(process.stdin) : readFile(path, 'utf8')),
  readLines: () => createInterface({ input: process.stdin, signal: interrupt.signal }),
  openFolder: (dataFolder, mode) => openFolder(dataFolder, mode, process.env),
  machineFacts,
  serve: ({ dataFolder, configPath, assignments }) => {
    process.off('SIGINT', onInterrupt);
    const options = { dataFolder, configFile: configPath, set: assignments, environment: process.env };
    return serve(options, (line) => process.stderr.write(`${line}\n`));
  },
  demo: (options) => demo(options, output(process.stdout)),
};

function onInterrupt(): void {
  if (interrupt.signal.aborted) process.exit(130);
  interrupt.abort();
}

process.on('SIGINT', onInterrupt);
// A reader that goes away (`ringfence cdr | head`) is no fault of ours.
process.stdout.on('error', () => process.exit());
process.stderr.on('error', () => {});
process.exitCode = await run(process.argv.slice(2), environment);
process.off('SIGINT', onInterrupt);
await flushed(process.stdout);
process.exit();

function output(stream: NodeJS.WriteStream): Output {
  return {
    write: (text) => {
      stream.write(text);
    },
    get isTerminal() {
      return stream.isTTY === true;
    },
    get columns() {
      return stream.columns ?? 80;
    },
  };
}

function flushed(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => stream.write('', () => resolve()));
}

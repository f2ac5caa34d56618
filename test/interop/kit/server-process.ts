import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { callControl } from '../../../src/api/control/call-control.ts';
import type { ArgumentsOf, OperationName, ValueOf } from '../../../src/api/operation-table.ts';
import type { CallView, CdrView } from '../../../src/api/views.ts';
import { until } from './until.ts';

const command = fileURLToPath(new URL('../../../bin/ringfence.mjs', import.meta.url));

/** A server in a process of its own, as an operator runs it. */
export class ServerProcess {
  readonly folder: string;
  readonly address: string;
  readonly #settings: readonly string[];
  #child: ChildProcess | undefined;

  constructor(folder: string, address: string, settings: Readonly<Record<string, string>>) {
    this.folder = folder;
    this.address = address;
    this.#settings = Object.entries(settings).flatMap(([name, value]) => ['--set', `${name}=${value}`]);
    mkdirSync(folder, { recursive: true });
  }

  /** Starts the process and waits until it says that it serves. */
  async start(): Promise<void> {
    const startsBefore = this.#starts();
    const output = openSync(this.logPath, 'a');
    const child = spawn(process.execPath, [command, 'serve', '--data', this.dataFolder, ...this.#settings], {
      stdio: ['ignore', output, output],
      env: environmentWithoutSettings(),
    });
    this.#child = child;
    await until('the server serves', 60_000, () => {
      if (child.exitCode !== null) throw new Error(`the server ended at its start:\n${this.log()}`);
      return this.#starts() > startsBefore;
    });
  }

  /** Starts that the log tells of, also by another process on this folder. */
  #starts(): number {
    return existsSync(this.logPath) ? this.log().split('"msg":"serving"').length - 1 : 0;
  }

  /** False once the process has ended by itself. */
  get running(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  get dataFolder(): string {
    return join(this.folder, 'data');
  }

  get logPath(): string {
    return join(this.folder, 'server.log');
  }

  log(): string {
    return readFileSync(this.logPath, 'utf8');
  }

  /** Ends the process as a crash does; resolves when it is gone. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
  }

  /** Tells the process to stop, as an operator does; resolves when it has, with its exit code. */
  async stop(): Promise<number | null> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null) return child?.exitCode ?? null;
    const gone = new Promise<number | null>((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    return gone;
  }

  /** Stops the process where it stands, or lets it go on. */
  signal(name: 'SIGSTOP' | 'SIGCONT' | 'SIGINT'): void {
    this.#child?.kill(name);
  }

  /** Runs another command of the command line on the same data folder. @returns what it printed */
  command(...words: readonly string[]): Promise<string> {
    return new Promise((resolve, reject) => {
      const child = spawn(process.execPath, [command, ...words, '--data', this.dataFolder], {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: environmentWithoutSettings(),
      });
      let printed = '';
      let complained = '';
      child.stdout.on('data', (chunk: Buffer) => {
        printed += chunk.toString();
      });
      child.stderr.on('data', (chunk: Buffer) => {
        complained += chunk.toString();
      });
      child.on('error', reject);
      child.on('close', (code) => {
        if (code === 0) resolve(printed);
        else reject(new Error(`ringfence ${words.join(' ')} ended with ${code}: ${complained}`));
      });
    });
  }

  /** Asks the running server over its control socket, as the command line does. */
  async ask<Name extends OperationName>(name: Name, given: ArgumentsOf<Name>): Promise<ValueOf<Name>> {
    const outcome = await callControl(join(this.dataFolder, 'control.sock'), name, { ...given });
    if (!outcome.ok) throw new Error(`${name}: ${outcome.error.message}`);
    return outcome.value as ValueOf<Name>;
  }

  async import(document: object): Promise<void> {
    await this.ask('import', { document: JSON.stringify(document), dryRun: false });
  }

  async calls(): Promise<readonly CallView[]> {
    return (await this.ask('calls list', {})).calls;
  }

  /** The records once there are `count` of them and no call is left; more, or a call that stays, is an error. */
  async cdrs(count: number): Promise<readonly CdrView[]> {
    let cdrs: readonly CdrView[] = [];
    await until(`there are ${count} CDRs and no calls`, 20_000, async () => {
      ({ cdrs } = await this.ask('cdr list', { limit: 10_000 }));
      return cdrs.length >= count && (await this.calls()).length === 0;
    });
    if (cdrs.length !== count) throw new Error(`${cdrs.length} CDRs where ${count} were expected`);
    return cdrs;
  }

  async onlyCdr(): Promise<CdrView> {
    const [cdr] = await this.cdrs(1);
    if (cdr === undefined) throw new Error('no CDR');
    return cdr;
  }
}

/** The machine's own variables, without those that would change the server under test. */
function environmentWithoutSettings(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('RINGFENCE_')));
}

import type { Operations } from '../api/operation.ts';
import type { Secret } from '../base/log/secret.ts';
import type { Result } from '../base/result/result.ts';
import type { Clock } from '../base/time/clock.ts';
import type { MachineFacts } from '../doctor/machine-checks.ts';

/** Where a command writes to. */
export interface Output {
  write(text: string): void;
  readonly isTerminal: boolean;
  /** Characters in a line of the terminal. */
  readonly columns: number;
}

export interface ServeOptions {
  readonly dataFolder: string;
  readonly configPath: string | undefined;
  /** Each as `name=value`, in the order in which they were written. */
  readonly assignments: readonly string[];
}

export interface DemoOptions {
  readonly json: boolean;
  /** Length of the calls in all; undefined for the usual one. */
  readonly seconds: number | undefined;
}

/** The data folder in the hands of one command, because no server holds it. */
export interface OpenedFolder {
  readonly operations: Operations;
  /** Only when the folder was made just now: the password of the administrator, to be shown once. */
  readonly firstStart: { readonly adminName: string; readonly adminPassword: Secret<string> } | undefined;
  close(): Promise<void>;
}

/** Everything around the commands, so that a test can be all of it. */
export interface CliEnvironment {
  readonly version: string;
  readonly stdout: Output;
  readonly stderr: Output;
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly workingFolder: string;
  readonly clock: Clock;
  /** Fires when the operator wants the command to end (Ctrl-C). */
  readonly interrupted: AbortSignal;
  /** The whole text of a file, `-` for standard input. Rejects as the system does. */
  readText(path: string): Promise<string>;
  /** Lines of the standard input as they come, until it ends or the operator interrupts. */
  readLines(): AsyncIterable<string>;
  /**
   * Opens a data folder that no server uses. With `create` it is made where it is missing.
   * @returns a sentence that says why it cannot be opened.
   */
  openFolder(dataFolder: string, mode: 'existing' | 'create'): Promise<Result<OpenedFolder, string>>;
  /** What can be seen of this machine; `own` are the ports of the server. */
  machineFacts(dataFolder: string, own: Pick<MachineFacts, 'ownPorts' | 'mediaPorts'>): Promise<MachineFacts>;
  /** Runs the server until it is told to stop. @returns the exit code */
  serve(options: ServeOptions): Promise<number>;
  /** Lets phones of our own call each other through a server on the loopback. @returns the exit code */
  demo(options: DemoOptions): Promise<number>;
}

export const exitCodes = { done: 0, failed: 1, usage: 2, notRunning: 3 } as const;

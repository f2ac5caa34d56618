import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type LoggedMessage, parseSippLog } from './sip-log.ts';
import { isBound } from './sockets.ts';
import { until } from './until.ts';

export interface SippOptions {
  /** Path of the scenario; `{{name}}` in it stands for a variable of `variables`. */
  readonly scenario: string;
  readonly folder: string;
  readonly local: string;
  readonly localPort: number;
  readonly remote: string;
  readonly remotePort?: number;
  readonly transport?: 'udp' | 'tcp';
  /** What the digest-uri is, without `sip:`; sipp would write the address that it sends to. */
  readonly authUri?: string;
  readonly mediaPort: number;
  readonly variables?: Readonly<Record<string, string | number>>;
  /** Calls that it makes or takes before it ends. */
  readonly calls?: number;
  /** Calls a second that it makes. */
  readonly rate?: number;
  readonly timeoutS?: number;
  readonly more?: readonly string[];
}

/** One sipp at work. Its exit code is its verdict on what the server did. */
export class SippProcess {
  readonly #name: string;
  readonly #folder: string;
  readonly #child: ChildProcess;
  readonly #ended: Promise<number>;
  readonly #bound: () => boolean;

  constructor(options: SippOptions) {
    const { folder, local, localPort, scenario } = options;
    mkdirSync(folder, { recursive: true });
    this.#folder = folder;
    this.#name = basename(scenario, '.xml');
    const rendered = join(folder, `${this.#name}.xml`);
    writeFileSync(rendered, render(readFileSync(scenario, 'utf8'), options.variables ?? {}, scenario));
    const output = openSync(join(folder, 'screen.txt'), 'w');
    this.#child = spawn('sipp', sippArguments(options, rendered), {
      cwd: folder,
      stdio: ['ignore', output, output],
      env: { ...process.env, TERM: 'dumb' },
    });
    this.#ended = new Promise((resolve, reject) => {
      this.#child.on('error', (error) => reject(new Error(`sipp cannot be started: ${error.message}`)));
      this.#child.on('exit', (code) => resolve(code ?? -1));
    });
    // A rejection is also seen by whoever awaits; this keeps one that nobody awaits from ending the whole run.
    this.#ended.catch(() => {});
    const transport = options.transport ?? 'udp';
    this.#bound = () => transport === 'tcp' || isBound('udp', local, localPort);
  }

  /** Resolves when it can be reached. */
  async ready(): Promise<this> {
    await until(`sipp ${this.#name} listens`, 20_000, () => {
      if (this.#child.exitCode !== null) throw new Error(this.#report(this.#child.exitCode));
      return this.#bound();
    });
    return this;
  }

  /** Resolves when the scenario went as it is written; rejects with what sipp saw instead. */
  async passed(): Promise<this> {
    const code = await this.#ended;
    if (code !== 0) throw new Error(this.#report(code));
    return this;
  }

  /** Ends it; for a peer that is only there to see that nothing comes. */
  async stop(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.#child.kill('SIGKILL');
    await this.#ended.catch(() => -1);
  }

  messages(): readonly LoggedMessage[] {
    return parseSippLog(this.#read('messages.log'));
  }

  received(kind: string): readonly string[] {
    return this.messages()
      .filter((message) => message.direction === 'received' && message.kind === kind)
      .map(({ text }) => text);
  }

  /** The only received message of this method or status; what is repeated octet for octet because we were slow is one. */
  onlyReceived(kind: string): string {
    const [first, ...more] = new Set(this.received(kind));
    if (first === undefined || more.length > 0) {
      throw new Error(`${this.#name} received ${kind} ${this.received(kind).length} times, not once`);
    }
    return first;
  }

  #read(file: string): string {
    const path = join(this.#folder, file);
    return existsSync(path) ? readFileSync(path, 'utf8') : '';
  }

  #report(code: number): string {
    const errors = this.#read('errors.log').slice(0, 3000);
    const seen = this.messages()
      .map(({ direction, text }) => `  ${direction} ${text.split('\r\n', 1)[0]}`)
      .slice(-20)
      .join('\n');
    return `sipp ${this.#name} ended with ${code} (${this.#folder})\n${errors}\n${seen}`;
  }
}

function sippArguments(options: SippOptions, scenario: string): string[] {
  const { local, localPort, remote, remotePort = 5060, transport = 'udp', authUri, mediaPort } = options;
  const { calls = 1, rate = 10, timeoutS = 50, more = [] } = options;
  return [
    `${remote.includes(':') ? `[${remote}]` : remote}:${remotePort}`,
    ...['-sf', scenario, '-i', local, '-p', String(localPort)],
    ...['-mi', local, '-mp', String(mediaPort)],
    ...['-t', transport === 'udp' ? 'u1' : 't1', '-m', String(calls), '-r', String(rate)],
    ...(authUri === undefined ? [] : ['-auth_uri', authUri]),
    ...['-nostdin', '-timeout', `${timeoutS}s`, '-timeout_error', '-recv_timeout', `${timeoutS}000`],
    ...['-trace_err', '-error_file', 'errors.log', '-trace_msg', '-message_file', 'messages.log'],
    ...more,
  ];
}

/** A line that is nothing but an empty variable goes away: an empty line would end the headers. */
function render(text: string, variables: Readonly<Record<string, string | number>>, path: string): string {
  return text.replace(/^[ \t]*\{\{(\w+)\}\}\n|\{\{(\w+)\}\}/gm, (_, line: string | undefined, word: string) => {
    const name = line ?? word;
    const value = variables[name];
    if (value === undefined) throw new Error(`${path} wants the variable ${name}`);
    return line === undefined || value === '' ? String(value) : `${value}\n`;
  });
}

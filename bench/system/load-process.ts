import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** A load in a process of its own: a program of this folder that obeys lines and answers each with a line of JSON. */
export class LoadProcess {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor(program: string, words: Readonly<Record<string, string | number>>) {
    const options = Object.entries(words).flatMap(([name, value]) => [`--${name}`, String(value)]);
    const path = join(import.meta.dirname, program);
    const child = spawn(process.execPath, [path, ...options], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#child = child;
    this.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  }

  /** Says a line, and waits for the answer. */
  ask<Answer>(line: string): Promise<Answer> {
    this.#child.stdin?.write(`${line}\n`);
    return this.told();
  }

  /** The next line that it prints. */
  async told<Answer>(): Promise<Answer> {
    const line = await this.#lines.next();
    if (line.done === true) throw new Error('the load ended');
    return JSON.parse(line.value) as Answer;
  }

  async end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = once(this.#child, 'exit');
    this.#child.stdin?.on('error', () => {}).write('end\n');
    await gone;
  }
}

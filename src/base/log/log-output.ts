import type { Clock } from '../time/clock.ts';

/** Hands octets on without waiting, as `fs.write` does, and tells later how many were taken. */
export type WriteOctets = (octets: Buffer, done: (error: NodeJS.ErrnoException | null, taken: number) => void) => void;

/** What waits for a reader that does not read: about twenty thousand lines. */
const maxWaitingChars = 4 * 1024 * 1024;
const againAfterMs = 50;

export interface LogOutputOptions {
  readonly clock: Clock;
  readonly write: WriteOctets;
  /** Called when lines are taken again after `lines` were lost for `reason`. */
  readonly recovered: (lines: number, reason: string) => void;
}

/**
 * Where log lines leave the process. Nobody waits for it and nothing ends for it: a full disk, a terminal that was closed
 * and a reader that stopped reading cost lines of the log, which are counted, and no call.
 */
export class LogOutput {
  readonly #options: LogOutputOptions;
  #waiting: string[] = [];
  #waitingChars = 0;
  #underWay: Buffer | undefined;
  #linesUnderWay = 0;
  #lost = 0;
  #reason = '';

  constructor(options: LogOutputOptions) {
    this.#options = options;
  }

  /** @param line with its line end. */
  write(line: string): void {
    if (this.#waitingChars + line.length > maxWaitingChars) return this.#lose(1, 'nobody reads them');
    this.#waiting.push(line);
    this.#waitingChars += line.length;
    if (this.#underWay === undefined) this.#next();
  }

  /** At the end of the process: what still waits is written at once, or given up at the first error. */
  finish(writeNow: (octets: Buffer) => number): void {
    let rest = Buffer.from(this.#waiting.join(''));
    this.#waiting = [];
    try {
      while (rest.length > 0) rest = rest.subarray(writeNow(rest));
    } catch {
      // There is nobody left to tell.
    }
  }

  #next(): void {
    this.#linesUnderWay = this.#waiting.length;
    if (this.#linesUnderWay === 0) return;
    const text = this.#waiting.join('');
    this.#waiting = [];
    this.#waitingChars = 0;
    this.#hand(Buffer.from(text));
  }

  #hand(octets: Buffer): void {
    this.#underWay = octets;
    this.#options.write(octets, (error, taken) => {
      if (error?.code === 'EAGAIN') {
        this.#options.clock.after(againAfterMs, () => this.#hand(octets));
        return;
      }
      if (error === null && taken < octets.length) return this.#hand(octets.subarray(taken));
      this.#underWay = undefined;
      if (error === null) this.#tellLost();
      else this.#lose(this.#linesUnderWay, error.code ?? error.message);
      this.#next();
    });
  }

  #lose(lines: number, reason: string): void {
    this.#lost += lines;
    this.#reason = reason;
  }

  #tellLost(): void {
    if (this.#lost === 0) return;
    const lines = this.#lost;
    this.#lost = 0;
    this.#options.recovered(lines, this.#reason);
  }
}

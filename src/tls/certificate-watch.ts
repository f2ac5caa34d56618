import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock, Timer } from '../base/time/clock.ts';
import { certificateFiles } from './certificate-files.ts';

const lookEveryMs = 2000;

/**
 * Looks whether the certificate's files changed. It asks for their state instead of listening for events: those are
 * missed on network file systems and where whole folders are exchanged, as tools that renew certificates do.
 */
export class CertificateWatch {
  readonly #clock: Clock;
  readonly #folder: string;
  readonly #onChange: () => void;
  #seen: string | undefined;
  #timer: Timer | undefined;
  #isStopped = false;

  /** `onChange` is called when files have changed and then stood still for one look. */
  constructor(clock: Clock, folder: string, onChange: () => void) {
    this.#clock = clock;
    this.#folder = folder;
    this.#onChange = onChange;
  }

  async start(): Promise<void> {
    this.#seen = await this.#state();
    this.#arm(this.#seen);
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }

  #arm(last: string): void {
    if (this.#isStopped) return;
    this.#timer = this.#clock.after(lookEveryMs, () => {
      void this.#look(last);
    });
  }

  /** Two files are exchanged one after the other: only what is the same twice is looked at. */
  async #look(last: string): Promise<void> {
    const now = await this.#state();
    if (now !== this.#seen && now === last && !this.#isStopped) {
      this.#seen = now;
      this.#onChange();
    }
    this.#arm(now);
  }

  async #state(): Promise<string> {
    const states = await Promise.all(
      certificateFiles.map(async (name) => {
        try {
          const { ino, size, mtimeMs } = await stat(join(this.#folder, name));
          return `${ino} ${size} ${mtimeMs}`;
        } catch {
          return 'none';
        }
      }),
    );
    return states.join('|');
  }
}

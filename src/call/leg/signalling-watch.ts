import type { Clock } from '../../base/time/clock.ts';

/** Why a session is closed for what its peer sends in it. */
export type SessionFault = 'session flood' | 'invalid signalling';

/** More requests than a phone, a fax or a transfer ever needs. */
const maxRequests = 500;
const windowMs = 10_000;
const slots = 10;
const maxInvalidInARow = 10;

/**
 * Watches the requests that the peer of one side sends in a dialog: too many of them in a short time, or nonsense
 * several times in a row. Only what comes from the peer itself is counted: nobody else may end its call.
 */
export class SignallingWatch {
  readonly #clock: Clock;
  readonly #onFault: (fault: SessionFault) => 'closed' | 'goes on';
  /** Requests by second; made with the first one, for most dialogs have no request but a BYE. */
  #counts: Uint16Array | undefined;
  #second = 0;
  #invalidInARow = 0;

  /** `onFault` says whether the session is closed for it, or only watched. */
  constructor(clock: Clock, onFault: (fault: SessionFault) => 'closed' | 'goes on') {
    this.#clock = clock;
    this.#onFault = onFault;
  }

  /** A request of the peer. @returns whether it still has a session to act in. */
  request(): 'goes on' | 'closed' {
    const counts = this.#turnedTo(Math.floor(this.#clock.monotonicMs() / (windowMs / slots)));
    const slot = this.#second % slots;
    counts[slot] = Math.min(65_535, (counts[slot] ?? 0) + 1);
    if (counts.reduce((sum, count) => sum + count, 0) < maxRequests) return 'goes on';
    counts.fill(0);
    return this.#onFault('session flood');
  }

  /** The request could not be meant so: out of order, of a method or with an extension that nobody has. */
  invalid(): void {
    if (++this.#invalidInARow < maxInvalidInARow) return;
    this.#invalidInARow = 0;
    this.#onFault('invalid signalling');
  }

  /** A request that makes sense. */
  valid(): void {
    this.#invalidInARow = 0;
  }

  /** The counts with those forgotten that have left the window. */
  #turnedTo(second: number): Uint16Array {
    this.#counts ??= new Uint16Array(slots);
    const passed = Math.min(slots, second - this.#second);
    for (let step = 1; step <= passed; step++) this.#counts[(this.#second + step) % slots] = 0;
    this.#second = second;
    return this.#counts;
  }
}

import type { Clock, Timer } from './clock.ts';

/** The real clock. `unref` timers do not keep the process alive: the sockets do. */
export const systemClock: Clock = {
  monotonicMs: () => performance.now(),
  wallMs: () => Date.now(),
  after: (delayMs: number, fire: () => void): Timer => new SystemTimer(setTimeout(fire, delayMs)),
};

/** A class, because each call has a handful of timers, and a closure takes twice the memory. */
class SystemTimer implements Timer {
  /** Gone once it is cancelled: what is over may be kept for half a minute, and its timers are the larger part of it. */
  #handle: NodeJS.Timeout | undefined;

  constructor(handle: NodeJS.Timeout) {
    this.#handle = handle;
  }

  cancel(): void {
    clearTimeout(this.#handle);
    this.#handle = undefined;
  }
}

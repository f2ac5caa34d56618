import { BoundedMap } from '../base/bounded/bounded-map.ts';
import type { Clock } from '../base/time/clock.ts';

const windowMs = 32_000;
const refusalsPerWindow = 50;
const maxAccounts = 10_000;

/**
 * How many refused calls of one account are answered with a transaction, which repeats the answer until its ACK and is
 * remembered for 32 s. An account that fails faster gets single answers.
 */
export class RefusalBudget {
  readonly #clock: Clock;
  readonly #windows = new BoundedMap<number, { readonly startedMs: number; taken: number }>(maxAccounts);

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @returns whether this refusal may be remembered. */
  take(accountId: number): boolean {
    const nowMs = this.#clock.monotonicMs();
    const known = this.#windows.get(accountId);
    const window = known === undefined || nowMs - known.startedMs >= windowMs ? { startedMs: nowMs, taken: 0 } : known;
    if (window !== known) this.#windows.set(accountId, window);
    if (window.taken >= refusalsPerWindow) return false;
    window.taken++;
    return true;
  }
}

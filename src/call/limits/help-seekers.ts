import { BoundedMap } from '../../base/bounded/bounded-map.ts';
import type { Clock } from '../../base/time/clock.ts';

/** How long an emergency centre may call back after an emergency call began. */
const callbackMs = 3_600_000;
const maxAccounts = 10_000;

/** Accounts that have made an emergency call lately. */
export class HelpSeekers {
  readonly #clock: Clock;
  readonly #untilMs = new BoundedMap<number, number>(maxAccounts);

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** How many are remembered; some of them may have called long ago. */
  get size(): number {
    return this.#untilMs.size;
  }

  called(accountId: number): void {
    this.#untilMs.set(accountId, this.#clock.monotonicMs() + callbackMs);
  }

  hasCalled(accountId: number): boolean {
    const untilMs = this.#untilMs.get(accountId);
    if (untilMs === undefined) return false;
    if (this.#clock.monotonicMs() < untilMs) return true;
    this.#untilMs.delete(accountId);
    return false;
  }
}

import { UntilTimes } from '../../base/bounded/until-times.ts';
import type { Clock } from '../../base/time/clock.ts';

/** How long an emergency centre may call back after an emergency call began. */
const callbackMs = 3_600_000;
const maxAccounts = 10_000;

/** Accounts that have made an emergency call lately. */
export class HelpSeekers {
  readonly #accounts: UntilTimes<number>;

  constructor(clock: Clock) {
    this.#accounts = new UntilTimes(clock, maxAccounts);
  }

  /** How many are remembered; some of them may have called long ago. */
  get size(): number {
    return this.#accounts.size;
  }

  called(accountId: number): void {
    this.#accounts.set(accountId, callbackMs);
  }

  hasCalled(accountId: number): boolean {
    return this.#accounts.holds(accountId);
  }
}

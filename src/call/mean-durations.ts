import { BoundedMap } from '../base/bounded/bounded-map.ts';

const maxAccounts = 20_000;
/** How much the newest call counts: the last thirty or so make the mean. */
const weight = 1 / 16;

/** How long the calls of each account last on average; known from the calls since the start. */
export class MeanDurations {
  readonly #means = new BoundedMap<number, number>(maxAccounts);

  add(accountId: number, durationS: number): void {
    const mean = this.#means.get(accountId);
    this.#means.set(accountId, mean === undefined ? durationS : mean + (durationS - mean) * weight);
  }

  /** Whole seconds; 0 when nothing is known. */
  of(accountId: number): number {
    return Math.round(this.#means.get(accountId) ?? 0);
  }
}

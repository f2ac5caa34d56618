import { BoundedMap } from '../../base/bounded/bounded-map.ts';

/** A call is charged when it ends, mostly for the period that runs; two more are kept for those that lasted. */
const keptPeriods = 3;

/** Sums of accounts by period, for limits on what the ledger does not count so. Of each account the newest periods stay. */
export class PeriodSums {
  readonly #sums: BoundedMap<number, Map<string, bigint>>;

  constructor(maxAccounts: number) {
    this.#sums = new BoundedMap(maxAccounts);
  }

  /** @param period names that sort by time: days, or hours since 1970. */
  add(accountId: number, period: string, amountMicros: bigint): void {
    const sums = this.#sums.get(accountId) ?? new Map<string, bigint>();
    sums.set(period, (sums.get(period) ?? 0n) + amountMicros);
    const oldest = [...sums.keys()].toSorted()[0];
    if (sums.size > keptPeriods && oldest !== undefined) sums.delete(oldest);
    this.#sums.set(accountId, sums);
  }

  of(accountId: number, period: string): bigint {
    return this.#sums.get(accountId)?.get(period) ?? 0n;
  }
}

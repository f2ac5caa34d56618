import type { PriceRow } from './price.ts';
import type { PricePeriods } from './price-periods.ts';

/** The call that a price is asked for. */
export interface PricedNumber {
  /** Canonical digits of the number that is called. */
  readonly number: string;
  /** What the caller shows; empty when it is hidden. */
  readonly callerNumber: string;
  /** Whose call it is: its country decides what the caller's number means. */
  readonly payerId: number | undefined;
  readonly atMs: number;
}

/** The price lists that are assigned to accounts. */
export interface CallPrices {
  /** The row by which a reseller pays for a number; undefined where none fits. */
  rowOf(accountId: number, call: PricedNumber): PriceRow | undefined;
  periods(): PricePeriods;
}

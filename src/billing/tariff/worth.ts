import { carrierCostOf, nextIncrement, priceOf, type PriceRow } from '../rating/price.ts';
import type { PricePeriods } from '../rating/price-periods.ts';
import type { Pricing } from './price-book.ts';

/** The strictness of `blocknotbilledcalls`. */
export type NotBilledLevel = 0 | 1 | 2 | 3 | 4 | 5;

/**
 * Why a call could not be billed, by the strictness that is set [billing.blocknotbilledcalls]; each value refuses what
 * the value below refuses. @returns what would have to be there, or undefined for a call that may go out.
 */
export function notBilled(level: NotBilledLevel, pricing: Pricing): string | undefined {
  if (level >= 1 && pricing.packet === undefined) return 'a packet that covers the number';
  if (level >= 2 && pricing.packetPrefix === '') return 'a packet with a prefix of the number, not for every number';
  if (level >= 3 && !pricing.assigned) return 'a packet that is assigned to the account itself';
  if (level >= 4 && !pricing.inOwnList) return "a price for the number in the packet's own tariff";
  if (level >= 5 && !pricing.inParentList) return 'a price for the number in the parent tariff';
  return undefined;
}

/** The strictness of `blocknotprofitablecalls`. */
export type NotProfitableLevel = 0 | 1 | 2 | 3;

/** Prices and cost of the same call, at the duration at which they were compared. */
export interface Loss {
  readonly durationS: number;
  readonly priceMicros: bigint;
  readonly costMicros: bigint;
}

export interface Trade {
  /** What the customer pays; undefined where no price is set. */
  readonly price: PriceRow | undefined;
  /** What the carrier costs; undefined where no cost is set. */
  readonly cost: PriceRow | undefined;
  readonly startMs: number;
  readonly periods: PricePeriods;
  /** How long the account's calls last on average, in seconds; 0 when it is not known. */
  readonly meanDurationS: number;
}

/**
 * Where a call would lose money [billing.blocknotprofitablecalls]: 1 where it costs more than it brings, 2 also where
 * both are the same, 3 also where one of them is not set. Compared at a second, at the first increment of both, at a
 * minute and at the account's mean duration, because connect fees and increments hide a loss from any one of them.
 */
export function lossOf(level: NotProfitableLevel, trade: Trade): Loss | 'not set' | undefined {
  const { price, cost } = trade;
  if (level === 0) return undefined;
  if (level === 3 && (price === undefined || cost === undefined)) return 'not set';
  if (cost === undefined) return undefined;
  const firsts = [cost, ...(price === undefined ? [] : [price])].map((row) => nextIncrement(row, row.freeSeconds));
  for (const durationS of new Set([1, ...firsts, 60, trade.meanDurationS])) {
    if (durationS === 0) continue;
    const priceMicros = price === undefined ? 0n : priceOf(price, trade.startMs, durationS, trade.periods);
    const costMicros = carrierCostOf(cost, trade.startMs, durationS, trade.periods);
    if (costMicros > priceMicros || (level >= 2 && costMicros === priceMicros)) {
      return { durationS, priceMicros, costMicros };
    }
  }
  return undefined;
}

import { sourceKey } from '../../base/net/source-key.ts';
import type { PeriodSums } from '../../billing/limits/period-sums.ts';
import type { SlidingSums } from '../../billing/limits/sliding-sum.ts';
import { divideByHour, hourAt, type Share } from '../../billing/hold/vector.ts';
import type { Posting } from '../../billing/ledger/posting.ts';
import { incrementBegin, type PriceRow } from '../../billing/rating/price.ts';
import type { PricePeriods } from '../../billing/rating/price-periods.ts';
import { type CarrierUse, divideUse } from './call-money.ts';

/** A charge of an earlier call, with who paid for the call and where it came from. */
export interface PastCharge {
  readonly callId: string;
  readonly accountId: number;
  /** Above zero. */
  readonly costMicros: bigint;
  readonly day: string;
  readonly atMs: number;
  readonly payerId: number | undefined;
  readonly sourceAddress: string;
}

/** What limits count beside the ledger. */
export interface TradeSums {
  /** What each SIP server cost in a UTC hour. */
  readonly hours: PeriodSums;
  /** What the calls of each account cost us in a day beyond what they brought. */
  readonly losses: PeriodSums;
  /** What the calls from each address cost their payers. */
  readonly sources: SlidingSums;
}

/**
 * What a call loses: its cost beyond its price. It is greatest at the first second of an increment of the carrier, so it
 * is told for that one, and never less than for the first second of the call.
 */
export function lossBy(cost: Share['price'], costRow: PriceRow, price: Share['price'] | undefined): Share['price'] {
  const at = (startMs: number, seconds: number): bigint =>
    cost(startMs, seconds) - (price === undefined ? 0n : price(startMs, seconds));
  return (startMs, durationS) => {
    const first = at(startMs, 1);
    const now = at(startMs, incrementBegin(costRow, durationS) + 1);
    const loss = now > first ? now : first;
    return loss > 0n ? loss : 0n;
  };
}

/** Counts the cost of every attempt for the hours in which its increments begin. */
export function countHours({ hours }: TradeSums, uses: readonly CarrierUse[], periods: PricePeriods): void {
  for (const use of uses) {
    for (const { period, amountMicros } of divideUse(use, periods, divideByHour)) {
      hours.add(use.carrier.accountId, period, amountMicros);
    }
  }
}

/** Counts what the charges of one call come to: those of its payer, against those of SIP servers. */
export function countLoss(
  { losses }: TradeSums,
  payerId: number | undefined,
  charges: readonly Pick<Posting, 'accountId' | 'amountMicros' | 'day'>[],
  isCarrier: (accountId: number) => boolean,
): void {
  if (payerId === undefined) return;
  const days = new Map<string, bigint>();
  for (const { accountId, amountMicros, day } of charges) {
    if (accountId !== payerId && !isCarrier(accountId)) continue;
    const lossMicros = accountId === payerId ? amountMicros : -amountMicros;
    days.set(day, (days.get(day) ?? 0n) + lossMicros);
  }
  for (const [day, lossMicros] of days) if (lossMicros > 0n) losses.add(payerId, day, lossMicros);
}

/**
 * Builds the sums again at a start. The ledger knows the day of a charge and not its hours: all of it counts for the hour
 * in which it was charged, which is never too little for the hour that runs.
 */
export function rememberTrade(
  sums: TradeSums,
  past: readonly PastCharge[],
  isCarrier: (accountId: number) => boolean,
): void {
  const calls = Map.groupBy(past, ({ callId }) => callId);
  for (const charges of calls.values()) {
    const [first] = charges;
    const signed = charges.map((charge) => ({ ...charge, amountMicros: -charge.costMicros }));
    countLoss(sums, first?.payerId, signed, isCarrier);
    for (const { accountId, costMicros, atMs, payerId, sourceAddress } of charges) {
      if (isCarrier(accountId)) sums.hours.add(accountId, hourAt(atMs).period, costMicros);
      else if (accountId === payerId) sums.sources.add(sourceKey(sourceAddress), costMicros, atMs);
    }
  }
}

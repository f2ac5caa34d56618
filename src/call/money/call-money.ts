import { type BillingDays, divideByDay, type PeriodAmount, type Share } from '../../billing/hold/vector.ts';
import { chargePosting, type Posting } from '../../billing/ledger/posting.ts';
import type { Usage } from '../../billing/metering/meter.ts';
import { attemptCostOf, type PriceRow, priceOf } from '../../billing/rating/price.ts';
import type { PricePeriods } from '../../billing/rating/price-periods.ts';
import { freePriceRow } from '../../billing/seam.ts';

/** Somebody who pays for a call, and by which row. */
export interface PayingParty {
  readonly accountId: number;
  readonly row: PriceRow;
}

/** Everything that the charges of a call are made of: fixed when its leg is made, and stored with its answer. */
export interface CallMoney {
  /** The account that pays, then each reseller above it by its own tariff; those without a price are left out. */
  readonly payers: readonly PayingParty[];
  /** The SIP server that the call goes over, by what it charges us. */
  readonly carrier: PayingParty | undefined;
  /** SIP servers that were tried before it, or answered beside it; rows of older versions have none. */
  readonly tried?: readonly CarrierUse[];
  /** When the leg was answered, by the clocks of the server: a row that a restart finds counts from here. */
  readonly answered?: AnswerTimes | undefined;
  /** Whose call it is, whether it pays or not. */
  readonly payerId?: number | undefined;
  readonly canonicalNumber: string;
  readonly sourceAddress: string;
  readonly isDomestic: boolean;
}

/** The time by which money is counted, and that by which durations are measured: the second means nothing to another process. */
export interface AnswerTimes {
  readonly startMs: number;
  readonly monotonicMs: number;
  /** The number of the process among all starts on the data folder. */
  readonly epoch: number;
}

/** The same for the call's row. */
export function writeCallMoney(money: CallMoney): string {
  return JSON.stringify(money, (_key, value: unknown) => (typeof value === 'bigint' ? String(value) : value));
}

/** What `writeCallMoney` wrote; undefined for a call that was free. */
export function readCallMoney(text: string): CallMoney | undefined {
  if (text === '') return undefined;
  const money: CallMoney = JSON.parse(text);
  const { payers, carrier, tried = [] } = money;
  return {
    ...money,
    payers: payers.map(withAmounts),
    carrier: carrier && withAmounts(carrier),
    tried: tried.map((use) => ({ ...use, carrier: withAmounts(use.carrier) })),
  };
}

function withAmounts({ accountId, row }: PayingParty): PayingParty {
  const amounts = Object.entries(row).map(([key, value]: [string, string]) => {
    const isAmount = typeof freePriceRow[key as keyof PriceRow] === 'bigint';
    return [key, isAmount ? BigInt(value) : value] as const;
  });
  return { accountId, row: { ...freePriceRow, ...Object.fromEntries(amounts) } };
}

export interface ChargeTimes {
  readonly days: BillingDays;
  readonly periods: PricePeriods;
  readonly atMs: number;
}

/** Charges of one call: of each payer one for each day that it touched. */
export function payerCharges(
  callId: string,
  { payers, canonicalNumber }: CallMoney,
  { startMs, durationS }: Usage,
  { days, periods, atMs }: ChargeTimes,
): readonly Posting[] {
  if (durationS === 0) return [];
  return payers.flatMap(({ accountId, row }) => {
    const price = (fromMs: number, seconds: number): bigint => priceOf(row, fromMs, seconds, periods);
    return divideByDay(price, days, startMs, durationS).map(({ period: day, amountMicros: costMicros }) => {
      const cause = `call to ${canonicalNumber}`;
      return chargePosting({ callId, accountId, costMicros, day, currency: row.currency, cause, atMs });
    });
  });
}

/** One try of a SIP server: seconds from its 2xx to its BYE, 0 where it gave none. */
export interface CarrierUse {
  readonly carrier: PayingParty;
  readonly startMs: number;
  readonly connectedS: number;
  /** A 2xx beside the one that the attempt is known by, or after it was given up: the attempt's fee counts once. */
  readonly isLate?: boolean;
}

/**
 * What a SIP server charges us for one use, by the periods in which its increments begin: what we held for it was divided
 * in the same way. Fees belong to the first.
 */
export function divideUse(
  { carrier: { row }, startMs, connectedS, isLate }: CarrierUse,
  periods: PricePeriods,
  divide: (price: Share['price'], startMs: number, durationS: number) => readonly PeriodAmount[],
): readonly PeriodAmount[] {
  const [first, ...others] = divide((fromMs, seconds) => priceOf(row, fromMs, seconds, periods), startMs, connectedS);
  if (first === undefined) return [];
  const fees = attemptCostOf(row, connectedS) - (isLate === true ? row.attemptFeeMicros : 0n);
  return [{ ...first, amountMicros: first.amountMicros + fees }, ...others];
}

/** What SIP servers charge us for a call: every attempt has its fee, and there is one charge for a server and day. */
export function carrierCharges(
  callId: string,
  canonicalNumber: string,
  uses: readonly CarrierUse[],
  { days, periods, atMs }: ChargeTimes,
  late?: number,
): readonly Posting[] {
  const sums = new Map<string, { readonly carrier: PayingParty; readonly day: string; costMicros: bigint }>();
  for (const use of uses) {
    const { carrier } = use;
    const byDay = divideUse(use, periods, (price, startMs, durationS) => divideByDay(price, days, startMs, durationS));
    for (const { period: day, amountMicros } of byDay) {
      const key = `${carrier.accountId} ${day}`;
      const sum = sums.get(key) ?? { carrier, day, costMicros: 0n };
      sum.costMicros += amountMicros;
      sums.set(key, sum);
    }
  }
  return [...sums.values()].map(({ carrier: { accountId, row }, day, costMicros }) => {
    const cause = `carrier cost of a call to ${canonicalNumber}`;
    const charge = { callId, accountId, costMicros, day, currency: row.currency, cause, atMs };
    return chargePosting(late === undefined ? charge : { ...charge, late });
  });
}

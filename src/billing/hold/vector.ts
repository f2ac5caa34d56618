import type { MoneyLimit } from './money-limit.ts';
import type { Claim } from './pool.ts';

/** A billing day: its name, and the UTC interval that it was given once; the end is excluded. */
export interface BillingDay {
  readonly day: string;
  readonly startsAtMs: number;
  readonly endsAtMs: number;
}

/** The billing days of the server; one that was begun keeps its bounds. */
export interface BillingDays {
  dayAround(atMs: number): BillingDay;
}

/** A counter for each day, month (`2026-11`) or UTC hour, or one without end, as the credit is. */
export interface Book {
  readonly per: 'ever' | 'month' | 'day' | 'hour';
  /** The counter of a period; `period` is empty for one without end. */
  counter(period: string): string;
  postedMicros(period: string): bigint;
  limits(period: string): readonly MoneyLimit[];
}

/** Who pays what for a call: the payer, each reseller above by its own tariff, and we to the carrier. */
export interface Share {
  /** The price of a call that began then and lasted so long; never falls as it lasts. */
  readonly price: (startMs: number, durationS: number) => bigint;
  readonly books: readonly Book[];
}

/** The part of a price that belongs to one period. */
export interface PeriodAmount {
  readonly period: string;
  readonly amountMicros: bigint;
}

const hourMs = 3_600_000;

/**
 * Divides a price among days: an increment belongs to the day in which it begins. All that begins before an instant is
 * what a call costs that ends at that instant, so no increment is looked at by itself.
 */
export function divideByDay(
  price: Share['price'],
  days: BillingDays,
  startMs: number,
  durationS: number,
): readonly PeriodAmount[] {
  const parts = divide(price, startMs, durationS, (atMs) => {
    const { day, endsAtMs } = days.dayAround(atMs);
    return { period: day, endMs: endsAtMs };
  });
  return parts.length === 1 ? parts : summed(parts, (day) => day);
}

function divide(
  price: Share['price'],
  startMs: number,
  durationS: number,
  periodAt: (atMs: number) => { readonly period: string; readonly endMs: number },
): readonly PeriodAmount[] {
  const amounts: PeriodAmount[] = [];
  let beforeMicros = 0n;
  for (let atMs = startMs; ; ) {
    const { period, endMs } = periodAt(atMs);
    // What lies in no period, as after a day on which no server ran, belongs to the last one.
    const untilS = endMs > atMs ? Math.ceil((endMs - startMs) / 1000) : durationS;
    const sumMicros = price(startMs, Math.min(untilS, durationS));
    amounts.push({ period, amountMicros: sumMicros - beforeMicros });
    if (untilS >= durationS) return amounts;
    beforeMicros = sumMicros;
    atMs = endMs;
  }
}

/** One amount for each name: neighbours in time may have the same. */
function summed(amounts: readonly PeriodAmount[], nameOf: (period: string) => string): readonly PeriodAmount[] {
  const sums = new Map<string, bigint>();
  for (const { period, amountMicros } of amounts) {
    const month = nameOf(period);
    sums.set(month, (sums.get(month) ?? 0n) + amountMicros);
  }
  return [...sums].map(([period, amountMicros]) => ({ period, amountMicros }));
}

/** Divides a price among UTC hours, each by its number since 1970. */
export function divideByHour(price: Share['price'], startMs: number, durationS: number): readonly PeriodAmount[] {
  return divide(price, startMs, durationS, hourAt);
}

export function hourAt(atMs: number): { period: string; endMs: number } {
  const hour = Math.floor(atMs / hourMs);
  return { period: String(hour), endMs: (hour + 1) * hourMs };
}

/** The whole vector of a call that began then and is covered for so many seconds. */
export function claimsOf(
  shares: readonly Share[],
  days: BillingDays,
  startMs: number,
  durationS: number,
): readonly Claim[] {
  const claims: Claim[] = [];
  for (const { price, books } of shares) {
    const whole = [{ period: '', amountMicros: price(startMs, durationS) }];
    const byDay = books.some(({ per }) => per === 'day' || per === 'month')
      ? divideByDay(price, days, startMs, durationS)
      : [];
    const amountsOf = (per: Book['per']): readonly PeriodAmount[] => {
      switch (per) {
        case 'ever':
          return whole;
        case 'hour':
          return divideByHour(price, startMs, durationS);
        case 'day':
          return byDay;
        case 'month':
          return summed(byDay, (day) => day.slice(0, 7));
      }
    };
    for (const book of books) {
      for (const { period, amountMicros } of amountsOf(book.per)) {
        claims.push({
          counter: book.counter(period),
          amountMicros,
          postedMicros: book.postedMicros(period),
          limits: book.limits(period),
        });
      }
    }
  }
  return claims;
}

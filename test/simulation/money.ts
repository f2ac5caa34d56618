import { prepaid } from '../../src/accounts/money.ts';
import type { Account } from '../../src/accounts/model.ts';
import type { Random } from '../../src/base/random/random.ts';
import type { PriceRow } from '../../src/billing/rating/price.ts';
import { marketOf, movement, packetOf, priceRow } from '../kit/money.ts';

// Who pays what in the simulation. Prices per minute that sixty does not divide show whoever rounds each increment.

export const timeZone = 'Europe/Vienna';
export const accountIds = { anna: 1, bert: 2, carl: 3, dora: 4, carrierA: 11, carrierB: 12, reseller: 31 } as const;
/** Carl is postpaid, and this is his day. */
export const carlsDayMicros = 90_000n;

const reselling = { resellerId: accountIds.reseller };
const increments = (firstIncrementS: number, nextIncrementS: number): Partial<PriceRow> => {
  return { firstIncrementS, nextIncrementS };
};

export const rows: Readonly<Record<number, PriceRow>> = {
  [accountIds.anna]: priceRow(61_111n),
  [accountIds.bert]: priceRow(59_999n, increments(60, 60)),
  [accountIds.carl]: priceRow(97_001n, { ...increments(30, 6), connectFeeMicros: 333n }),
  [accountIds.dora]: priceRow(61_111n, { ...increments(7, 3), freeSeconds: 5, minimumChargeMicros: 7000n }),
  [accountIds.carrierA]: priceRow(20_003n, { attemptFeeMicros: 50n }),
  [accountIds.carrierB]: priceRow(20_003n),
  [accountIds.reseller]: priceRow(30_011n),
};

export const { tariffs, packets, priceLists } = marketOf(rows);
export const peakHours = 'Mon-Sun 08:00-20:00';
/** The same where the hour decides: at night calls cost a third, and the carrier's less than half. */
export const { priceLists: peakPriceLists } = marketOf(
  Object.fromEntries(Object.entries(rows).map(([id, row]) => [id, nightly(row)])),
);

function nightly(row: PriceRow): PriceRow {
  const offPeakPerMinuteMicros = row.peakPerMinuteMicros / 3n;
  return { ...row, offPeakPerMinuteMicros, weekendPerMinuteMicros: offPeakPerMinuteMicros };
}

/** The row of an account, in a world whose prices have hours or not. */
export function rowOf(id: number, hasPeaks: boolean): PriceRow {
  const row = rows[id];
  if (row === undefined) throw new Error(`account ${id} has no price`);
  return hasPeaks ? nightly(row) : row;
}

/** What each account has of money, beside its name and kind. */
export function moneyFields(id: number): Partial<Account> {
  const own = id === accountIds.bert || id === accountIds.dora ? reselling : {};
  const money = id === accountIds.carl ? { ...prepaid, isPostpaid: true, dayMicros: carlsDayMicros } : prepaid;
  return { ...own, money, packetIds: id in rows ? [packetOf(id)] : [] };
}

/** Whose money ends calls. */
export const prepaidIds = [accountIds.anna, accountIds.bert, accountIds.dora, accountIds.reseller] as const;

/** What everybody has at first: some for a call or two, some for none. */
export function openingMovements(random: Random): ReturnType<typeof movement>[] {
  return prepaidIds.map((id) => movement(id, BigInt(1 + random.below(id === accountIds.reseller ? 150_000 : 70_000))));
}

/** The payers of a call of this account over a carrier: itself, and the reseller above it. */
export function payersOf(id: number): readonly number[] {
  return id === accountIds.bert || id === accountIds.dora ? [id, accountIds.reseller] : [id];
}

/** What so many seconds cost from then on, counted increment by increment and rounded up once. */
export function costOf(row: PriceRow, startMs: number, seconds: number): bigint {
  if (seconds === 0) return 0n;
  let sixtieths = row.connectFeeMicros * 60n;
  for (let at = row.freeSeconds, step = row.firstIncrementS; at < seconds; at += step, step = row.nextIncrementS) {
    sixtieths += perMinute(row, startMs + at * 1000) * BigInt(step);
  }
  const total = (sixtieths + 59n) / 60n;
  return total > row.minimumChargeMicros ? total : row.minimumChargeMicros;
}

function perMinute({ peakPerMinuteMicros, offPeakPerMinuteMicros }: PriceRow, atMs: number): bigint {
  if (peakPerMinuteMicros === offPeakPerMinuteMicros) return peakPerMinuteMicros;
  const hour = Number(hours.format(atMs));
  return hour >= 8 && hour < 20 ? peakPerMinuteMicros : offPeakPerMinuteMicros;
}

const hours = new Intl.DateTimeFormat('en-GB', { timeZone, hour: '2-digit', hourCycle: 'h23' });
const calendar = new Intl.DateTimeFormat('en-CA', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' });

export function dayOf(atMs: number): string {
  return calendar.format(atMs);
}

/** The same by the day in which each second begins. */
export function costByDay(row: PriceRow, startMs: number, seconds: number): ReadonlyMap<string, bigint> {
  const days = new Map<string, bigint>();
  const whole = costOf(row, startMs, seconds);
  if (dayOf(startMs) === dayOf(startMs + seconds * 1000)) return days.set(dayOf(startMs), whole);
  let before = 0n;
  for (let second = 0; second < seconds; second++) {
    const day = dayOf(startMs + second * 1000);
    const until = costOf(row, startMs, second + 1);
    days.set(day, (days.get(day) ?? 0n) + until - before);
    before = until;
  }
  return days;
}

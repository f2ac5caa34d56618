import { assert } from '../../base/result/assert.ts';
import { divideUp } from '../../base/money/money.ts';
import type { PricePeriod, PricePeriods } from './price-periods.ts';

/**
 * One row of a price list as it stands for one call: fixed when the leg is made. Amounts are whole millionths of the
 * currency unit, times whole seconds. A price per minute is kept as it was written and never divided beforehand.
 */
export interface PriceRow {
  readonly tariff: string;
  /** E.164 digits that the called number begins with; empty for a row that every number matches. */
  readonly prefix: string;
  /** What the direction is called, for people. */
  readonly name: string;
  readonly currency: string;
  readonly peakPerMinuteMicros: bigint;
  readonly offPeakPerMinuteMicros: bigint;
  readonly weekendPerMinuteMicros: bigint;
  /** Due once the call is connected. */
  readonly connectFeeMicros: bigint;
  /** Connected seconds at the start that cost nothing; the first increment begins after them. */
  readonly freeSeconds: number;
  /** At least 1, as is the next. */
  readonly firstIncrementS: number;
  readonly nextIncrementS: number;
  /** What a connected call costs at least, connect fee included. */
  readonly minimumChargeMicros: bigint;
  /** A carrier's fee for each attempt, answered or not. */
  readonly attemptFeeMicros: bigint;
  /** A carrier's surcharge on an answered call that is shorter than `shortCallS` seconds. */
  readonly shortCallSurchargeMicros: bigint;
  readonly shortCallS: number;
}

/** Amounts per minute are summed in sixtieths of a millionth, and divided once. */
const secondsPerMinute = 60n;

/** Whole seconds that an answered call counts: milliseconds round up, and an answered call has at least one. */
export function connectedSeconds(connectedMs: number): number {
  return Math.max(1, Math.ceil(connectedMs / 1000));
}

/**
 * What the first `durationS` connected seconds of a call cost that was answered at `startMs` (UTC). Pure, whole, and
 * never less for a longer duration, so that an increment from t1 to t2 costs the difference of both prices. An
 * increment is paid whole when it begins, at the price of the period in which it begins.
 * @param durationS whole seconds; 0 costs nothing.
 */
export function priceOf(row: PriceRow, startMs: number, durationS: number, periods: PricePeriods): bigint {
  assert(Number.isSafeInteger(durationS) && durationS >= 0, 'a call lasts whole seconds');
  if (durationS === 0) return 0n;
  const usage = usageSixtieths(row, startMs, durationS - row.freeSeconds, periods);
  const total = divideUp(row.connectFeeMicros * secondsPerMinute + usage, secondsPerMinute);
  return total > row.minimumChargeMicros ? total : row.minimumChargeMicros;
}

/**
 * What a carrier charges us for one attempt: its price, its fee for the attempt, and its surcharge on a short call.
 * @param durationS connected seconds, 0 when nobody answered.
 */
export function carrierCostOf(row: PriceRow, startMs: number, durationS: number, periods: PricePeriods): bigint {
  return priceOf(row, startMs, durationS, periods) + attemptCostOf(row, durationS);
}

/** Of that, what belongs to the attempt as such: its fee, and the surcharge on a short call. */
export function attemptCostOf(row: PriceRow, durationS: number): bigint {
  const surcharge = durationS > 0 && durationS < row.shortCallS ? row.shortCallSurchargeMicros : 0n;
  return row.attemptFeeMicros + surcharge;
}

/** The second at which the increment began that a call of so many seconds ended in: the last that it paid for. */
export function incrementBegin({ freeSeconds, firstIncrementS, nextIncrementS }: PriceRow, durationS: number): number {
  if (durationS <= freeSeconds) return 0;
  const afterFirst = freeSeconds + firstIncrementS;
  if (durationS <= afterFirst) return freeSeconds;
  return afterFirst + Math.floor((durationS - afterFirst - 1) / nextIncrementS) * nextIncrementS;
}

/**
 * The second at which the increment ends that begins at second `atS`, or in which `atS` lies: all seconds after `atS` up
 * to that one cost the same. Free seconds are the first of them.
 */
export function nextIncrement(row: PriceRow, atS: number): number {
  const { freeSeconds, firstIncrementS, nextIncrementS } = row;
  if (atS < freeSeconds) return freeSeconds;
  const afterFirst = freeSeconds + firstIncrementS;
  if (atS < afterFirst) return afterFirst;
  return afterFirst + (Math.floor((atS - afterFirst) / nextIncrementS) + 1) * nextIncrementS;
}

/** The price per minute of a row in one period. */
export function perMinuteMicros(row: PriceRow, period: PricePeriod): bigint {
  switch (period) {
    case 'peak':
      return row.peakPerMinuteMicros;
    case 'offpeak':
      return row.offPeakPerMinuteMicros;
    case 'weekend':
      return row.weekendPerMinuteMicros;
  }
}

/** Price per minute times seconds, summed over the increments that have begun. */
function usageSixtieths(row: PriceRow, startMs: number, paidS: number, periods: PricePeriods): bigint {
  if (paidS <= 0) return 0n;
  const { freeSeconds, firstIncrementS, nextIncrementS } = row;
  const afterFirst = Math.max(0, Math.ceil((paidS - firstIncrementS) / nextIncrementS));
  if (isFlat(row)) return row.peakPerMinuteMicros * BigInt(firstIncrementS + afterFirst * nextIncrementS);
  let beginsMs = startMs + freeSeconds * 1000;
  let sum = perMinuteMicros(row, periods.at(beginsMs).period) * BigInt(firstIncrementS);
  beginsMs += firstIncrementS * 1000;
  for (let left = afterFirst; left > 0; ) {
    const { period, untilMs } = periods.at(beginsMs);
    const alike = Math.min(left, Math.ceil((untilMs - beginsMs) / (nextIncrementS * 1000)));
    sum += perMinuteMicros(row, period) * BigInt(alike * nextIncrementS);
    beginsMs += alike * nextIncrementS * 1000;
    left -= alike;
  }
  return sum;
}

function isFlat(row: PriceRow): boolean {
  return (
    row.peakPerMinuteMicros === row.offPeakPerMinuteMicros && row.peakPerMinuteMicros === row.weekendPerMinuteMicros
  );
}
/** The dearest price per minute that a row can reach, at whatever hour. */
export function dearestPerMinuteMicros(row: PriceRow): bigint {
  const { peakPerMinuteMicros: peak, offPeakPerMinuteMicros: offPeak, weekendPerMinuteMicros: weekend } = row;
  const dearer = peak > offPeak ? peak : offPeak;
  return dearer > weekend ? dearer : weekend;
}

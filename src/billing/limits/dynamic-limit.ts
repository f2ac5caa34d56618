/** What an account spent on one earlier day, and whether the dynamic limit stopped it on that day. */
export interface SpendDay {
  /** As `2026-11-21`. */
  readonly day: string;
  readonly spentMicros: bigint;
  readonly wasBlocked: boolean;
}

/** The multiplier comes in thousandths, so that 6.5 is exact. */
const thousand = 1000n;
const dayMs = 86_400_000;
/** Days that our rule looks back on, and after how many of them an old peak counts half. */
const lookBackDays = 28;
const halfLifeDays = 14;
/** Our baseline rises at most by half a day. */
const riseNumerator = 3n;
const riseDenominator = 2n;
const million = 1_000_000n;

/** What is left of a peak after so many days, in millionths. */
const weights: readonly bigint[] = Array.from({ length: lookBackDays + 1 }, (_, days) =>
  BigInt(Math.round(1_000_000 * 0.5 ** (days / halfLifeDays))),
);

/**
 * The highest spend of a day before today, as the seeds have it. It never falls. A day on which the account was
 * blocked does not count, else an attacker gains the multiplier every day.
 */
export function highestEarlierSpend(days: Iterable<SpendDay>, today: string): bigint {
  let highest = 0n;
  for (const { day, spentMicros, wasBlocked } of days) {
    if (day < today && !wasBlocked && spentMicros > highest) highest = spentMicros;
  }
  return highest;
}

/**
 * Our baseline: the peak of the last 28 days, where a peak counts half after 14, and from one day to the next at most
 * half as much again. So a patient thief has to pay for weeks what a sudden one would have to pay for a day, and an
 * account that has become quiet is watched closely again.
 * @param floorMicros what an account without history starts from: the minimum divided by the multiplier.
 */
export function decayedBaseline(days: Iterable<SpendDay>, today: string, floorMicros: bigint): bigint {
  const counted = new Map<number, bigint>();
  const todayNumber = dayNumber(today);
  for (const { day, spentMicros, wasBlocked } of days) if (!wasBlocked) counted.set(dayNumber(day), spentMicros);
  let baseline = floorMicros;
  for (let at = todayNumber - lookBackDays + 1; at <= todayNumber; at++) {
    let peak = floorMicros;
    for (let back = 1; back <= lookBackDays; back++) {
      const spent = counted.get(at - back);
      if (spent === undefined) continue;
      const left = (spent * (weights[back] ?? 0n)) / million;
      if (left > peak) peak = left;
    }
    const most = (baseline * riseNumerator) / riseDenominator;
    baseline = peak < most ? peak : most;
  }
  return baseline;
}

/**
 * What an account may spend today: so many times what it is used to spend, and never less than the minimum.
 * @param multiplierThousandths [credit.maxdyndailycredit-multiplier] times 1000.
 */
export function dynamicLimitMicros(
  baselineMicros: bigint,
  multiplierThousandths: bigint,
  minimumMicros: bigint,
): bigint {
  const grown = (baselineMicros * multiplierThousandths) / thousand;
  return grown > minimumMicros ? grown : minimumMicros;
}

/** The floor of `decayedBaseline` under which the minimum decides anyway. */
export function baselineFloorMicros(multiplierThousandths: bigint, minimumMicros: bigint): bigint {
  return multiplierThousandths <= 0n ? 0n : (minimumMicros * thousand) / multiplierThousandths;
}

function dayNumber(day: string): number {
  return Math.round(Date.parse(`${day}T00:00:00Z`) / dayMs);
}

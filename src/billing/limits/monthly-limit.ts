/** How much an account may spend in a month, and how that grows. Amounts in millionths; 0 is none. */
export interface MonthlyGrowth {
  /** [credit.maxmonthlycredit] */
  readonly limitMicros: bigint;
  /** [credit.maxmonthlycreditinc] added after each month in which the account had a charge. */
  readonly incrementMicros: bigint;
  /** [credit.maxmonthlycreditend] what growth never passes; without it nothing grows. */
  readonly endMicros: bigint;
}

/**
 * The limit of a month, computed on reading: no job has to run at the turn of the month.
 * @param sinceMonth the month in which the limit was set, as `2026-11`; growth counts from there.
 * @param activeMonths months in which the account was charged, in any order.
 * @returns 0 for no limit.
 */
export function monthlyLimitMicros(
  { limitMicros, incrementMicros, endMicros }: MonthlyGrowth,
  month: string,
  sinceMonth: string,
  activeMonths: Iterable<string>,
): bigint {
  if (limitMicros <= 0n || incrementMicros <= 0n || endMicros <= limitMicros) return limitMicros;
  let grownMicros = limitMicros;
  for (const active of activeMonths) if (active >= sinceMonth && active < month) grownMicros += incrementMicros;
  return grownMicros < endMicros ? grownMicros : endMicros;
}

import type { Account, AccountMoney } from './model.ts';

/** Prepaid, and limited by its balance alone. */
export const prepaid: AccountMoney = {
  isPostpaid: false,
  monthMicros: 0n,
  monthIncrementMicros: 0n,
  monthEndMicros: 0n,
  dayMicros: 0n,
  openingMicros: undefined,
  lockedBy: '',
};

/** Amounts of `AccountMoney`, by the field that holds each. */
export const moneyLimitFields = {
  maxmonthlycredit: 'monthMicros',
  maxmonthlycreditinc: 'monthIncrementMicros',
  maxmonthlycreditend: 'monthEndMicros',
  maxdailycredit: 'dayMicros',
} as const satisfies Readonly<Record<string, Exclude<keyof AccountMoney, 'isPostpaid' | 'openingMicros' | 'lockedBy'>>>;

/** What somebody has set, as text for the store. */
export function writeMoney({ money }: Account): string {
  const amounts = Object.entries(moneyLimitFields).map(([field, key]) => [field, String(money[key])] as const);
  const opening = money.openingMicros === undefined ? {} : { credit: String(money.openingMicros) };
  return JSON.stringify({
    postpaid: money.isPostpaid,
    locked: money.lockedBy,
    ...opening,
    ...Object.fromEntries(amounts),
  });
}

/** The same back; empty text is `prepaid`. */
export function readMoney(text: string): AccountMoney {
  if (text === '') return prepaid;
  const written: Readonly<Record<string, string | boolean>> = JSON.parse(text);
  const amount = (field: keyof typeof moneyLimitFields | 'credit'): bigint => BigInt(String(written[field] ?? 0));
  return {
    isPostpaid: written['postpaid'] === true,
    monthMicros: amount('maxmonthlycredit'),
    monthIncrementMicros: amount('maxmonthlycreditinc'),
    monthEndMicros: amount('maxmonthlycreditend'),
    dayMicros: amount('maxdailycredit'),
    openingMicros: written['credit'] === undefined ? undefined : amount('credit'),
    lockedBy: String(written['locked'] ?? ''),
  };
}

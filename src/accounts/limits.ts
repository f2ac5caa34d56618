import type { AccountKind, AccountLimits } from './model.ts';

/** A traffic sender without a word on its lines gets as many as one E1 has channels. */
const linesOfSender = 30;
const linesOfEnduser = 5;

const unlimited: AccountLimits = {
  maxLines: 0,
  maxLinesOffpeak: undefined,
  maxCps: undefined,
  maxSlPerDayS: 0,
  maxSlPerMonthS: 0,
  onlyLocalAccess: false,
  international: true,
};
const defaults: Partial<Record<AccountKind, AccountLimits>> = {
  enduser: { ...unlimited, maxLines: linesOfEnduser, international: false },
  trafficsender: { ...unlimited, maxLines: linesOfSender },
};

/** The limits of an account of which nobody has said any. */
export function defaultLimits(kind: AccountKind): AccountLimits {
  return defaults[kind] ?? unlimited;
}

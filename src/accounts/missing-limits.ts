import { modeOf, type Settings } from '../settings/index.ts';
import type { Account } from './model.ts';

/** What a user that may call should have and has not: `lines`, a bound of its `credit`, a bound of its `day`. */
export type MissingLimit = 'lines' | 'credit' | 'day';

/**
 * [limits.set-max-amount-and-max-ports-for-users] The limits that nothing sets for an account; only what is enforced
 * counts. The ceiling holds for everybody, and is no account's own limit. Prepaid credit is one; so is the dynamic limit
 * of a day.
 */
export function missingLimits({ kind, enabled, limits, money }: Account, settings: Settings): readonly MissingLimit[] {
  if (!enabled || (kind !== 'enduser' && kind !== 'trafficsender')) return [];
  const isEnforced = (rule: string): boolean => modeOf(settings, rule) === 'enforce';
  const hasLines = limits.maxLines > 0 && isEnforced('maxlines');
  const hasMonth = money.monthMicros > 0n && settings.creditcheckforpostp && isEnforced('maxmonthlycredit');
  const [common, rule] =
    kind === 'enduser'
      ? [settings.maxdailycreditforenduser, 'maxdailycreditforenduser']
      : [settings.maxdailycreditforts, 'maxdailycreditforts'];
  const isWatched = settings.checkmaxdyndailycredit >= (kind === 'enduser' ? 1 : 2);
  const hasDay =
    (money.dayMicros > 0n && isEnforced('maxdailycredit')) ||
    (common > 0n && isEnforced(rule)) ||
    (isWatched && isEnforced('checkmaxdyndailycredit'));
  const missing: MissingLimit[] = [];
  if (!hasLines) missing.push('lines');
  if (money.isPostpaid && !hasMonth) missing.push('credit');
  if (!hasDay) missing.push('day');
  return missing;
}

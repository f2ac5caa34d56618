import { type AccountDirectory, directoryLimits } from '../accounts/directory.ts';
import type { Log } from '../base/log/log.ts';
import type { Clock } from '../base/time/clock.ts';
import type { Ceiling } from '../billing/ceiling.ts';
import { LocalPool } from '../billing/hold/pool.ts';
import type { Ledger } from '../billing/ledger/ledger.ts';
import { AccountBooks, creditCounter } from '../billing/limits/account-books.ts';
import { PeriodSums } from '../billing/limits/period-sums.ts';
import { SlidingSums } from '../billing/limits/sliding-sum.ts';
import { SpendPeaks } from '../billing/limits/spend-peaks.ts';
import type { CallPrices } from '../billing/rating/call-prices.ts';
import type { PriceBook } from '../billing/tariff/price-book.ts';
import { pricingOf } from '../call/admission/price-rules.ts';
import { CallCharges } from '../call/money/call-charges.ts';
import { DeadCalls } from '../call/money/dead-calls.ts';
import { MeteredCalls } from '../call/money/metered-calls.ts';
import { moneyObserver } from '../call/money/money-observer.ts';
import type { FileStop } from '../call/stopped-calls.ts';
import type { LimitOrigin } from '../guard/limit.ts';
import { readNumber } from '../numbering/called-number.ts';
import { numberingPlan } from '../numbering/numbering-plan.ts';
import type { SettingKey, Settings } from '../settings/index.ts';

/** Addresses whose calls' cost is remembered. */
const maxSources = 100_000;
const dayMs = 86_400_000;

export interface MoneyParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly directory: AccountDirectory;
  readonly prices: PriceBook;
  readonly settings: () => Settings;
  readonly settingOrigin: (key: SettingKey) => LimitOrigin;
  readonly ledger: Ledger;
  readonly ceiling: Ceiling;
  /** None are remembered where they are not given. */
  readonly peaks: SpendPeaks | undefined;
  readonly fileStop: FileStop;
  readonly epoch: number;
}

/** What calls cost: those in progress, those of a dead server, and what both were charged. */
export interface CallsMoney {
  readonly calls: MeteredCalls;
  readonly dead: DeadCalls;
  readonly charges: CallCharges;
}

/** Holds, meters and charges of calls, over one ledger, which is told of what they hold and watches that it is given back. */
export function callsMoney(parts: MoneyParts): CallsMoney {
  const { clock, directory, settings, settingOrigin, ledger, ceiling } = parts;
  const { fileStop, log, epoch } = parts;
  const peaks = parts.peaks ?? new SpendPeaks(ledger.balances, { put: () => {} }, []);
  const sources = new SlidingSums(maxSources);
  const hours = new PeriodSums(directoryLimits.accounts);
  const losses = new PeriodSums(directoryLimits.accounts);
  const sourceWindowMs = (): number => settings().maxcallperperiod * dayMs;
  const books = new AccountBooks({
    directory,
    settings,
    settingOrigin,
    ledger,
    peaks,
    ...{ sources, hours, losses },
    sourceWindowMs,
    ceiling,
  });
  const prices: CallPrices = {
    rowOf: (accountId, { number, callerNumber, payerId }) => {
      const account = directory.accountById(accountId);
      const payer = payerId === undefined ? undefined : directory.accountById(payerId);
      const origin = readNumber(callerNumber, '', numberingPlan(settings(), payer))?.digits ?? '';
      const services = { prices: parts.prices, settings, clock };
      return account === undefined ? undefined : pricingOf(services, account, number, origin).row;
    },
    periods: () => parts.prices.periods(settings()),
  };
  const observer = moneyObserver({ settings, directory, log, fileStop });
  const pool = new LocalPool();
  const trade = { sources, hours, losses };
  const charges = new CallCharges({ directory, ledger, books, trade, prices });
  const calls = new MeteredCalls({ clock, directory, ledger, pool, books, peaks, charges, prices, observer, epoch });
  const dead = new DeadCalls({ ledger, pool, books, prices, charges });
  ledger.watchHolds((accountId) => pool.heldOn(creditCounter(accountId)));
  ledger.auditAlso(() => {
    if (calls.size > 0) return [];
    return [...calls.heldCounters]
      .filter(([, micros]) => micros !== 0n)
      .map(([name, micros]) => `${micros} millionths are held on '${name}', and no call runs`);
  });
  return { calls, dead, charges };
}

import type { Log } from '../base/log/log.ts';
import type { Clock } from '../base/time/clock.ts';
import { Balances } from '../billing/ledger/balances.ts';
import { Ledger } from '../billing/ledger/ledger.ts';
import { Periods } from '../billing/ledger/periods.ts';
import type { Settings } from '../settings/index.ts';
import type { StoreSnapshot } from '../store/snapshot.ts';
import type { Store } from '../store/store.ts';

/** The ledger as the database has it. */
export function openLedger(
  store: Store,
  { sums, periods: stored, currency: postedCurrency }: StoreSnapshot['ledger'],
  settings: Settings,
  { clock, log }: { readonly clock: Clock; readonly log: Log },
): Ledger {
  const periods = new Periods({
    clock,
    timeZone: settings.timezone,
    stored,
    onPeriod: (period) => store.ledger.putPeriod(period),
    onStep: (byMs) => {
      log.error('the clock of the machine was set; billing days go on by the time that has passed', { byMs });
    },
  });
  return new Ledger({
    balances: new Balances(sums),
    periods,
    store: store.ledger,
    currency: settings.currency,
    postedCurrency,
  });
}

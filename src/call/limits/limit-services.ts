import type { AccountDirectory } from '../../accounts/directory.ts';
import type { Clock } from '../../base/time/clock.ts';
import type { Periods } from '../../billing/ledger/periods.ts';
import type { LimitOrigin } from '../../guard/limit.ts';
import type { FileStop } from '../stopped-calls.ts';
import type { SettingKey, Settings } from '../../settings/index.ts';

/** What limits are decided with. */
export interface LimitServices {
  readonly clock: Clock;
  readonly settings: () => Settings;
  readonly settingOrigin: (key: SettingKey) => LimitOrigin;
  readonly directory: AccountDirectory;
  /** Files each call that a limit ends while it runs. */
  readonly fileStop: FileStop;
  /** The days of the billing zone, which no step of the wall clock moves. */
  readonly periods: Pick<Periods, 'today' | 'dayAt' | 'nowMs'>;
}

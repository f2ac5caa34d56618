import type { CallLifecycle } from '../billing/seam.ts';
import type { MeteredCalls } from './money/metered-calls.ts';
import type { AccountDirectory } from '../accounts/directory.ts';
import type { Ceiling } from '../billing/ceiling.ts';
import type { PriceBook } from '../billing/tariff/price-book.ts';
import type { Log } from '../base/log/log.ts';
import type { Random } from '../base/random/random.ts';
import type { Clock } from '../base/time/clock.ts';
import type { Ledger } from '../billing/ledger/ledger.ts';
import type { Authenticator } from '../guard/authenticate.ts';
import type { Guard } from '../guard/guard.ts';
import type { DecisionStore } from '../guard/ports.ts';
import type { StrangerLog } from '../guard/stranger-log.ts';
import type { MediaPlane } from '../media/index.ts';
import type { Registrar } from '../registrar/registrar.ts';
import type { LimitOrigin } from '../guard/limit.ts';
import type { SettingKey, Settings } from '../settings/index.ts';
import type { SipStack } from '../sip/stack/index.ts';
import type { TimerValues } from '../sip/transaction/index.ts';
import type { MeanDurations } from './mean-durations.ts';
import type { CallStore } from './ports.ts';
import type { SipServers } from './trunks/sip-servers.ts';
import type { CallLimits } from './limits/call-limits.ts';
import type { DialSpeed, PendingCalls } from './limits/pending-calls.ts';

/** What the parts of a call work with; built once by src/main. */
export interface CallServices {
  readonly stack: SipStack;
  readonly clock: Clock;
  readonly random: Random;
  readonly timers: TimerValues;
  readonly settings: () => Settings;
  /** Who set the value of a setting that holds now, and when. */
  readonly settingOrigin: (key: SettingKey) => LimitOrigin;
  readonly directory: AccountDirectory;
  readonly registrar: Registrar;
  readonly authenticator: Authenticator;
  readonly plane: MediaPlane;
  readonly limits: CallLimits;
  readonly pending: PendingCalls;
  readonly dialSpeed: DialSpeed;
  readonly prices: PriceBook;
  readonly ceiling: Ceiling;
  readonly meanDurations: MeanDurations;
  /** Told at the turns of each call at which money is held and metered, and lines and time are counted. */
  readonly lifecycle: CallLifecycle;
  readonly money: MeteredCalls;
  readonly store: CallStore;
  readonly decisions: DecisionStore;
  readonly ledger: Ledger;
  readonly log: Log;
  readonly strangerLog: StrangerLog;
  readonly guard: Guard;
  readonly sipServers: SipServers;
  /** Our own addresses, which media must not be sent to. */
  readonly ownAddresses: () => readonly string[];
  /** The address that the relay binds for a side to which we show this address of ours. */
  readonly relayAddressFor: (ownAddress: string) => string;
}

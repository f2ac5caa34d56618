import type { Random } from '../../base/random/random.ts';
import type { Clock } from '../../base/time/clock.ts';
import type { SessionTimerPolicy } from '../../sip/dialog/index.ts';
import type { HeaderList, SipRequest } from '../../sip/message/index.ts';
import type { TimerValues } from '../../sip/transaction/index.ts';
import type { Flow } from '../../sip/transport/flow.ts';
import type { DialogWays } from './next-hop.ts';
import type { SignallingWatch } from './signalling-watch.ts';
import type { TrunkCredentials } from './trunk-credentials.ts';

/** May this in-dialog request act? A refusal names the status, or a challenge's headers with it. */
export type SourceCheck = (
  request: SipRequest,
  flow: Flow,
  dialogFlow: Flow,
) => 'ok' | { readonly status: number; readonly headers: HeaderList };

export interface SessionOptions extends DialogWays {
  readonly clock: Clock;
  readonly random: Random;
  readonly timers: TimerValues;
  /** What we ask of a session timer on this leg. */
  readonly sessionTimer: SessionTimerPolicy | 'off';
  /** Whether 100rel is spoken on this leg. */
  readonly use100rel: boolean;
  /** User part of our Contact. */
  readonly contactUser: string;
  readonly checkSource: SourceCheck;
  /** May an ACK that comes over `flow` be the peer's? Nobody can be challenged for one. */
  readonly mayAcknowledge: (flow: Flow, dialogFlow: Flow) => boolean;
  /** Told what the peer's requests are like. */
  readonly signalling: Pick<SignallingWatch, 'valid' | 'invalid'>;
  readonly credentials: TrunkCredentials | undefined;
  /** The peer asked for a password that it does not get. */
  readonly onUnwantedChallenge: () => void;
}

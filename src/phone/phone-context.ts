import type { Random } from '../base/random/random.ts';
import type { Clock } from '../base/time/clock.ts';
import type { SipStack } from '../sip/stack/index.ts';
import type { TimerValues } from '../sip/transaction/index.ts';
import type { Flow } from '../sip/transport/index.ts';
import type { PhoneCredentials } from './phone-credentials.ts';

/** What the parts of one phone share. */
export interface PhoneContext {
  readonly stack: SipStack;
  readonly clock: Clock;
  readonly random: Random;
  readonly timers: TimerValues;
  readonly credentials: PhoneCredentials;
  readonly user: string;
  /** Our address of record, as a URI. */
  readonly address: string;
  /** The way to our server: everything that we send goes there, whatever a Contact says. */
  flow(): Flow;
}

/** A refusal of the server; 408 where nobody answered. */
export interface PhoneFailure {
  readonly status: number;
  readonly reason: string;
}

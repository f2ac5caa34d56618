import type { Clock } from '../../base/time/clock.ts';
import type { SipRequest, SipResponse } from '../message/index.ts';
import type { Flow } from '../transport/flow.ts';
import type { TimerValues } from './timers.ts';

/** What a machine gets from its layer: time, and a way to be forgotten now or after a constant wait. */
export interface TransactionEnvironment {
  readonly clock: Clock;
  readonly timers: TimerValues;
  /** Called once, on entry of the Terminated state. */
  forget(key: string): void;
  /** Keeps the answer of a finished non-INVITE request, for its retransmissions from where it went to, until timer J. */
  keepAnswer(key: string, flow: Flow, answer: string): void;
  /** Calls `expire` after 64 times T1; cheap, cannot be cancelled (timers J, L, M). */
  afterTimeout(expire: () => void): void;
}

/** What an INVITE server transaction gets besides. */
export interface InviteServerEnvironment extends TransactionEnvironment {
  /** Where a final answer goes: the way that the INVITE came, or another one when that connection has gone. */
  answerFlow(request: SipRequest, flow: Flow): Flow;
}

/** Whoever sent a request: told of its responses and of its failure, each at most once for a final one. */
export interface ClientTransactionUser {
  /** Provisional responses, the final one, and for INVITE each 2xx, retransmitted or from another fork. */
  onResponse(response: SipResponse): void;
  /** Timer B or F: nobody answered. */
  onTimeout(): void;
}

/** Whoever answers an INVITE: told of what ends the transaction without its doing. */
export interface InviteServerUser {
  /** The ACK of a refusal never came (timer H); the transaction is over. */
  onAckTimeout(): void;
  /** A CANCEL that matches branch and source; it has been answered with 200 already (RFC 3261 §9.2). */
  onCancel(request: SipRequest): void;
}

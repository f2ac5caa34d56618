import { type Cause, causeOfStatus, ourReason, passableReasons, statusForOtherLeg, statusOf } from '../cause.ts';
import type { LegEnd, Refused } from '../leg/events.ts';
import type { EndedBy } from '../record.ts';

/** Why a call is over, by whose doing, and what its legs hear of that. */
export interface CallEnd {
  readonly cause: Cause;
  readonly by: EndedBy;
  /** For a caller that was not answered. */
  readonly status: number;
  /** Values of the Reason header (RFC 3326). */
  readonly reasons: readonly string[];
  readonly retryAfterS?: number | undefined;
}

/** A timer, a limit, an operator or a fault of ours ends it. */
export function ownEnd(cause: Cause): CallEnd {
  return { cause, by: 'system', status: statusOf(cause), reasons: [ourReason(cause)] };
}

/** A leg that nobody refused is over: its peer has hung up, or does not answer what has to be answered. */
export function endOfLeg(end: LegEnd, by: 'caller' | 'callee'): CallEnd {
  const reasons = passableReasons(end.reasons);
  switch (end.cause) {
    case 'cancel':
      return { cause: 'cancelled', by, status: statusOf('cancelled'), reasons };
    case 'bye':
      return { cause: 'answered', by, status: statusOf('answered'), reasons };
    case 'no answer to request':
      return ownEnd('peer gone');
    case 'no ack':
    case 'no prack':
    case 'session expired':
      return ownEnd(end.cause);
  }
}

/** No destination is left. */
export function endOfHunt({ status, retryAfterS, isOurs }: Refused): CallEnd {
  const cause = isOurs === true && status === 408 ? 'call init timeout' : causeOfStatus(status);
  const by = isOurs === true ? 'system' : 'callee';
  return { cause, by, status: statusForOtherLeg(status), reasons: [], retryAfterS };
}

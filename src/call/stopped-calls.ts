import type { Log } from '../base/log/log.ts';
import type { Random } from '../base/random/random.ts';
import type { Clock } from '../base/time/clock.ts';
import { decide, type Refusal } from '../guard/decision.ts';
import type { DecisionStore } from '../guard/ports.ts';

/** A call that a limit stops after its admission, and the name of the account that the decision is filed under. */
export interface StoppedCall {
  readonly account: string;
  readonly callId: string;
}

/** Files why a call was stopped, or in the mode `observe` would have been. @returns the id of the decision. */
export type FileStop = (refused: Refusal, stopped: StoppedCall, mode: 'enforce' | 'observe') => string;

/** The decision and the log line of each call that a limit stops after its admission. */
export function fileStops(parts: {
  readonly clock: Clock;
  readonly random: Random;
  readonly decisions: DecisionStore;
  readonly log: Log;
}): FileStop {
  const { decisions, log } = parts;
  return (refused, { account, callId }, mode) => {
    const decision = decide(refused, { subject: `account:${account}`, callId }, mode, parts);
    const { rule, measured, limit, wouldPass } = refused;
    const message = mode === 'enforce' ? 'call stopped by a limit' : 'call would be stopped';
    log.info(message, { account, call: callId, rule, measured, limit, wouldPass, decision: decision.id });
    decisions.put(decision);
    return decision.id;
  };
}

/** The refusal of a call that ran already. */
export function ranAndEnded(refused: Refusal): Refusal {
  return { ...refused, evidence: `${refused.evidence}; the call ran, and was ended` };
}

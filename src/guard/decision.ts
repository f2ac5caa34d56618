import type { Random } from '../base/random/random.ts';
import type { Clock } from '../base/time/clock.ts';

/** Each rule is enforced, only watched, or off. */
export type RuleMode = 'enforce' | 'observe' | 'off';

/** What a step says when it says no. */
export interface Refusal {
  /** Key of the setting or field that caused it, or the name of the built-in step. */
  readonly rule: string;
  /** SIP status of the answer. */
  readonly sipStatus: number;
  readonly measured: string;
  readonly limit: string;
  readonly unit: string;
  readonly setBy: string;
  readonly setAtMs: number | undefined;
  /** What would have passed, in words for the operator. */
  readonly wouldPass: string;
  readonly evidence: string;
}

/** The record of one no, as it is stored for identified accounts and named by its id in the SIP answer. */
export interface Decision extends Refusal {
  readonly id: string;
  readonly timeMs: number;
  /** `account:NAME` or `source:ADDRESS`. */
  readonly subject: string;
  readonly mode: RuleMode;
  readonly outcome: 'refused' | 'would refuse';
  readonly callId: string;
}

/** A refusal with the parts that most built-in steps leave empty. */
export function refusal(rule: string, sipStatus: number, measured: string, wouldPass: string): Refusal {
  const none = { limit: '', unit: '', setBy: 'built in', setAtMs: undefined, evidence: '' };
  return { rule, sipStatus, measured, wouldPass, ...none };
}

export function decide(refused: Refusal, subject: string, callId: string, clock: Clock, random: Random): Decision {
  return {
    ...refused,
    id: random.hex(8),
    timeMs: clock.wallMs(),
    subject,
    mode: 'enforce',
    outcome: 'refused',
    callId,
  };
}

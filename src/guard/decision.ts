import type { Random } from '../base/random/random.ts';
import type { Clock } from '../base/time/clock.ts';
import type { RuleMode } from '../settings/index.ts';

/** What a step says when it says no. */
export interface Refusal {
  /** Key of the setting or field that caused it, or the name of the built-in step. */
  readonly rule: string;
  /** SIP status of the answer. */
  readonly sipStatus: number;
  readonly measured: string;
  /** What the call would add to `measured`: refused when both together are more than `limit`. Empty for what is no limit. */
  readonly asked: string;
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
  const none = { asked: '', limit: '', unit: '', setBy: 'built in', setAtMs: undefined, evidence: '' };
  return { rule, sipStatus, measured, wouldPass, ...none };
}

/** Under whom a decision is filed: an account that was proven, and its call. */
export interface Concern {
  /** `account:NAME` or `source:ADDRESS`. */
  readonly subject: string;
  readonly callId: string;
}

/** The record of a no; in the mode `observe` the call went on all the same. */
export function decide(
  refused: Refusal,
  { subject, callId }: Concern,
  mode: 'enforce' | 'observe',
  { clock, random }: { readonly clock: Clock; readonly random: Random },
): Decision {
  const outcome = mode === 'observe' ? 'would refuse' : 'refused';
  return { ...refused, id: random.hex(8), timeMs: clock.wallMs(), subject, mode, outcome, callId };
}

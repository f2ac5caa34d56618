import type { Refusal } from '../../guard/decision.ts';
import { classify } from '../../numbering/classify.ts';
import { numberingPlan } from '../../numbering/numbering-plan.ts';
import type { Destination } from '../routing/destination.ts';
import type { CallServices } from '../services.ts';
import { checkCallable } from './number-rules.ts';

/**
 * Whether one route may be tried now. Asked when the call is admitted and again before each attempt, failover included:
 * what was permitted when the first SIP server rang may not be when the third one is tried.
 */
export function checkAttempt({ settings }: CallServices, destination: Destination): Refusal | 'yes' {
  if (destination.kind === 'devices') return 'yes';
  const { account, number } = destination;
  return checkCallable(settings(), account, number, classify(number, numberingPlan(settings())));
}

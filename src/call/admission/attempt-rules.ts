import type { PriceRow } from '../../billing/rating/price.ts';
import type { Payer } from '../../billing/seam.ts';
import type { Refusal } from '../../guard/decision.ts';
import { classify } from '../../numbering/classify.ts';
import { numberingPlan } from '../../numbering/numbering-plan.ts';
import { modeOf } from '../../settings/index.ts';
import type { Destination } from '../routing/destination.ts';
import type { CallServices } from '../services.ts';
import { numberRefusals } from './number-rules.ts';
import { priceRefusals } from './price-rules.ts';

/** A call as far as an attempt of it is checked. */
export interface CheckedCall {
  readonly price: PriceRow;
  readonly payer: Payer | undefined;
}

/**
 * Whether one route may be tried now. Asked when the call is admitted and again before each attempt, failover included:
 * what was permitted when the first SIP server rang may not be when the third one is tried.
 * @param onWatched is told what rules would have refused that are only observed.
 */
export function checkAttempt(
  services: CallServices,
  { price, payer }: CheckedCall,
  destination: Destination,
  onWatched: (refusal: Refusal) => void = () => {},
): Refusal | 'yes' {
  if (destination.kind === 'devices') return 'yes';
  const settings = services.settings();
  const { account, number, cost } = destination;
  const payerId = payer?.accountId;
  const owner = payerId === undefined ? undefined : services.directory.accountById(payerId);
  const numberClass = classify(number, numberingPlan(settings, owner));
  const attempt = { price, cost, payerId };
  for (const refusals of [numberRefusals(services, account, number, numberClass), priceRefusals(services, attempt)]) {
    for (const refused of refusals) {
      const mode = modeOf(settings, refused.rule);
      if (mode === 'enforce') return refused;
      if (mode === 'observe') onWatched(refused);
    }
  }
  return 'yes';
}

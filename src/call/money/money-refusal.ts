import type { AccountDirectory } from '../../accounts/directory.ts';
import type { Exceeded } from '../../billing/hold/money-limit.ts';
import type { PricingRefusal } from '../../billing/ledger/ports.ts';
import { printAmount } from '../../base/money/money.ts';
import { type Refusal, refusal } from '../../guard/decision.ts';
import { limitRefusal } from '../../guard/limit.ts';

/** The refusal of a money limit: what is spent and held, what the next increment costs, and who set the limit. */
export function moneyRefusal(exceeded: Exceeded, sipStatus: number, directory: AccountDirectory): Refusal {
  const { limit, postedMicros, heldMicros, nextMicros, counter } = exceeded;
  const owner = limit.accountId === undefined ? counter : (directory.accountById(limit.accountId)?.name ?? counter);
  // The balance is what is left already: nothing of it is spent twice.
  const used =
    limit.rule === 'credit' ? `${printAmount(limit.limitMicros)} of credit` : `${printAmount(postedMicros)} spent`;
  return limitRefusal({
    rule: limit.rule,
    sipStatus,
    measure: { measured: postedMicros + heldMicros, asked: nextMicros, limit: limit.limitMicros },
    unit: 'millionths',
    origin: { by: limit.setBy, atMs: limit.setAtMs },
    evidence: `${owner}: ${used}, ${printAmount(heldMicros)} held by calls in progress`,
  });
}

/** The refusal of every priced call while the ledger cannot hold what it would cost. */
export function ledgerRefusal({ reason, message }: PricingRefusal): Refusal {
  return refusal('ledger', 503, reason, message);
}

import type { Account } from '../../accounts/model.ts';
import type { PriceRow } from '../../billing/rating/price.ts';
import type { LineLease, Payer, PricedCall } from '../../billing/seam.ts';
import type { Destination } from '../routing/destination.ts';

/** Who calls, as far as it was proven. */
export type Caller =
  | { readonly kind: 'account'; readonly account: Account; readonly by: 'digest' | 'address' | 'cache' }
  | { readonly kind: 'guest' };

/** The identity that the callee is shown. */
export interface CallerId {
  readonly displayName: string;
  readonly user: string;
  readonly anonymous: boolean;
  /** The number or name that was proven, for SIP servers that are trusted with it; '' for none. */
  readonly asserted: string;
}

/** An admitted call: everything that its legs need, decided before the first of them is made. */
export interface CallPlan {
  readonly callId: string;
  readonly caller: Caller;
  readonly callerId: CallerId;
  readonly dialledNumber: string;
  readonly canonicalNumber: string;
  readonly numberClass: string;
  readonly destinations: readonly Destination[];
  readonly dialRule: string;
  /** Longest connected time in seconds; 0 for none but the settings'. */
  readonly maxDurationS: number;
  readonly payer: Payer | undefined;
  readonly price: PriceRow;
  readonly lease: LineLease | undefined;
}

/** The account that calls; undefined for a guest. */
export function callingAccount({ caller }: CallPlan): Account | undefined {
  return caller.kind === 'account' ? caller.account : undefined;
}

/** The call as money sees it. */
export function pricedCall(plan: CallPlan, sourceAddress: string): PricedCall {
  const { callId, payer, canonicalNumber, numberClass, price, callerId } = plan;
  return { callId, payer, canonicalNumber, numberClass, price, callerNumber: callerId.user, sourceAddress };
}

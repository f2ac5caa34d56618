import type { Account, Trunk } from '../../accounts/model.ts';
import type { PriceRow } from '../../billing/rating/price.ts';
import type { CalledNumber } from '../../numbering/called-number.ts';
import type { Binding } from '../../registrar/binding.ts';

/** One place that a call may be tried at: all devices of a user together, or one SIP server. */
export type Destination =
  | { readonly kind: 'devices'; readonly account: Account; readonly bindings: readonly Binding[] }
  | {
      readonly kind: 'trunk';
      readonly account: Account;
      readonly trunk: Trunk;
      readonly sentNumber: string;
      /** What `sentNumber` means to this SIP server. */
      readonly number: CalledNumber;
      /** What a call over it costs us; undefined where no cost is set. */
      readonly cost: PriceRow | undefined;
    };

/** How the CDR names a destination. */
export function destinationName(destination: Destination): string {
  return destination.kind === 'devices' ? `user:${destination.account.name}` : `trunk:${destination.account.name}`;
}

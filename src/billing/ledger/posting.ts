/** Why money moved. Nothing else moves it. */
export const postingKinds = ['top-up', 'charge', 'adjustment', 'refund', 'transfer', 'chargeback'] as const;
export type PostingKind = (typeof postingKinds)[number];

/**
 * One movement of money on one account; never changed and never removed. The balance of an account is the sum of its
 * postings, in millionths of the currency unit.
 */
export interface Posting {
  /** From whoever asks for it: the same id twice is one posting, and the same id with another amount an error. */
  readonly id: string;
  readonly accountId: number;
  readonly kind: PostingKind;
  /** What the balance changes by: a charge is negative, a top-up positive. Never 0. */
  readonly amountMicros: bigint;
  readonly currency: string;
  /** For a person: what was bought, which payment came, why it was put right. */
  readonly cause: string;
  /** Who made it: `call`, `command line`, `import`, the name of an administrator. */
  readonly actor: string;
  readonly atMs: number;
  /** The day for which it counts, as `2026-11-21`: of a charge the day on which its increments began. */
  readonly day: string;
  /** The call that is charged; empty for everything else. */
  readonly callId: string;
  /** False for money that the bank may still take back: it lies apart, and buys less. */
  readonly cleared: boolean;
  /** The id of the posting that this one takes back; empty for none. */
  readonly reverses: string;
}

/** What a call costs one payer on one day. A call across midnight has one for each day. */
export interface Charge {
  readonly callId: string;
  readonly accountId: number;
  /** The price, positive. */
  readonly costMicros: bigint;
  readonly day: string;
  readonly currency: string;
  readonly cause: string;
  readonly atMs: number;
  /** Which one it is of the charges that came after the call was charged: 1, 2 ...; absent for the first charge. */
  readonly late?: number;
}

/** The posting of a charge; its id comes from call, payer and day, so that the same charge is never posted twice. */
export function chargePosting(charge: Charge): Posting {
  const { callId, accountId, costMicros, day, currency, cause, atMs, late } = charge;
  const id = `call/${callId}/${accountId}/${day}${late === undefined ? '' : `/late/${late}`}`;
  return {
    ...{ id, accountId, kind: 'charge', amountMicros: -costMicros, currency },
    ...{ cause, actor: 'call', atMs, day, callId, cleared: true, reverses: '' },
  };
}

/** Whether two postings move the same money: the second is then a repetition of the first. */
export function movesTheSame(one: Posting, other: Posting): boolean {
  return (
    one.accountId === other.accountId &&
    one.kind === other.kind &&
    one.amountMicros === other.amountMicros &&
    one.currency === other.currency &&
    one.cleared === other.cleared
  );
}

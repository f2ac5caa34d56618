import { fail, ok, type Result } from '../../base/result/result.ts';
import type { Posting } from './posting.ts';

interface Asked {
  /** From whoever asks; a repetition with the same id changes nothing. */
  readonly id: string;
  readonly accountId: number;
  /** Positive, but for an adjustment. */
  readonly amountMicros: bigint;
  readonly cause: string;
  readonly actor: string;
}

/** A movement of money that a person asks for. Charges come from calls alone. */
export type PostingRequest =
  | (Asked & { readonly kind: 'top-up'; readonly cleared: boolean })
  /** `isPostpaid`: its balance may go below zero. */
  | (Asked & { readonly kind: 'adjustment'; readonly isPostpaid: boolean })
  /** Money back for a charge; what was spent on the day stays spent. */
  | (Asked & { readonly kind: 'refund' })
  | (Asked & { readonly kind: 'transfer'; readonly toAccountId: number })
  /** The bank took a payment back. `reverses` names the top-up, or is empty. */
  | (Asked & { readonly kind: 'chargeback'; readonly reverses: string });

/** Ids of our own making; nobody else's may look like them. */
const ownIds = /^(?:call|opening|cleared)\//;

/** What is wrong with a request by itself, as a sentence. */
export function requestFault(request: PostingRequest): string | undefined {
  const { id, kind, amountMicros, cause } = request;
  if (!/^[^\p{Cc}\p{Cs}]{1,100}$/u.test(id))
    return 'id must have 1 to 100 characters, none of them a control character';
  if (ownIds.test(id) || id.endsWith('#to'))
    return `id ${JSON.stringify(id)} looks like one of the server's own; choose another`;
  if (!/^[^\p{Cc}\p{Cs}]{0,200}$/u.test(cause))
    return 'cause must have at most 200 characters, none of them a control character';
  if (amountMicros === 0n) return 'amount must not be 0';
  if (kind !== 'adjustment' && amountMicros < 0n)
    return `amount of a ${kind} must be above 0; the kind says which way it goes`;
  if (kind === 'transfer' && request.accountId === request.toAccountId) return 'a transfer is between two accounts';
  return undefined;
}

/** What the postings of a request share. */
export type Common = Pick<Posting, 'currency' | 'atMs' | 'day'>;

/** The postings of a request, the one with its id first. `reversed` is the top-up that a chargeback names. */
export function postingsOf(request: PostingRequest, common: Common, reversed: Posting | undefined): readonly Posting[] {
  const { id, accountId, kind, amountMicros, cause, actor } = request;
  const base: Posting = {
    ...{ ...common, id, accountId, kind, amountMicros, cause, actor },
    ...{ callId: '', cleared: true, reverses: '' },
  };
  switch (request.kind) {
    case 'top-up':
      return [{ ...base, cleared: request.cleared }];
    case 'adjustment':
    case 'refund':
      return [base];
    case 'transfer':
      return [
        { ...base, amountMicros: -amountMicros },
        { ...base, id: `${id}#to`, accountId: request.toAccountId },
      ];
    case 'chargeback': {
      const { reverses } = request;
      return [{ ...base, amountMicros: -amountMicros, reverses, cleared: reversed?.cleared ?? true }];
    }
  }
}

/**
 * The two postings by which an uncleared top-up becomes cleared: the same money leaves one side of the balance for the
 * other. `goneMicros` is what was taken back of it before.
 */
export function clearance(
  topUp: Posting,
  goneMicros: bigint,
  given: Common & Pick<Posting, 'actor'>,
): Result<readonly Posting[], string> {
  const left = topUp.amountMicros - goneMicros;
  if (topUp.kind !== 'top-up' || topUp.cleared) return fail(`${JSON.stringify(topUp.id)} is no uncleared top-up`);
  if (left <= 0n) return fail(`nothing is left of ${JSON.stringify(topUp.id)}: it was cleared or taken back before`);
  const { id, accountId } = topUp;
  const base = { ...given, accountId, kind: 'transfer', cause: `cleared ${id}`, callId: '', reverses: id } as const;
  return ok([
    { ...base, id: `cleared/${id}`, amountMicros: -left, cleared: false },
    { ...base, id: `cleared/${id}#to`, amountMicros: left, cleared: true, reverses: '' },
  ]);
}

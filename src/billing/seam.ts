import type { PriceRow } from './rating/price.ts';

/** Who pays for a leg that we dial, named from its first moment. */
export interface Payer {
  readonly accountId: number;
  /** Why this account pays: it called, or it owns the forward, or it transferred. */
  readonly reason: 'caller' | 'forward' | 'transfer';
}

/** What a call between two users of ours costs. */
export const freePriceRow: PriceRow = {
  tariff: 'free',
  prefix: '',
  name: '',
  currency: '',
  peakPerMinuteMicros: 0n,
  offPeakPerMinuteMicros: 0n,
  weekendPerMinuteMicros: 0n,
  connectFeeMicros: 0n,
  freeSeconds: 0,
  firstIncrementS: 1,
  nextIncrementS: 1,
  minimumChargeMicros: 0n,
  attemptFeeMicros: 0n,
  shortCallSurchargeMicros: 0n,
  shortCallS: 0,
};

/** One of the payer's lines, held until the leg's BYE is answered or 32 s have passed. */
export interface LineLease {
  /** The call's id. */
  readonly owner: string;
  /** Gives it back; a second time changes nothing. */
  release(): void;
}

/** What money must know of a call before it is admitted. */
export interface PricedCall {
  readonly callId: string;
  readonly payer: Payer | undefined;
  /** Canonical digits; what is no number costs nothing. */
  readonly canonicalNumber: string;
  readonly numberClass: string;
  /** The row by which the payer pays, fixed when the call was admitted. */
  readonly price: PriceRow;
  readonly callerNumber: string;
  readonly sourceAddress: string;
}

/** A call as money sees it from its admission to its end, and what money may do to it. */
export interface LiveCall extends PricedCall {
  /** Ends the call on both sides now. */
  cut(cause: 'credit used up' | 'limit reached'): void;
  /** The media ends by itself after so many milliseconds from now; undefined lifts it. */
  setPaidUntil(remainingMs: number | undefined): void;
  /** Its CDR names the decision that refused or ended it. */
  decidedBy(decisionId: string): void;
}

/** The leg that a destination gets: the devices of a user, or a SIP server (a carrier that costs us). */
export interface DialledLeg {
  readonly kind: 'devices' | 'trunk';
  readonly accountId: number;
  readonly sentNumber: string;
  /** What a call over this SIP server costs us, fixed when the call was admitted; undefined where no cost is set. */
  readonly cost?: PriceRow | undefined;
}

/** The turns of a call at which money is held, metered and released. Answers at once: nothing here waits for a disk. */
export interface CallLifecycle {
  /** Asked before each destination is dialled, failover included. A status refuses it as that destination's answer would. */
  beforeDial(call: LiveCall, leg: DialledLeg): { readonly status: number; readonly reason: string } | undefined;
  /** The INVITE of what `beforeDial` let pass is leaving: from here on a carrier may charge for the attempt. */
  dialled(call: LiveCall): void;
  /** The first 2xx of the paid leg has come: connected time begins. May cut the call. */
  answered(call: LiveCall, leg: DialledLeg): void;
  /** The call is over, once, whether it was answered or not: nothing more of it is paid. */
  ended(call: LiveCall): void;
}

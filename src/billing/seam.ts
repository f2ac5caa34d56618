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
  readonly accountId: number;
  readonly callId: string;
  release(): void;
}

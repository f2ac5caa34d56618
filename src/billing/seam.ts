/**
 * What every leg that we dial carries from its first moment: who pays, at which price, and which line it occupies.
 * In this version every account pays and every price row is free; the money issues give these their real bodies.
 */
export interface Payer {
  readonly accountId: number;
  /** Why this account pays: it called, or it owns the forward, or it transferred. */
  readonly reason: 'caller' | 'forward' | 'transfer';
}

/** The price that is fixed when the leg is made. Millionths of the currency unit, whole numbers. */
export interface PriceRow {
  readonly tariff: string;
  readonly prefix: string;
  readonly connectFeeMicros: bigint;
  readonly pricePerMinuteMicros: bigint;
}

export const freePriceRow: PriceRow = { tariff: 'free', prefix: '', connectFeeMicros: 0n, pricePerMinuteMicros: 0n };

/** One of the payer's lines, held until the leg's BYE is answered or 32 s have passed. */
export interface LineLease {
  readonly accountId: number;
  readonly callId: string;
  release(): void;
}

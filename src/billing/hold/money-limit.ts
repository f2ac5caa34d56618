/** One bound on what a counter may reach: posted charges, everything held, and the next increment together. */
export interface MoneyLimit {
  /** Key of the setting or account field that holds the value. */
  readonly rule: string;
  readonly mode: 'enforce' | 'observe';
  /** Whose limit it is; undefined for an address. */
  readonly accountId: number | undefined;
  readonly limitMicros: bigint;
  /** Whether it also refuses the next increment of a call that runs already; credit always does. */
  readonly cuts: boolean;
  readonly setBy: string;
  readonly setAtMs: number | undefined;
}

/** A limit that the next increment does not fit under. All amounts are millionths of the currency unit. */
export interface Exceeded {
  readonly limit: MoneyLimit;
  readonly counter: string;
  readonly postedMicros: bigint;
  readonly heldMicros: bigint;
  readonly nextMicros: bigint;
}

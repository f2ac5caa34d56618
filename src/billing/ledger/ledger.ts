import type { Balances } from './balances.ts';
import type { Periods } from './periods.ts';
import type { LedgerStore, PricingRefusal } from './ports.ts';
import type { Posting } from './posting.ts';

/** The money of every account: the sums in memory, and the postings behind them on the disk. */
export class Ledger {
  readonly balances: Balances;
  readonly periods: Periods;
  readonly #store: LedgerStore;
  /** Charges that are in the sums and not known to be on the disk. */
  readonly #unsettled = new Set<string>();

  constructor(parts: { readonly balances: Balances; readonly periods: Periods; readonly store: LedgerStore }) {
    this.balances = parts.balances;
    this.periods = parts.periods;
    this.#store = parts.store;
  }

  /** Why no priced call may begin now, whoever pays; undefined when the ledger can hold what it would cost. */
  mayPrice(): PricingRefusal | undefined {
    return this.#store.refusal();
  }

  /**
   * Charges a call: the money is gone from the sums at once, so that nothing else can spend it, and `commit` writes the
   * postings with whatever belongs to them. Charges of 0 are left out. When `commit` rejects, the charge stands and the
   * call is to be committed again: the same postings count once.
   */
  async charge(postings: readonly Posting[], commit: (postings: readonly Posting[]) => Promise<void>): Promise<void> {
    const charges = postings.filter((posting) => posting.amountMicros !== 0n);
    for (const posting of charges) {
      if (this.#unsettled.has(posting.id)) continue;
      this.#unsettled.add(posting.id);
      this.balances.apply(posting);
    }
    await commit(charges);
    for (const posting of charges) this.#unsettled.delete(posting.id);
  }

  /** Charges what comes after the CDR of its call. */
  chargeApart(postings: readonly Posting[]): Promise<void> {
    return this.charge(postings, (charges) => this.#store.post(charges));
  }
}

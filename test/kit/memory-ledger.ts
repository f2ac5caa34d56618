import type { Clock } from '../../src/base/time/clock.ts';
import { Balances, type LedgerSums } from '../../src/billing/ledger/balances.ts';
import type { Period } from '../../src/billing/ledger/calendar.ts';
import { Ledger } from '../../src/billing/ledger/ledger.ts';
import { Periods } from '../../src/billing/ledger/periods.ts';
import type { LedgerFindings, LedgerStore, PricingRefusal } from '../../src/billing/ledger/ports.ts';
import { movesTheSame, type Posting } from '../../src/billing/ledger/posting.ts';

/** Postings that a test keeps in memory, with the rule of the real store: one id, one movement of money. */
export class MemoryPostings implements LedgerStore {
  readonly postings = new Map<string, Posting>();
  readonly periods: Period[] = [];
  refused: PricingRefusal | undefined;

  post(postings: readonly Posting[]): Promise<void> {
    if (this.refused !== undefined && postings.length > 0) return Promise.reject(new Error(this.refused.message));
    for (const posting of postings) {
      const known = this.postings.get(posting.id);
      if (known !== undefined && !movesTheSame(known, posting)) {
        return Promise.reject(new Error(`the posting ${posting.id} is there already`));
      }
    }
    for (const posting of postings) if (!this.postings.has(posting.id)) this.postings.set(posting.id, posting);
    return Promise.resolve();
  }

  find(id: string): Promise<Posting | undefined> {
    return Promise.resolve(this.postings.get(id));
  }

  takenBackMicros(topUpId: string): Promise<bigint> {
    return Promise.resolve(this.#left(topUpId, ({ kind }) => kind === 'chargeback'));
  }

  reversedMicros(topUpId: string): Promise<bigint> {
    return Promise.resolve(this.#left(topUpId, () => true));
  }

  #left(topUpId: string, counts: (posting: Posting) => boolean): bigint {
    let micros = 0n;
    for (const posting of this.postings.values()) {
      if (posting.reverses === topUpId && counts(posting)) micros -= posting.amountMicros;
    }
    return micros;
  }

  check(): Promise<LedgerFindings> {
    const totalMicros = this.balances().totalMicros();
    return Promise.resolve({ postings: this.postings.size, totalMicros, findings: [], notes: [] });
  }

  putPeriod(period: Period): void {
    this.periods.push(period);
  }

  refusal(): PricingRefusal | undefined {
    return this.refused;
  }

  /** The sums as a server finds them that starts on these postings. */
  balances(): Balances {
    const balances = new Balances(noSums);
    for (const posting of this.postings.values()) balances.apply(posting);
    return balances;
  }
}

/** A ledger on postings in memory. */
export function memoryLedger(clock: Clock, store: MemoryPostings = new MemoryPostings(), timeZone = 'UTC'): Ledger {
  const { periods: stored } = store;
  const onPeriod = (period: Period): void => store.putPeriod(period);
  const periods = new Periods({ clock, timeZone, stored: [...stored], onPeriod, onStep: () => {} });
  return new Ledger({ balances: store.balances(), periods, store, currency: 'EUR', postedCurrency: undefined });
}

const noSums: LedgerSums = { balances: [], days: [], months: [] };

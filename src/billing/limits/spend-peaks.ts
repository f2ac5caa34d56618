import type { Balances } from '../ledger/balances.ts';
import { highestEarlierSpend, type SpendDay } from './dynamic-limit.ts';

/** What the store keeps of an account's spending beyond the days of the ledger. */
export interface SpendPeak {
  readonly accountId: number;
  /** [credit.maxdyndailycredit] The highest day that there ever was, blocked days left out. */
  readonly highestMicros: bigint;
  /** Days that count for nothing: the dynamic limit stopped the account, or its memory was begun anew. The newest last. */
  readonly blockedDays: readonly string[];
}

export interface SpendPeakStore {
  put(peak: SpendPeak): void;
}

/** As many as the ledger keeps days. */
const keptBlockedDays = 62;

/** What each account is used to spend, for the dynamic limit. */
export class SpendPeaks {
  readonly #balances: Balances;
  readonly #store: SpendPeakStore;
  readonly #peaks = new Map<number, SpendPeak>();

  constructor(balances: Balances, store: SpendPeakStore, known: Iterable<SpendPeak>) {
    this.#balances = balances;
    this.#store = store;
    for (const peak of known) this.#peaks.set(peak.accountId, peak);
  }

  /** The days that the ledger knows, today's too. */
  daysOf(accountId: number): readonly SpendDay[] {
    const blocked = new Set(this.#of(accountId).blockedDays);
    return [...this.#balances.daysOf(accountId)].map(([day, spentMicros]) => {
      return { day, spentMicros, wasBlocked: blocked.has(day) };
    });
  }

  /** The highest day before `today`; what is new about it is stored, for the ledger forgets days. */
  highestMicros(accountId: number, today: string): bigint {
    const known = this.#of(accountId);
    const recent = highestEarlierSpend(this.daysOf(accountId), today);
    if (recent <= known.highestMicros) return known.highestMicros;
    this.#put({ ...known, highestMicros: recent });
    return recent;
  }

  /** The dynamic limit has stopped the account today: the day does not count as usual. */
  blocked(accountId: number, day: string): void {
    const known = this.#of(accountId);
    if (known.blockedDays.includes(day)) return;
    this.#put({ ...known, blockedDays: [...known.blockedDays, day].slice(-keptBlockedDays) });
  }

  /** An administrator starts the memory anew: no day up to today counts as usual. */
  reset(accountId: number, today: string): void {
    const days = new Set([...this.#balances.daysOf(accountId).keys(), today]);
    this.#put({ accountId, highestMicros: 0n, blockedDays: [...days].toSorted().slice(-keptBlockedDays) });
  }

  #of(accountId: number): SpendPeak {
    return this.#peaks.get(accountId) ?? { accountId, highestMicros: 0n, blockedDays: [] };
  }

  #put(peak: SpendPeak): void {
    this.#peaks.set(peak.accountId, peak);
    this.#store.put(peak);
  }
}

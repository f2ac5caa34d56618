import { monthOf } from './calendar.ts';
import type { Posting } from './posting.ts';

/** What the store keeps as sums of the postings, read at start. Amounts in millionths. */
export interface LedgerSums {
  readonly balances: readonly {
    readonly accountId: number;
    readonly postedMicros: bigint;
    readonly unclearedMicros: bigint;
  }[];
  readonly days: readonly { readonly accountId: number; readonly day: string; readonly chargedMicros: bigint }[];
  readonly months: readonly { readonly accountId: number; readonly month: string; readonly chargedMicros: bigint }[];
}

/** The money of one account. */
export interface Balance {
  /** Sum of all postings. */
  readonly postedMicros: bigint;
  /** Top-ups that the bank may still take back, part of `postedMicros`. */
  readonly unclearedMicros: bigint;
  /** What is left without them; below 0 while uncleared money is being spent. */
  readonly clearedMicros: bigint;
}

interface AccountMoney {
  postedMicros: bigint;
  unclearedMicros: bigint;
  readonly days: Map<string, bigint>;
  readonly months: Map<string, bigint>;
}

const keptDays = 62;

/**
 * Balances and charges by day and month of every account, in memory, so that a limit is asked for without waiting. The
 * ledger is the only one that changes them.
 */
export class Balances {
  readonly #accounts = new Map<number, AccountMoney>();
  #changes = 0;

  /** How often a sum was changed: a check that others overtook compares nothing with memory. */
  get changes(): number {
    return this.#changes;
  }

  constructor(sums: LedgerSums) {
    this.reload(sums);
  }

  /** Begins anew with what the store has. */
  reload(sums: LedgerSums): void {
    this.#changes++;
    this.#accounts.clear();
    for (const { accountId, postedMicros, unclearedMicros } of sums.balances) {
      const money = this.#of(accountId);
      money.postedMicros = postedMicros;
      money.unclearedMicros = unclearedMicros;
    }
    for (const { accountId, day, chargedMicros } of sums.days) this.#of(accountId).days.set(day, chargedMicros);
    for (const { accountId, month, chargedMicros } of sums.months) this.#of(accountId).months.set(month, chargedMicros);
  }

  /** Accounts that money was ever posted on. */
  accountIds(): Iterable<number> {
    return this.#accounts.keys();
  }

  /** Sum of all balances. */
  totalMicros(): bigint {
    let micros = 0n;
    for (const { postedMicros } of this.#accounts.values()) micros += postedMicros;
    return micros;
  }

  of(accountId: number): Balance {
    const { postedMicros = 0n, unclearedMicros = 0n } = this.#accounts.get(accountId) ?? {};
    return { postedMicros, unclearedMicros, clearedMicros: postedMicros - unclearedMicros };
  }

  postedMicros(accountId: number): bigint {
    return this.#accounts.get(accountId)?.postedMicros ?? 0n;
  }

  /**
   * What a call of the account may spend, before holds: cleared money, and for a domestic call as much of the uncleared
   * as the cap allows. Negative when more than that is spent already.
   */
  spendableMicros(
    accountId: number,
    call: { readonly domestic: boolean; readonly unclearedCapMicros: bigint },
  ): bigint {
    const { clearedMicros, unclearedMicros } = this.of(accountId);
    if (!call.domestic || unclearedMicros <= 0n) return clearedMicros;
    const { unclearedCapMicros } = call;
    return clearedMicros + (unclearedMicros < unclearedCapMicros ? unclearedMicros : unclearedCapMicros);
  }

  /** Charges that belong to the day, positive. */
  chargedOnDay(accountId: number, day: string): bigint {
    return this.#accounts.get(accountId)?.days.get(day) ?? 0n;
  }

  /** Charges that belong to the month (`2026-11`), positive. */
  chargedInMonth(accountId: number, month: string): bigint {
    return this.#accounts.get(accountId)?.months.get(month) ?? 0n;
  }

  /** Charges of the last 62 days by day, of days that had any. */
  daysOf(accountId: number): ReadonlyMap<string, bigint> {
    return this.#accounts.get(accountId)?.days ?? new Map<string, bigint>();
  }

  /** Charges by month, of months that had any. */
  monthsOf(accountId: number): ReadonlyMap<string, bigint> {
    return this.#accounts.get(accountId)?.months ?? new Map<string, bigint>();
  }

  /** Adds a posting to the sums; with `sign` -1 takes it out again. */
  apply(posting: Posting, sign: 1n | -1n = 1n): void {
    this.#changes++;
    const money = this.#of(posting.accountId);
    const amount = posting.amountMicros * sign;
    money.postedMicros += amount;
    if (!posting.cleared) money.unclearedMicros += amount;
    if (posting.kind !== 'charge') return;
    const { day } = posting;
    money.days.set(day, (money.days.get(day) ?? 0n) - amount);
    const month = monthOf(day);
    money.months.set(month, (money.months.get(month) ?? 0n) - amount);
    if (money.days.size > keptDays) forgetOldest(money.days);
  }

  #of(accountId: number): AccountMoney {
    let money = this.#accounts.get(accountId);
    if (money === undefined) {
      money = { postedMicros: 0n, unclearedMicros: 0n, days: new Map(), months: new Map() };
      this.#accounts.set(accountId, money);
    }
    return money;
  }
}

function forgetOldest(days: Map<string, bigint>): void {
  let oldest: string | undefined;
  for (const day of days.keys()) if (oldest === undefined || day < oldest) oldest = day;
  if (oldest !== undefined) days.delete(oldest);
}

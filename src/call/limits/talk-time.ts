/** A call that talks, and is counted in the periods in which it began. */
export interface Talk {
  readonly accountId: number;
  readonly callId: string;
  /** The day in which the call began, as `2026-11-21`; its first seven characters are the month. */
  readonly day: string;
  /** On the monotonic clock. */
  readonly sinceMs: number;
}

interface Account {
  /** Finished talk by day and by month. */
  readonly doneMs: Map<string, number>;
  readonly running: Set<Talk>;
}

/** Talk time of each account by calendar day and month [limits.maxslperday, limits.maxslpermonth]. */
export class TalkTime {
  readonly #accounts = new Map<number, Account>();

  /** Finished talk of earlier calls, as the CDRs have it. */
  remember(accountId: number, day: string, talkMs: number): void {
    const account = this.#account(accountId);
    add(account.doneMs, day, talkMs);
    add(account.doneMs, monthOf(day), talkMs);
  }

  begin(talk: Talk): void {
    this.#account(talk.accountId).running.add(talk);
  }

  /** The call is over; a second time changes nothing. */
  end(talk: Talk, nowMs: number): void {
    const account = this.#accounts.get(talk.accountId);
    if (account?.running.delete(talk) !== true) return;
    const talkMs = Math.max(0, nowMs - talk.sinceMs);
    add(account.doneMs, talk.day, talkMs);
    add(account.doneMs, monthOf(talk.day), talkMs);
    // Nothing but the day and its month: an account with thousands of calls is not to look at all of them for each.
    if (account.doneMs.size <= 2) return;
    const open = new Set([...account.running].flatMap(({ day }) => [day, monthOf(day)]));
    // A period is asked about while it runs or a call that began in it does: an account has few of both.
    for (const period of account.doneMs.keys()) {
      if (period < talk.day && !open.has(period) && !talk.day.startsWith(period)) account.doneMs.delete(period);
    }
  }

  /** Milliseconds in a day or month, of calls that run up to now. */
  usedMs(accountId: number, period: string, nowMs: number): number {
    const account = this.#accounts.get(accountId);
    if (account === undefined) return 0;
    let usedMs = account.doneMs.get(period) ?? 0;
    for (const talk of account.running) if (talk.day.startsWith(period)) usedMs += Math.max(0, nowMs - talk.sinceMs);
    return usedMs;
  }

  /** Calls of the account that talk now. */
  running(accountId: number): readonly Talk[] {
    return [...(this.#accounts.get(accountId)?.running ?? [])];
  }

  #account(accountId: number): Account {
    const known = this.#accounts.get(accountId);
    if (known !== undefined) return known;
    const account: Account = { doneMs: new Map(), running: new Set() };
    this.#accounts.set(accountId, account);
    return account;
  }
}

/** The month of a day, as `2026-11`. */
export function monthOf(day: string): string {
  return day.slice(0, 7);
}

function add(sums: Map<string, number>, period: string, byMs: number): void {
  sums.set(period, (sums.get(period) ?? 0) + byMs);
}

/** What is left of a period for calls that talk at once. */
export interface TimeLeft {
  readonly limitS: number;
  readonly usedMs: number;
  readonly callsNow: number;
}

/** When calls that go on together will have used up a period: in how many milliseconds from now. */
export function usedUpInMs({ limitS, usedMs, callsNow }: TimeLeft): number {
  return Math.max(0, Math.ceil((limitS * 1000 - usedMs) / Math.max(1, callsNow)));
}

import { maxAmountMicros, printAmount } from '../../base/money/money.ts';
import { fail, ok, type Result } from '../../base/result/result.ts';
import type { Balances, LedgerSums } from './balances.ts';
import type { Periods } from './periods.ts';
import type { LedgerFindings, LedgerStore, PricingRefusal } from './ports.ts';
import { movesTheSame, type Posting } from './posting.ts';
import { clearance, type PostingRequest, postingsOf, requestFault } from './posting-request.ts';

export interface LedgerParts {
  readonly balances: Balances;
  readonly periods: Periods;
  readonly store: LedgerStore;
  /** The currency of this installation. */
  readonly currency: string;
  /** The currency of the postings so far; undefined while there are none. */
  readonly postedCurrency: string | undefined;
}

/** What came of a request. */
export interface Posted {
  readonly postings: readonly Posting[];
  /** False for a repetition, which changed nothing. */
  readonly isNew: boolean;
}

/** Writes postings with whatever must hold with them, all or nothing; resolves when they are on the disk. */
export type Commit = (postings: readonly Posting[]) => Promise<void>;

/**
 * The money of every account: the sums in memory, and the postings behind them on the disk. Money leaves an account at
 * once and arrives when it is on the disk, so that nothing is spent twice and nothing before it is there.
 */
export class Ledger {
  readonly balances: Balances;
  readonly periods: Periods;
  readonly currency: string;
  readonly #store: LedgerStore;
  readonly #foreign: PricingRefusal | undefined;
  /** Charges that are in the sums and not known to be on the disk. */
  readonly #unsettled = new Set<string>();
  readonly #audits: (() => readonly string[])[] = [];
  #heldMicros: (accountId: number) => bigint = () => 0n;

  constructor(parts: LedgerParts) {
    this.balances = parts.balances;
    this.periods = parts.periods;
    this.currency = parts.currency;
    this.#store = parts.store;
    this.#foreign = foreignMoney(parts);
  }

  /** Who knows what running calls hold of an account's balance: a debit takes nothing of that. */
  watchHolds(heldMicros: (accountId: number) => bigint): void {
    this.#heldMicros = heldMicros;
  }

  /** Further things that a check asks, such as whether holds and calls agree; each answers a sentence for each fault. */
  auditAlso(audit: () => readonly string[]): void {
    this.#audits.push(audit);
  }

  /** Proves that postings, balances, journal, CDRs and holds agree. */
  async check(): Promise<LedgerFindings> {
    const { changes } = this.balances;
    const found = await this.#store.check();
    const findings = [...found.findings, ...this.#audits.flatMap((audit) => audit())];
    const isQuiet = this.balances.changes === changes && this.#unsettled.size === 0;
    if (isQuiet && this.balances.totalMicros() !== found.totalMicros) {
      const [memory, disk] = [printAmount(this.balances.totalMicros()), printAmount(found.totalMicros)];
      findings.push(`the balances in memory are ${memory} together, and on the disk ${disk}`);
    }
    return { ...found, findings };
  }

  /** Begins anew with what the store has, after a resume. */
  reload(sums: LedgerSums): void {
    this.balances.reload(sums);
  }

  /** Why no priced call may begin now, whoever pays; undefined when the ledger can hold what it would cost. */
  mayPrice(): PricingRefusal | undefined {
    return this.#foreign ?? this.#store.refusal();
  }

  /**
   * Charges a call: the money is gone from the sums at once, so that nothing else can spend it, and `commit` writes the
   * postings with whatever belongs to them. Charges of 0 are left out. When `commit` rejects, the charge stands and the
   * call is to be committed again: the same postings count once.
   */
  async charge(postings: readonly Posting[], commit: Commit): Promise<void> {
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

  /**
   * Posts what a person asks for.
   * @returns a sentence for what the rules refuse; rejects with what `commit` rejects with.
   */
  async post(request: PostingRequest, commit: Commit): Promise<Result<Posted, string>> {
    const fault = requestFault(request);
    if (fault !== undefined) return fail(fault);
    if (this.#foreign !== undefined) return fail(this.#foreign.message);
    const reversal = await this.#reversal(request);
    if (!reversal.ok) return reversal;
    const postings = postingsOf(request, this.#now(), reversal.value);
    const known = await this.#known(postings);
    if (known !== undefined) return known;
    // From here to the debit nothing waits: no call can begin to hold in between.
    const lacking = this.#lacking(request) ?? this.#tooMuch(postings);
    if (lacking !== undefined) return fail(lacking);
    await this.#settle(postings, commit);
    return ok({ postings, isNew: true });
  }

  /** Makes an uncleared top-up cleared. Again, it changes nothing. */
  async clear(topUpId: string, actor: string, commit: Commit): Promise<Result<Posted, string>> {
    const topUp = await this.#store.find(topUpId);
    if (topUp === undefined) return fail(`there is no posting ${JSON.stringify(topUpId)}`);
    const done = await this.#store.find(`cleared/${topUpId}`);
    if (done !== undefined) return ok({ postings: [done], isNew: false });
    const cleared = clearance(topUp, await this.#store.reversedMicros(topUpId), { ...this.#now(), actor });
    if (!cleared.ok) return cleared;
    await this.#settle(cleared.value, commit);
    return ok({ postings: cleared.value, isNew: true });
  }

  /** The posting of what an account begins with; the same for an account whenever it is asked for. */
  opening(accountId: number, amountMicros: bigint, actor: string): Posting {
    return {
      ...{ ...this.#now(), id: `opening/${accountId}`, accountId, kind: 'adjustment', amountMicros, actor },
      ...{ cause: 'opening balance', callId: '', cleared: true, reverses: '' },
    };
  }

  /** Postings that were committed with other changes, and are in the sums from now on. */
  committed(postings: readonly Posting[]): void {
    for (const posting of postings) this.balances.apply(posting);
  }

  /** A transfer within an account between cleared and uncleared is one step: the whole stays the same. */
  async #settle(postings: readonly Posting[], commit: Commit): Promise<void> {
    const isClearance = postings[0]?.id.startsWith('cleared/') === true;
    const leaving = postings.filter(({ amountMicros }) => amountMicros < 0n && !isClearance);
    const arriving = postings.filter((posting) => !leaving.includes(posting));
    for (const posting of leaving) this.balances.apply(posting);
    try {
      await commit(postings);
    } catch (error) {
      // The database may have them although the journal has not; where nobody can tell, what left stays away.
      const first = postings[0]?.id ?? '';
      const there = await this.#store.find(first).catch(() => 'unknown' as const);
      if (there === undefined) for (const posting of leaving) this.balances.apply(posting, -1n);
      else if (there !== 'unknown') this.committed(arriving);
      throw error;
    }
    this.committed(arriving);
  }

  #now(): Pick<Posting, 'currency' | 'atMs' | 'day'> {
    return { currency: this.currency, atMs: this.periods.nowMs(), day: this.periods.today().day };
  }

  async #known(postings: readonly Posting[]): Promise<Result<Posted, string> | undefined> {
    for (const posting of postings) {
      const known = await this.#store.find(posting.id);
      if (known === undefined) continue;
      // Which side a chargeback took it from depends on when it was; the repetition is the same all the same.
      const cleared = posting.kind === 'chargeback' ? known.cleared : posting.cleared;
      if (movesTheSame(known, { ...posting, cleared })) return ok({ postings, isNew: false });
      const amount = `${printAmount(known.amountMicros)} ${known.currency}`;
      return fail(
        `id ${JSON.stringify(posting.id)} was used for a ${known.kind} of ${amount}; a new posting wants an id of its own`,
      );
    }
    return undefined;
  }

  /** The top-up that a chargeback names, if it has that much left. */
  async #reversal(request: PostingRequest): Promise<Result<Posting | undefined, string>> {
    if (request.kind !== 'chargeback' || request.reverses === '') return ok(undefined);
    const { id, reverses, accountId, amountMicros } = request;
    const topUp = await this.#store.find(reverses);
    if (topUp?.kind !== 'top-up' || topUp.accountId !== accountId) {
      return fail(`${JSON.stringify(reverses)} is no top-up of this account; 'ringfence ledger statement' lists them`);
    }
    if ((await this.#store.find(id)) !== undefined) return ok(await this.#asItStands(topUp));
    const goneMicros = await this.#store.takenBackMicros(reverses);
    if (amountMicros > topUp.amountMicros - goneMicros) {
      const left = printAmount(topUp.amountMicros - goneMicros);
      return fail(`the top-up ${JSON.stringify(reverses)} has ${left} left that can be taken back`);
    }
    return ok(await this.#asItStands(topUp));
  }

  async #asItStands(topUp: Posting): Promise<Posting> {
    if (topUp.cleared) return topUp;
    return { ...topUp, cleared: (await this.#store.find(`cleared/${topUp.id}`)) !== undefined };
  }

  /** Why the account has not what a debit would take: what calls hold and what is not cleared stays where it is. */
  #lacking(request: PostingRequest): string | undefined {
    const { kind, accountId, amountMicros } = request;
    const takes = kind === 'transfer' ? amountMicros : -amountMicros;
    if (kind === 'adjustment' ? takes <= 0n || request.isPostpaid : kind !== 'transfer') return undefined;
    const heldMicros = this.#heldMicros(accountId);
    const { clearedMicros, unclearedMicros, postedMicros } = this.balances.of(accountId);
    const freeMicros = clearedMicros - heldMicros;
    if (takes <= freeMicros) return undefined;
    const parts = [
      `balance ${printAmount(postedMicros)}`,
      ...(unclearedMicros > 0n ? [`uncleared ${printAmount(unclearedMicros)}`] : []),
      ...(heldMicros > 0n ? [`held by running calls ${printAmount(heldMicros)}`] : []),
    ];
    return `the account has ${printAmount(freeMicros)} that can be taken (${parts.join(', ')}), and ${printAmount(takes)} was asked for`;
  }

  /** Why a balance would be more, or less, than the store can keep. */
  #tooMuch(postings: readonly Posting[]): string | undefined {
    for (const { accountId, amountMicros } of postings) {
      const micros = this.balances.of(accountId).postedMicros + amountMicros;
      if (micros <= maxAmountMicros && micros >= -maxAmountMicros) continue;
      return `the balance would be ${printAmount(micros)}, and none goes beyond ${printAmount(maxAmountMicros)}`;
    }
    return undefined;
  }
}

function foreignMoney({ currency, postedCurrency = currency }: LedgerParts): PricingRefusal | undefined {
  if (postedCurrency === currency) return undefined;
  const message = `currency is ${currency}, and the ledger is in ${postedCurrency}; set currency=${postedCurrency} and start again`;
  return { reason: 'currency changed', message };
}

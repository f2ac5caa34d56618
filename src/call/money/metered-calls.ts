import type { AccountDirectory } from '../../accounts/directory.ts';
import { sourceKey } from '../../base/net/source-key.ts';
import type { Clock, Timer } from '../../base/time/clock.ts';
import type { Exceeded, MoneyLimit } from '../../billing/hold/money-limit.ts';
import type { Pool } from '../../billing/hold/pool.ts';
import type { Ledger } from '../../billing/ledger/ledger.ts';
import type { PricingRefusal } from '../../billing/ledger/ports.ts';
import type { Posting } from '../../billing/ledger/posting.ts';
import { type AccountBooks, creditCounter } from '../../billing/limits/account-books.ts';
import type { SpendPeaks } from '../../billing/limits/spend-peaks.ts';
import { Meter } from '../../billing/metering/meter.ts';
import { Schedule } from '../../billing/metering/schedule.ts';
import type { PricePeriods } from '../../billing/rating/price-periods.ts';
import type { CallPrices } from '../../billing/rating/call-prices.ts';
import { dearestPerMinuteMicros, nextIncrement, type PriceRow, priceOf } from '../../billing/rating/price.ts';
import type { CallLifecycle, DialledLeg, LiveCall, PricedCall } from '../../billing/seam.ts';
import type { CallCharges } from './call-charges.ts';
import { type CallMoney, type CarrierUse, type PayingParty, writeCallMoney } from './call-money.ts';
import { callShares } from './call-shares.ts';
import { CallsByAccount } from './calls-by-account.ts';

/** Why a call may not be made for money's sake. */
export type MoneyNo =
  | { readonly kind: 'limit'; readonly exceeded: Exceeded; readonly byCarrier: boolean; readonly wasRunning?: true }
  | { readonly kind: 'ledger'; readonly refusal: PricingRefusal };

/** What money tells the rest of the server of a call. */
export interface MoneyObserver {
  /** A call is refused, or cut. @returns the status that says so, and the id of the decision. */
  refused(call: PricedCall, no: MoneyNo): { readonly status: number; readonly decisionId: string };
  wouldRefuse(call: PricedCall, exceeded: Exceeded): void;
  runningLow(call: PricedCall, remainingMs: number, exceeded: Exceeded): void;
}

export interface MeteredCallsParts {
  readonly clock: Clock;
  readonly directory: AccountDirectory;
  readonly ledger: Ledger;
  readonly pool: Pool;
  readonly books: AccountBooks;
  readonly peaks: SpendPeaks;
  readonly charges: CallCharges;
  readonly prices: CallPrices;
  readonly observer: MoneyObserver;
  /** Number of this start among all starts on the data folder. */
  readonly epoch: number;
}

interface Metered {
  readonly call: PricedCall;
  readonly meter: Meter;
  money: CallMoney;
  /** The peak hours by which its rows were fixed: what is held is priced by the same as what is charged. */
  readonly periods: PricePeriods;
  /** Known from the first destination on. */
  live: LiveCall | undefined;
  /** The SIP server of `money` was sent an INVITE: there is an attempt that can have a fee. */
  isDialled: boolean;
  isOver: boolean;
}

/** How far an account is with one of its limits. */
export interface LimitStanding {
  readonly limit: MoneyLimit;
  /** `ever` for the credit. */
  readonly per: 'ever' | 'month' | 'day' | 'hour';
  readonly postedMicros: bigint;
  readonly heldMicros: bigint;
}

/** What a call in progress costs its payer. */
export interface ChargeSoFar {
  readonly row: PriceRow;
  /** Of the seconds that have begun. */
  readonly chargeMicros: bigint;
  /** Seconds that are held for, those that have begun among them; 0 before the answer. */
  readonly coveredS: number;
}

/** Calls that one turn of the event loop looks at after a change that concerns many: about 5 ms. */
const callsPerTurn = 100;
/** The longest that a call may ring: its first increment is held at the dearest price of that time. */
const longestRingMs = 180_000;
/** While the ledger refuses, running calls are extended for so long yet. */
const ledgerPatienceMs = 60_000;
const ledgerStopped: Exceeded = {
  limit: {
    ...{ rule: 'ledger', mode: 'enforce', cuts: true, accountId: undefined },
    ...{ limitMicros: 0n, setBy: 'the store', setAtMs: undefined },
  },
  ...{ counter: 'ledger', postedMicros: 0n, heldMicros: 0n, nextMicros: 0n },
};

/** Every call that costs somebody something, from its admission to its charge. The only writer of the pool. */
export class MeteredCalls implements CallLifecycle {
  readonly #parts: MeteredCallsParts;
  readonly #schedule: Schedule;
  readonly #calls = new Map<string, Metered>();
  readonly #byAccount = new CallsByAccount();
  /** Calls that are still to learn of a change, by call id. */
  readonly #unchecked = new Set<string>();
  #nextTurn: Timer | undefined;
  #refusingSinceMs: number | undefined;

  constructor(parts: MeteredCallsParts) {
    this.#parts = parts;
    this.#schedule = new Schedule(parts.clock);
  }

  /** Calls that hold money. */
  get size(): number {
    return this.#calls.size;
  }

  /** What calls in progress hold of an account's credit: a transfer must leave that much. */
  heldOf(accountId: number): bigint {
    return this.#parts.pool.heldOn(creditCounter(accountId));
  }

  /** What calls hold, by counter; nothing when none is in progress. */
  get heldCounters(): ReadonlyMap<string, bigint> {
    return this.#parts.pool.counters();
  }

  /**
   * Holds connect fee and first increment of a call that is about to be admitted, on everything but a SIP server, which
   * is not chosen yet. `ended`, or `forget` where no call comes of it, gives it back.
   */
  admit(call: PricedCall): MoneyNo | undefined {
    const money = this.#moneyOf(call);
    if (money.payers.length === 0) return undefined;
    const no = this.#reserve(this.#metered(call, money), money);
    if (no !== undefined) this.forget(call.callId);
    return no;
  }

  /** The call was refused by another step. */
  forget(callId: string): void {
    const metered = this.#calls.get(callId);
    if (metered === undefined || metered.live !== undefined) return;
    metered.meter.release();
    this.#remove(callId);
  }

  beforeDial(live: LiveCall, leg: DialledLeg): { readonly status: number; readonly reason: string } | undefined {
    // Help is called whatever it costs, and whoever can pay.
    if (live.numberClass === 'emergency') return undefined;
    const known = this.#calls.get(live.callId);
    if (known === undefined && leg.kind === 'devices') return undefined;
    const carrier = carrierOf(leg);
    if (known === undefined && carrier === undefined) return undefined;
    const metered = known ?? this.#metered(live, this.#moneyOf(live));
    metered.live = live;
    metered.money = { ...metered.money, carrier, tried: this.#usesOf(metered) };
    if (carrier !== undefined) this.#byAccount.add(live.callId, carrier.accountId);
    metered.isDialled = false;
    const no = this.#reserve(metered, metered.money);
    if (no === undefined) return undefined;
    metered.money = { ...metered.money, carrier: undefined };
    const { status, decisionId } = this.#parts.observer.refused(live, no);
    live.decidedBy(decisionId);
    return { status, reason: 'Limit Reached' };
  }

  dialled({ callId }: LiveCall): void {
    const metered = this.#calls.get(callId);
    if (metered !== undefined) metered.isDialled = true;
  }

  answered(live: LiveCall): void {
    const metered = this.#calls.get(live.callId);
    if (metered === undefined) return;
    const exceeded = metered.meter.connected();
    metered.money = {
      ...metered.money,
      answered: {
        startMs: metered.meter.startMs,
        monotonicMs: this.#parts.clock.monotonicMs(),
        epoch: this.#parts.epoch,
      },
    };
    if (exceeded !== undefined) this.#cut(metered, exceeded);
  }

  /** What a restart needs to charge the call, for its row; empty where it is free. */
  writtenMoney(callId: string): string {
    const metered = this.#calls.get(callId);
    return metered === undefined ? '' : writeCallMoney(metered.money);
  }

  /** Attempts so far, the one that is under way among them. */
  #usesOf({ money: { carrier, tried = [] }, isDialled }: Metered, now?: CarrierUse): readonly CarrierUse[] {
    if (carrier === undefined || !isDialled) return tried;
    return [...tried, now ?? { carrier, startMs: this.#parts.ledger.periods.nowMs(), connectedS: 0 }];
  }

  /** A SIP server has answered too late, or twice: the leg is ended, and costs us all the same. Before `charge`. */
  lateAnswer(live: LiveCall, leg: DialledLeg): void {
    const carrier = carrierOf(leg);
    const metered = this.#calls.get(live.callId);
    if (carrier === undefined || metered === undefined) return;
    metered.money = { ...metered.money, tried: [...(metered.money.tried ?? []), this.#parts.charges.lateUse(carrier)] };
  }

  /** The same after `charge`: a charge of its own, the `late`-th of the call, which `commit` writes with the CDR. */
  chargeLate(
    live: LiveCall,
    leg: DialledLeg,
    late: number,
    commit: (charges: readonly Posting[]) => Promise<void>,
  ): Promise<void> {
    const carrier = carrierOf(leg);
    if (carrier === undefined) return commit([]);
    const { charges, ledger } = this.#parts;
    const charged = charges.late(live.callId, live.canonicalNumber, carrier, late);
    const committed = ledger.charge(charged.charges, commit);
    charges.countLate(live.payer?.accountId, charged);
    return committed;
  }

  ended(live: LiveCall): void {
    const metered = this.#calls.get(live.callId);
    if (metered === undefined) return;
    metered.isOver = true;
    metered.meter.end();
  }

  /**
   * The charges of the call are out of the balances when this returns, and `commit`
   * writes them with the CDR; the promise is that of `commit`.
   */
  charge(live: LiveCall, commit: (charges: readonly Posting[]) => Promise<void>): Promise<void> {
    const metered = this.#calls.get(live.callId);
    if (metered === undefined) return commit([]);
    this.#remove(live.callId);
    const { meter, money, periods } = metered;
    const usage = meter.end();
    const { carrier } = money;
    const startMs = usage.connectedS === 0 ? this.#parts.ledger.periods.nowMs() : usage.startMs;
    const uses = this.#usesOf(
      metered,
      carrier && {
        carrier,
        startMs,
        connectedS: usage.connectedS,
      },
    );
    const charges = this.#parts.charges.of(live.callId, money, usage, uses, periods);
    const committed = this.#parts.ledger.charge(charges, commit);
    // Posted and given back in one turn: no other call sees the money twice, or not at all.
    meter.release();
    this.#parts.charges.count(money, charges, uses, periods);
    return committed;
  }

  /** The balances were read anew: sums that were made of them are made anew too. */
  balancesReloaded(): void {
    this.#parts.books.forgetSums();
    this.recheck();
  }

  /**
   * Credit, a limit, a price or an account has changed; without a number, any of them may have. A few calls learn of it
   * at once, many of them in turns, so that signalling waits for none: what they hold meanwhile was theirs before.
   */
  recheck(accountId?: number): void {
    const concerned = accountId === undefined ? this.#calls.keys() : this.#byAccount.of(accountId);
    // Whoever waits already keeps its place, and finds this change too.
    for (const callId of [...concerned].toSorted()) this.#unchecked.add(callId);
    if (this.#nextTurn === undefined) this.#recheckSome();
  }

  #recheckSome(): void {
    this.#nextTurn = undefined;
    let left = callsPerTurn;
    for (const callId of this.#unchecked) {
      if (left-- === 0) break;
      this.#unchecked.delete(callId);
      this.#calls.get(callId)?.meter.recheck();
    }
    if (this.#unchecked.size === 0) return;
    this.#nextTurn = this.#parts.clock.after(0, () => this.#recheckSome());
  }

  /** The money limits of an account as they stand now, credit first; those of a SIP server too. */
  standing(accountId: number): readonly LimitStanding[] {
    const { books, pool, ledger, directory } = this.#parts;
    const { day } = ledger.periods.today();
    const isServer = directory.accountById(accountId)?.kind === 'sipserver';
    const all = isServer ? books.carrierBooks(accountId) : books.payerBooks(accountId, { isDomestic: true });
    return all.flatMap((book) => {
      const period = book.per === 'day' ? day : book.per === 'month' ? day.slice(0, 7) : '';
      const [postedMicros, heldMicros] = [book.postedMicros(period), pool.heldOn(book.counter(period))];
      return book.limits(period).map((limit) => ({ limit, per: book.per, postedMicros, heldMicros }));
    });
  }

  /** What a call costs its payer so far; undefined for one that is free. */
  chargeSoFar(callId: string): ChargeSoFar | undefined {
    const metered = this.#calls.get(callId);
    const row = metered?.money.payers.find(({ accountId }) => accountId === metered.money.payerId)?.row;
    if (metered === undefined || row === undefined) return undefined;
    const { startMs, durationS } = metered.meter.usage();
    const chargeMicros = priceOf(row, startMs, durationS, metered.periods);
    return { row, chargeMicros, coveredS: metered.meter.coveredS };
  }

  /** An administrator begins the memory of the dynamic limit anew: no day so far counts as usual. */
  forgetSpending(accountId: number): void {
    this.#parts.peaks.reset(accountId, this.#parts.ledger.periods.today().day);
    this.#parts.books.charged(accountId);
    this.recheck(accountId);
  }

  #moneyOf(call: PricedCall): CallMoney {
    const { directory, prices, ledger } = this.#parts;
    const { canonicalNumber, callerNumber, sourceAddress, numberClass, payer, price } = call;
    const payers: PayingParty[] = [];
    const asked = { number: canonicalNumber, callerNumber, payerId: payer?.accountId };
    if (payer !== undefined && !isFree(price)) payers.push({ accountId: payer.accountId, row: price });
    // What a customer pays is its reseller's affair; a call to a user of ours costs nobody anything.
    const resellers = numberClass === 'local user' ? [] : directory.resellersAbove(payer?.accountId ?? 0);
    for (const { id: accountId } of resellers) {
      const row = prices.rowOf(accountId, { ...asked, atMs: ledger.periods.nowMs() });
      if (row !== undefined && !isFree(row)) payers.push({ accountId, row });
    }
    return {
      ...{ payers, carrier: undefined, payerId: payer?.accountId },
      ...{ canonicalNumber, sourceAddress: sourceKey(sourceAddress), isDomestic: numberClass === 'domestic' },
    };
  }

  #metered(call: PricedCall, money: CallMoney): Metered {
    const { clock, pool, ledger, observer } = this.#parts;
    const row = (money.payers[0] ?? money.carrier)?.row;
    const meter = new Meter({
      ...{ holdId: call.callId, clock, pool, schedule: this.#schedule, days: ledger.periods },
      moneyMs: () => ledger.periods.nowMs(),
      nextIncrement: (atS) => (row === undefined ? atS + 1 : nextIncrement(row, atS)),
      stopped: () => this.#stopped(),
      observer: {
        onPaid: (remainingMs) => metered.live?.setPaidUntil(remainingMs),
        onRunningLow: (remainingMs, exceeded) => observer.runningLow(call, remainingMs, exceeded),
        onCut: (exceeded) => this.#cut(metered, exceeded),
        onWouldRefuse: (exceeded) => observer.wouldRefuse(call, exceeded),
      },
    });
    const metered: Metered = {
      call,
      meter,
      money,
      periods: this.#parts.prices.periods(),
      live: undefined,
      isDialled: false,
      isOver: false,
    };
    this.#calls.set(call.callId, metered);
    for (const { accountId } of money.payers) this.#byAccount.add(call.callId, accountId);
    return metered;
  }

  #remove(callId: string): void {
    this.#calls.delete(callId);
    this.#byAccount.remove(callId);
  }

  #reserve(metered: Metered, money: CallMoney): MoneyNo | undefined {
    const refusal = this.#ledgerRefusal();
    if (refusal !== undefined) return { kind: 'ledger', refusal };
    const exceeded = metered.meter.reserve(callShares(money, this.#parts, metered.periods), longestRingMs);
    if (exceeded === undefined) return undefined;
    this.#noteBlocked(exceeded);
    // Another SIP server may cost less, or have room.
    const isOfCarrier = money.carrier !== undefined && exceeded.limit.accountId === money.carrier.accountId;
    const byCarrier = isOfCarrier || exceeded.limit.rule === 'maxnegativemargin';
    return { kind: 'limit', exceeded, byCarrier };
  }

  #ledgerRefusal(): PricingRefusal | undefined {
    const refusal = this.#parts.ledger.mayPrice();
    if (refusal === undefined) this.#refusingSinceMs = undefined;
    else this.#refusingSinceMs ??= this.#parts.clock.monotonicMs();
    return refusal;
  }

  /** A crash charges to the last heartbeat on the disk: what runs on while nothing is written is lost then. */
  #stopped(): Exceeded | undefined {
    if (this.#ledgerRefusal() === undefined || this.#refusingSinceMs === undefined) return undefined;
    const lastedMs = this.#parts.clock.monotonicMs() - this.#refusingSinceMs;
    return lastedMs < ledgerPatienceMs ? undefined : ledgerStopped;
  }

  #cut({ call, live, isOver }: Metered, exceeded: Exceeded): void {
    if (live === undefined || isOver) return;
    this.#noteBlocked(exceeded);
    const refusal = exceeded === ledgerStopped ? this.#ledgerRefusal() : undefined;
    const no: MoneyNo =
      refusal === undefined
        ? { kind: 'limit', exceeded, byCarrier: false, wasRunning: true }
        : { kind: 'ledger', refusal };
    live.decidedBy(this.#parts.observer.refused(call, no).decisionId);
    live.cut(exceeded.limit.rule === 'credit' ? 'credit used up' : 'limit reached');
  }

  /** A day on which the dynamic limit said no is not a usual one. */
  #noteBlocked({ limit }: Exceeded): void {
    if (limit.rule !== 'checkmaxdyndailycredit' || limit.accountId === undefined) return;
    this.#parts.peaks.blocked(limit.accountId, this.#parts.ledger.periods.today().day);
  }
}

/** The SIP server of a destination, where its cost is known. */
function carrierOf({ accountId, cost }: DialledLeg): PayingParty | undefined {
  return cost === undefined ? undefined : { accountId, row: cost };
}

/** A row by which no call of any length costs anything. */
function isFree(row: PriceRow): boolean {
  return row.connectFeeMicros === 0n && row.minimumChargeMicros === 0n && dearestPerMinuteMicros(row) === 0n;
}

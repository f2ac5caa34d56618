import { assert } from '../../base/result/assert.ts';
import type { Exceeded, MoneyLimit } from './money-limit.ts';

/** What one hold is to have on one counter, with what the counter's limits are judged by. */
export interface Claim {
  /** What the money is counted on: an account's credit, its day, a carrier's hour ... */
  readonly counter: string;
  readonly amountMicros: bigint;
  /** What is on the counter for good. */
  readonly postedMicros: bigint;
  readonly limits: readonly MoneyLimit[];
}

export interface HoldRequest {
  readonly holdId: string;
  /** The whole vector. What was held on a counter that is not in it is given back. */
  readonly claims: readonly Claim[];
  /** The call is connected: only limits that cut refuse it. */
  readonly isRunning: boolean;
  /** Take no more than a fair share of the room that is left: for seconds that have not begun. */
  readonly isAhead: boolean;
  /** Gives back what is held for seconds that have not begun, when that other hold needs it; absent when there is none. */
  readonly giveBackSpare?: (forHoldId: string) => void;
}

/** Granted with the limits that were only watched, or refused by the first that is enforced. */
export type HoldOutcome =
  | { readonly granted: true; readonly watched: readonly Exceeded[] }
  | { readonly granted: false; readonly exceeded: Exceeded };

/**
 * All money that calls have taken and not yet paid. A hold is one vector over every limit that its call touches; it
 * grows on all of them or on none, and is given back once. Requests name the amounts that a hold is to have, not the
 * difference, so that a repeated one changes nothing. Amounts come in blocks: an owner elsewhere is asked rarely.
 */
export interface Pool {
  hold(request: HoldRequest): HoldOutcome;
  /** Gives everything back; again, or for a hold that never was, nothing happens. */
  release(holdId: string): void;
  /** What all holds have on a counter. */
  heldOn(counter: string): bigint;
  /** The counters with something on them, for an auditor. */
  counters(): ReadonlyMap<string, bigint>;
}

interface Holding {
  readonly amounts: ReadonlyMap<string, bigint>;
  readonly giveBackSpare: ((forHoldId: string) => void) | undefined;
}

interface Counter {
  heldMicros: bigint;
  readonly holders: Set<string>;
  /** Of the holders, those that hold for seconds that have not begun. */
  readonly spare: Set<string>;
}

const noAmounts: ReadonlyMap<string, bigint> = new Map();
/** For one hold that needs it, some 250 others give back, or ten times as many turn out to have nothing: about 5 ms. */
const reclaimPatience = 2500;
const costOfGivingBack = 10;
/** Ahead of time a call takes at most this part of the room that each holder of the counter could have. */
const aheadDivisor = 2n;

/** The pool of one server: the only writer of its counters, in memory, without a clock. */
export class LocalPool implements Pool {
  readonly #holdings = new Map<string, Holding>();
  readonly #counters = new Map<string, Counter>();

  /** Holds that are not given back yet: none when no call is in progress. */
  get size(): number {
    return this.#holdings.size;
  }

  hold(request: HoldRequest): HoldOutcome {
    const patience = { left: reclaimPatience };
    for (;;) {
      const verdict = this.#judge(request);
      if (verdict.granted) {
        this.#set(request);
        return verdict;
      }
      if (request.isAhead || !this.#reclaim(verdict.exceeded, request.holdId, patience)) return verdict;
    }
  }

  release(holdId: string): void {
    const holding = this.#holdings.get(holdId);
    if (holding === undefined) return;
    for (const [counter, amountMicros] of holding.amounts) this.#change(counter, holdId, amountMicros, 0n);
    this.#holdings.delete(holdId);
  }

  heldOn(counter: string): bigint {
    return this.#counters.get(counter)?.heldMicros ?? 0n;
  }

  counters(): ReadonlyMap<string, bigint> {
    return new Map([...this.#counters].map(([name, { heldMicros }]) => [name, heldMicros]));
  }

  #judge({ holdId, claims, isRunning, isAhead }: HoldRequest): HoldOutcome {
    const before = this.#holdings.get(holdId)?.amounts ?? noAmounts;
    const watched: Exceeded[] = [];
    for (const { counter, amountMicros, postedMicros, limits } of claims) {
      const nextMicros = amountMicros - (before.get(counter) ?? 0n);
      if (nextMicros <= 0n) continue;
      const known = this.#counters.get(counter);
      const heldMicros = known?.heldMicros ?? 0n;
      for (const limit of limits) {
        if (isRunning && !limit.cuts) continue;
        const roomMicros = limit.limitMicros - postedMicros - heldMicros;
        const isWatched = limit.mode === 'observe';
        const wantedMicros =
          isAhead && !isWatched ? nextMicros * aheadDivisor * BigInt((known?.holders.size ?? 0) + 1) : nextMicros;
        if (wantedMicros <= roomMicros) continue;
        const exceeded = { limit, counter, postedMicros, heldMicros, nextMicros };
        if (!isWatched) return { granted: false, exceeded };
        watched.push(exceeded);
      }
    }
    return { granted: true, watched };
  }

  #set({ holdId, claims, giveBackSpare }: HoldRequest): void {
    const before = this.#holdings.get(holdId)?.amounts ?? noAmounts;
    const amounts = new Map<string, bigint>();
    for (const { counter, amountMicros } of claims) {
      if (amountMicros <= 0n) continue;
      assert(!amounts.has(counter), `a vector has one amount for each counter, not two for ${counter}`);
      amounts.set(counter, amountMicros);
    }
    for (const [counter, amountMicros] of before) {
      if (!amounts.has(counter)) this.#change(counter, holdId, amountMicros, 0n);
    }
    for (const [counter, amountMicros] of amounts) {
      this.#change(counter, holdId, before.get(counter) ?? 0n, amountMicros);
      const spare = this.#counters.get(counter)?.spare;
      if (giveBackSpare === undefined) spare?.delete(holdId);
      else spare?.add(holdId);
    }
    this.#holdings.set(holdId, { amounts, giveBackSpare });
  }

  #change(name: string, holdId: string, fromMicros: bigint, toMicros: bigint): void {
    const counter = this.#counters.get(name) ?? {
      heldMicros: 0n,
      holders: new Set<string>(),
      spare: new Set<string>(),
    };
    counter.heldMicros += toMicros - fromMicros;
    if (toMicros > 0n) counter.holders.add(holdId);
    else counter.holders.delete(holdId);
    if (toMicros === 0n) counter.spare.delete(holdId);
    if (counter.holders.size === 0) this.#counters.delete(name);
    else this.#counters.set(name, counter);
  }

  /**
   * Takes back what others hold on this counter for seconds that have not begun, so that blocks refuse nobody: from no
   * more of them than it takes, and with so much patience only that no turn of the event loop is long, however many
   * calls share a counter. Whoever gave back has nothing to spare until it is granted more.
   * @returns whether anything came back.
   */
  #reclaim(
    { counter: name, limit, postedMicros, nextMicros }: Exceeded,
    except: string,
    patience: { left: number },
  ): boolean {
    const counter = this.#counters.get(name);
    if (counter === undefined) return false;
    const wantedMicros = limit.limitMicros - postedMicros - nextMicros;
    const heldBefore = counter.heldMicros;
    for (const holdId of firstOf(counter.spare, patience.left)) {
      if (holdId === except) continue;
      const heldMicros = this.heldOn(name);
      if (heldMicros <= wantedMicros || patience.left <= 0) break;
      counter.spare.delete(holdId);
      this.#holdings.get(holdId)?.giveBackSpare?.(except);
      patience.left -= this.heldOn(name) < heldMicros ? costOfGivingBack : 1;
    }
    return this.heldOn(name) < heldBefore;
  }
}

/** A copy, because who gives back may take again. */
function firstOf(holdIds: ReadonlySet<string>, most: number): readonly string[] {
  const first: string[] = [];
  for (const holdId of holdIds) {
    if (first.length >= most) break;
    first.push(holdId);
  }
  return first;
}

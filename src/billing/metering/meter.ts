import type { Clock } from '../../base/time/clock.ts';
import type { Exceeded } from '../hold/money-limit.ts';
import type { Claim, HoldOutcome, Pool } from '../hold/pool.ts';
import { type BillingDays, claimsOf, hourAt, type Share } from '../hold/vector.ts';
import type { Appointment, Schedule } from './schedule.ts';

/** What a meter tells its call. */
export interface MeterObserver {
  /** The media may flow for so long from now, and no longer unless this is told again. */
  onPaid(remainingMs: number): void;
  /** The next increments cannot be held: unless something changes, the call is cut after `remainingMs`. */
  onRunningLow(remainingMs: number, exceeded: Exceeded): void;
  /** The last paid increment is over and the next cannot be held. */
  onCut(exceeded: Exceeded): void;
  /** A limit that is only watched would have refused; told once for each limit and call. */
  onWouldRefuse(exceeded: Exceeded): void;
}

export interface MeterParts {
  readonly holdId: string;
  readonly clock: Clock;
  readonly pool: Pool;
  readonly schedule: Schedule;
  readonly days: BillingDays;
  /** The time by which money is counted; durations are measured by the monotonic clock. */
  readonly moneyMs: () => number;
  /** The second at which the increment ends that begins at second `atS`, or in which it lies. */
  readonly nextIncrement: (atS: number) => number;
  /** Why nothing more is held for calls that run, whatever they have: the ledger could not write for too long. */
  readonly stopped?: () => Exceeded | undefined;
  readonly observer: MeterObserver;
}

/** What a call that is over has used: no second of it was not held before. */
export interface Usage {
  readonly startMs: number;
  /** Whole seconds; 0 for a call that was never connected. */
  readonly durationS: number;
  /** Seconds that the leg really lasted, which its carrier counts: the paid ones and what came after them. */
  readonly connectedS: number;
}

/** Paid ahead while there is plenty; less as the pool runs low, down to one increment. */
const blockS = 60;
/** A call whose paid time is nearer to its end than this asks for more. */
const lookAheadMs = 30_000;
/** The last try before the end of the paid time, early enough for the media plane to hear of it. */
const lastTryMs = 500;

/**
 * Counts the increments of one leg in memory: holds them before they begin, says until when the media is paid for, and
 * ends the call when the next increment cannot be had. Measures by the monotonic clock from the answer on.
 */
export class Meter {
  readonly #parts: MeterParts;
  #shares: readonly Share[] = [];
  #answeredMs: number | undefined;
  #startMs = 0;
  #coveredS = 0;
  /** How much the last block took, to begin the next search there. */
  #aheadS = blockS;
  #step: Appointment | undefined;
  #hasWarned = false;
  #isOver = false;
  #used: Usage | undefined;
  readonly #watched = new Set<string>();

  constructor(parts: MeterParts) {
    this.#parts = parts;
  }

  /**
   * Holds the connect fee and the first increment, before the leg is dialled; for another attempt again, with the
   * shares of that attempt. A leg that may ring over the edge of a price period holds the dearer of both, and over the
   * edge of a day or hour it holds on both: whichever it is answered in has room for it.
   * @returns the limit that refuses it; what was held before is then still held.
   */
  reserve(shares: readonly Share[], ringMs: number): Exceeded | undefined {
    const { moneyMs } = this.#parts;
    this.#shares = shares;
    const dearest = shares.map((share) => dearerOf(share, ringMs));
    const outcome = this.#hold(dearest, moneyMs(), this.#parts.nextIncrement(0), { ringMs });
    return outcome.granted ? undefined : outcome.exceeded;
  }

  /**
   * The paid leg has sent its first 2xx. From here on the price row holds for the start that the call really has.
   * @returns the limit that refuses the first increment, where it became dearer while it rang.
   */
  connected(): Exceeded | undefined {
    this.#answeredMs = this.#parts.clock.monotonicMs();
    this.#startMs = this.#parts.moneyMs();
    const firstS = this.#parts.nextIncrement(0);
    const outcome = this.#hold(this.#shares, this.#startMs, firstS, { isRunning: true });
    if (!outcome.granted) return outcome.exceeded;
    this.#coveredS = firstS;
    this.#extend();
    return undefined;
  }

  /** Credit, a limit or an account has changed: what has not begun is held anew, as far as it now can be. */
  recheck(): void {
    if (this.#answeredMs === undefined || this.#isOver) return;
    // What is paid stays paid while nothing more can be.
    if (this.#parts.stopped?.() !== undefined) return;
    this.#keepOnly(this.#begunS());
    this.#aheadS = blockS;
    this.#extend();
  }

  /** Seconds that are held; what was not is never charged. */
  get coveredS(): number {
    return this.#coveredS;
  }

  get startMs(): number {
    return this.#startMs;
  }

  /**
   * The leg is over. Holds exactly what it cost from now on, until `release`.
   * @returns what it has used: the connected time, and never more than was paid.
   */
  end(): Usage {
    const usage = this.usage();
    if (this.#isOver) return this.#used ?? usage;
    this.#used = usage;
    this.#isOver = true;
    this.#step?.cancel();
    if (usage.durationS === 0) this.release();
    else this.#hold(this.#shares, usage.startMs, usage.durationS, { isRunning: true });
    return usage;
  }

  /** What the leg has used so far. */
  usage(): Usage {
    const connectedS = this.#begunS();
    return { startMs: this.#startMs, durationS: Math.min(connectedS, this.#coveredS), connectedS };
  }

  /** Gives back what is still held; again, nothing happens. */
  release(): void {
    this.#isOver = true;
    this.#step?.cancel();
    this.#parts.pool.release(this.#parts.holdId);
  }

  /** Seconds that have begun: milliseconds round up, and the answer itself begins the first. */
  #begunS(): number {
    if (this.#answeredMs === undefined) return 0;
    return Math.max(1, Math.ceil(this.#elapsedMs() / 1000));
  }

  #elapsedMs(): number {
    return this.#parts.clock.monotonicMs() - (this.#answeredMs ?? this.#parts.clock.monotonicMs());
  }

  #remainingMs(): number {
    return this.#coveredS * 1000 - this.#elapsedMs();
  }

  /** Takes the next block, or what part of it can be had; then says how long the call is paid, or that it is over. */
  #extend(): void {
    const coveredBeforeS = this.#coveredS;
    const exceeded = this.#takeAhead();
    const remainingMs = this.#remainingMs();
    const { observer } = this.#parts;
    if (exceeded !== undefined && remainingMs <= 0) {
      this.#step?.cancel();
      return observer.onCut(exceeded);
    }
    observer.onPaid(remainingMs);
    if (exceeded === undefined) this.#hasWarned = false;
    else if (!this.#hasWarned && remainingMs <= lookAheadMs) {
      this.#hasWarned = true;
      observer.onRunningLow(remainingMs, exceeded);
    }
    this.#planStep(remainingMs, this.#coveredS > coveredBeforeS);
  }

  /** Looks again in time; one that got nothing waits for the end of what it has, when others may have ended. */
  #planStep(remainingMs: number, hasGrown: boolean): void {
    const { schedule, clock, holdId } = this.#parts;
    this.#step?.cancel();
    const earlyMs = remainingMs > lookAheadMs ? lookAheadMs : hasGrown && remainingMs > lastTryMs ? lastTryMs : 0;
    this.#step = schedule.at(clock.monotonicMs() + remainingMs - earlyMs, holdId, () => this.#extend());
  }

  /**
   * Covers a block from now on, else half of it and so on, at last one increment. @returns the limit under which a
   * whole block does not fit; what was taken then is a part, or nothing.
   */
  #takeAhead(): Exceeded | undefined {
    const stopped = this.#parts.stopped?.();
    if (stopped !== undefined) return stopped;
    const begunS = this.#begunS();
    let short: Exceeded | undefined;
    for (let aheadS = Math.min(blockS, this.#aheadS * 2); aheadS >= 1; aheadS >>= 1) {
      const untilS = this.#parts.nextIncrement(begunS + aheadS - 1);
      if (untilS <= this.#coveredS) break;
      const outcome = this.#cover(untilS, true);
      this.#aheadS = aheadS;
      if (outcome.granted) return aheadS === blockS || !isShort(short) ? undefined : short;
      short ??= outcome.exceeded;
    }
    if (this.#coveredS - begunS >= lookAheadMs / 1000) return undefined;
    const outcome = this.#cover(this.#parts.nextIncrement(this.#coveredS), false);
    return outcome.granted ? short : outcome.exceeded;
  }

  #cover(untilS: number, isAhead: boolean): HoldOutcome {
    const outcome = this.#hold(this.#shares, this.#startMs, untilS, { isRunning: true, isAhead });
    if (outcome.granted) this.#coveredS = untilS;
    return outcome;
  }

  /**
   * Another call needs what this one holds for later. An increment that begins in this millisecond is kept from calls
   * with a higher id, and left to those with a lower one.
   */
  #giveBackSpare(forHoldId: string): void {
    const elapsedS = this.#elapsedMs() / 1000;
    this.#keepOnly(this.#parts.holdId < forHoldId ? Math.floor(elapsedS) + 1 : this.#begunS());
  }

  /** Keeps what is held up to the end of the increment of that second. */
  #keepOnly(begunS: number): void {
    const untilS = this.#parts.nextIncrement(begunS - 1);
    if (untilS >= this.#coveredS) return;
    this.#cover(untilS, false);
    this.#aheadS = 1;
    const remainingMs = this.#remainingMs();
    this.#parts.observer.onPaid(remainingMs);
    this.#planStep(remainingMs, true);
  }

  #hold(
    shares: readonly Share[],
    startMs: number,
    untilS: number,
    { isRunning = false, isAhead = false, ringMs = 0 },
  ): HoldOutcome {
    const { holdId, pool, nextIncrement, observer } = this.#parts;
    const hasSpare = isRunning && !this.#isOver && untilS > nextIncrement(this.#begunS() - 1);
    const outcome = pool.hold({
      ...{ holdId, claims: this.#claimsOfRinging(shares, startMs, untilS, ringMs), isRunning, isAhead },
      ...(hasSpare ? { giveBackSpare: (forHoldId: string) => this.#giveBackSpare(forHoldId) } : {}),
    });
    if (!outcome.granted) return outcome;
    for (const exceeded of outcome.watched) {
      if (this.#watched.has(exceeded.limit.rule)) continue;
      this.#watched.add(exceeded.limit.rule);
      observer.onWouldRefuse(exceeded);
    }
    return outcome;
  }

  /** The claims of a leg that is answered now, and where they are more, those of one that has rung so long. */
  #claimsOfRinging(shares: readonly Share[], startMs: number, untilS: number, ringMs: number): readonly Claim[] {
    const { days } = this.#parts;
    const now = claimsOf(shares, days, startMs, untilS);
    const answerMs = startMs + ringMs;
    if (ringMs === 0) return now;
    if (hourAt(startMs).endMs > answerMs && days.dayAround(startMs).endsAtMs > answerMs) return now;
    const claims = new Map(now.map((claim) => [claim.counter, claim]));
    for (const later of claimsOf(shares, days, answerMs, untilS)) {
      if (later.amountMicros > (claims.get(later.counter)?.amountMicros ?? 0n)) claims.set(later.counter, later);
    }
    return [...claims.values()];
  }
}

/** Whether the amount itself does not fit, and not only the fair part of the room. */
function isShort(exceeded: Exceeded | undefined): boolean {
  if (exceeded === undefined) return false;
  const { limit, postedMicros, heldMicros, nextMicros } = exceeded;
  return postedMicros + heldMicros + nextMicros > limit.limitMicros;
}

/** A share whose price is the dearer of that of now and that of the end of the longest ringing. */
function dearerOf({ price, books }: Share, ringMs: number): Share {
  return {
    price: (startMs, durationS) => {
      const now = price(startMs, durationS);
      const later = price(startMs + ringMs, durationS);
      return later > now ? later : now;
    },
    books,
  };
}

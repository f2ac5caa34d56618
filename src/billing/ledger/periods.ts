import type { Clock } from '../../base/time/clock.ts';
import { Calendar, type Period } from './calendar.ts';

/** Days that are kept in memory: as many as the dynamic limit looks back on, and more. */
const keptDays = 62;
/** A wall clock that differs by more than this from the time that has passed was set, and did not run. */
const stepMs = 2000;

export interface PeriodParts {
  readonly clock: Clock;
  readonly timeZone: string;
  /** The days that were begun before, in their order. */
  readonly stored: readonly Period[];
  /** A day was given its bounds; they are to be stored and stand for ever. */
  readonly onPeriod: (period: Period) => void;
  /** The wall clock was set by so much: no day ends before it would have. */
  readonly onStep: (byMs: number) => void;
}

/**
 * The billing days of the server. A day that has begun keeps its bounds, and one that is over is never opened again:
 * not by a change of zone, and not by a clock that is set back. A clock that is set forward ends no day early.
 */
export class Periods {
  readonly #clock: Clock;
  readonly #calendar: Calendar;
  readonly #onPeriod: (period: Period) => void;
  readonly #onStep: (byMs: number) => void;
  readonly #periods: Period[];
  #anchorWallMs: number;
  #anchorMonotonicMs: number;
  #latestMs: number;
  #stepped = false;
  #steppedDay = '';
  #drawnAhead: { readonly from: Period; readonly tomorrow: Period } | undefined;

  constructor(parts: PeriodParts) {
    this.#clock = parts.clock;
    this.#calendar = new Calendar(parts.timeZone);
    this.#onPeriod = parts.onPeriod;
    this.#onStep = parts.onStep;
    this.#periods = parts.stored.slice(-keptDays);
    this.#anchorWallMs = parts.clock.wallMs();
    this.#anchorMonotonicMs = parts.clock.monotonicMs();
    // What was stored has begun, even where the clock of this start says otherwise.
    this.#latestMs = Math.max(this.#anchorWallMs, this.#periods.at(-1)?.startsAtMs ?? 0);
  }

  /** Whether the wall clock was set, and the days go on by the time that has passed. */
  get frozen(): boolean {
    return this.#stepped;
  }

  /** The time by which money is counted: the wall clock, but never earlier than before and never ahead by a step. */
  nowMs(): number {
    const wallMs = this.#clock.wallMs();
    const passedMs = this.#anchorWallMs + (this.#clock.monotonicMs() - this.#anchorMonotonicMs);
    const differenceMs = wallMs - passedMs;
    if (!this.#stepped && Math.abs(differenceMs) <= stepMs) this.#anchor(wallMs);
    else if (!this.#stepped) {
      this.#stepped = true;
      this.#steppedDay = this.#runningAt(this.#latestMs).day;
      this.#onStep(differenceMs);
    }
    this.#latestMs = Math.max(this.#latestMs, Math.min(wallMs, passedMs));
    if (this.#stepped) this.#believeAgain(wallMs);
    return this.#latestMs;
  }

  /** The day that runs. */
  today(): Period {
    return this.#runningAt(this.nowMs());
  }

  /** The day to which an increment belongs that begins at `atMs`: today, a day that was, or else tomorrow. */
  dayAt(atMs: number): string {
    return this.dayAround(atMs).day;
  }

  /** The same with the bounds of the day. */
  dayAround(atMs: number): Period {
    const today = this.today();
    return atMs < today.endsAtMs ? this.#begunAt(atMs) : this.#tomorrow(today);
  }

  #tomorrow(today: Period): Period {
    // Every call that runs towards midnight asks.
    if (this.#drawnAhead?.from !== today) {
      this.#drawnAhead = { from: today, tomorrow: this.#calendar.periodAfter(today) };
    }
    return this.#drawnAhead.tomorrow;
  }

  /** After a step, the wall clock counts again from the first day on that it shares with the time that has passed. */
  #believeAgain(wallMs: number): void {
    const today = this.#runningAt(this.#latestMs);
    if (today.day === this.#steppedDay) return;
    if (wallMs < today.startsAtMs || wallMs >= today.endsAtMs) return;
    this.#stepped = false;
    this.#anchor(wallMs);
  }

  #anchor(wallMs: number): void {
    this.#anchorWallMs = wallMs;
    this.#anchorMonotonicMs = this.#clock.monotonicMs();
  }

  /** The day at a time that is not before the newest day; it is begun where it has not been. */
  #runningAt(atMs: number): Period {
    const last = this.#periods.at(-1);
    if (last !== undefined && atMs < last.endsAtMs) return last;
    const drawn = this.#calendar.periodAround(atMs);
    const next = last === undefined ? drawn : this.#calendar.periodAfter(last);
    // Days on which no server ran are left out.
    const period = atMs < next.endsAtMs ? next : drawn;
    this.#periods.push(period);
    if (this.#periods.length > keptDays) this.#periods.shift();
    this.#onPeriod(period);
    return period;
  }

  #begunAt(atMs: number): Period {
    const found = this.#periods.findLast((period) => atMs >= period.startsAtMs) ?? this.#periods[0];
    return found ?? this.#runningAt(atMs);
  }
}

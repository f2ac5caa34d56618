/** A billing day: its name, and the UTC interval that it was given once. The end is excluded. */
export interface Period {
  /** `2026-11-21`; the month of a day is its first seven characters. */
  readonly day: string;
  readonly startsAtMs: number;
  readonly endsAtMs: number;
}

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** Calendar days of one IANA time zone. */
export class Calendar {
  readonly #format: Intl.DateTimeFormat;

  constructor(timeZone: string) {
    this.#format = new Intl.DateTimeFormat('en-CA', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' });
  }

  /** The date that a clock on the wall shows. */
  dayAt(atMs: number): string {
    return this.#format.format(atMs);
  }

  /** The first millisecond of the day: midnight, or what comes instead where the clock is set at midnight. */
  startOf(day: string): number {
    const utcMs = Date.parse(`${day}T00:00:00Z`);
    // Zones lie between UTC-12 and UTC+14, so the day begins within 15 hours of the same date in UTC.
    let before = utcMs - 15 * hourMs;
    let within = utcMs + 15 * hourMs;
    while (within - before > 1) {
      const middle = Math.floor((before + within) / 2);
      if (this.dayAt(middle) < day) before = middle;
      else within = middle;
    }
    return within;
  }

  /** The day around `atMs`, as the zone has it. */
  periodAround(atMs: number): Period {
    const day = this.dayAt(atMs);
    return { day, startsAtMs: this.startOf(day), endsAtMs: this.startOf(nextDay(day)) };
  }

  /**
   * The day after `last`. It begins where that one ends, whatever zone that was drawn in, so that no millisecond
   * belongs to two days or to none; after a change of zone it is longer or shorter than 24 hours.
   */
  periodAfter(last: Period): Period {
    let day = nextDay(last.day);
    let endsAtMs = this.startOf(nextDay(day));
    while (endsAtMs <= last.endsAtMs) {
      day = nextDay(day);
      endsAtMs = this.startOf(nextDay(day));
    }
    return { day, startsAtMs: last.endsAtMs, endsAtMs };
  }
}

/** The date after this one. */
export function nextDay(day: string): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + dayMs).toISOString().slice(0, 10);
}

/** The month of a day, as `2026-11`. */
export function monthOf(day: string): string {
  return day.slice(0, 7);
}

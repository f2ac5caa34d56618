import { assert } from '../../base/result/assert.ts';
import { fail, ok, type Result } from '../../base/result/result.ts';

export type PricePeriod = 'peak' | 'offpeak' | 'weekend';

/** Which price holds when. The end of a period is the first millisecond that is not in it. */
export interface PricePeriods {
  /** @returns the period at a UTC time, and a time until which it holds at least. */
  at(wallMs: number): { readonly period: PricePeriod; readonly untilMs: number };
}

const dayNames = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];
const spanForm = /^([a-z]{3})(?:-([a-z]{3}))?\s+(\d{2}):(\d{2})-(\d{2}):(\d{2})$/;
const maxSpans = 20;
const minutesPerDay = 24 * 60;
const minutesPerWeek = 7 * minutesPerDay;
const firstWeekendDay = 5;

/** Every offset from UTC in use is a whole number of these, and changes only at their edges. */
const slotMs = 15 * 60_000;
const maxRememberedSlots = 2_000;

/**
 * Periods by the clock of one time zone: `Mon-Fri 08:00-20:00` is peak, Saturday and Sunday are the weekend, the rest is
 * off-peak. Without any peak hours everything is peak, so that a price list of one price needs no hours.
 * @param peakHours spans divided by `;`; the end is not part of a span.
 */
export function parsePricePeriods(peakHours: string, timeZone: string): Result<PricePeriods, string> {
  const week = new Uint8Array(minutesPerWeek);
  const parts = peakHours.split(';').map((part) => part.trim().toLowerCase());
  const spans = parts.filter((part) => part !== '');
  if (spans.length === 0) return ok({ at: () => ({ period: 'peak', untilMs: Number.MAX_SAFE_INTEGER }) });
  if (spans.length > maxSpans) return fail(`has more than ${maxSpans} spans`);
  for (const span of spans) if (!markPeak(week, span)) return fail(`'${span}' is not of the form Mon-Fri 08:00-20:00`);
  return ok(new WeeklyPeriods(week, timeZone));
}

function markPeak(week: Uint8Array, span: string): boolean {
  const found = spanForm.exec(span);
  if (found === null) return false;
  const [, first = '', last = first, fromHour, fromMinute, untilHour, untilMinute] = found;
  const firstDay = dayNames.indexOf(first);
  const lastDay = dayNames.indexOf(last);
  const from = Number(fromHour) * 60 + Number(fromMinute);
  const until = Number(untilHour) * 60 + Number(untilMinute);
  if (firstDay < 0 || lastDay < 0 || Number(fromMinute) > 59 || Number(untilMinute) > 59) return false;
  if (until > minutesPerDay || from >= until) return false;
  for (let day = firstDay; ; day = (day + 1) % 7) {
    week.fill(1, day * minutesPerDay + from, day * minutesPerDay + until);
    if (day === lastDay) return true;
  }
}

class WeeklyPeriods implements PricePeriods {
  readonly #week: Uint8Array;
  readonly #format: Intl.DateTimeFormat;
  readonly #minuteOfSlot = new Map<number, number>();

  constructor(week: Uint8Array, timeZone: string) {
    this.#week = week;
    const parts = { weekday: 'short', hour: '2-digit', minute: '2-digit' } as const;
    this.#format = new Intl.DateTimeFormat('en-GB', { timeZone, hourCycle: 'h23', ...parts });
  }

  at(wallMs: number): { period: PricePeriod; untilMs: number } {
    const slot = Math.floor(wallMs / slotMs);
    const slotMinute = this.#localMinute(slot);
    let minute = Math.floor((wallMs - slot * slotMs) / 60_000);
    const period = this.#periodOf(slotMinute + minute);
    do minute += 1;
    while (minute * 60_000 < slotMs && this.#periodOf(slotMinute + minute) === period);
    return { period, untilMs: slot * slotMs + minute * 60_000 };
  }

  #periodOf(minuteOfWeek: number): PricePeriod {
    const minute = minuteOfWeek % minutesPerWeek;
    if (this.#week[minute] === 1) return 'peak';
    return minute >= firstWeekendDay * minutesPerDay ? 'weekend' : 'offpeak';
  }

  /** Minute of the local week, Monday first, at which a quarter of an hour begins. */
  #localMinute(slot: number): number {
    const known = this.#minuteOfSlot.get(slot);
    if (known !== undefined) return known;
    const fields = new Map(this.#format.formatToParts(slot * slotMs).map(({ type, value }) => [type, value]));
    const day = dayNames.indexOf((fields.get('weekday') ?? '').toLowerCase());
    assert(day >= 0, 'every time has a day of the week');
    const minute = day * minutesPerDay + Number(fields.get('hour')) * 60 + Number(fields.get('minute'));
    if (this.#minuteOfSlot.size >= maxRememberedSlots) this.#minuteOfSlot.clear();
    this.#minuteOfSlot.set(slot, minute);
    return minute;
  }
}

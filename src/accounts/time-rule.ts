import { fail, ok, type Result } from '../base/result/result.ts';

/** Times in which a dial rule may be used, in the server's time zone. */
export interface TimeRule {
  allows(atMs: number, timeZone: string): boolean;
}

interface Span {
  readonly days: ReadonlySet<number>;
  readonly fromMinute: number;
  readonly untilMinute: number;
}

const dayNames = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const;
const spanForm = /^([a-z]{3})(?:-([a-z]{3}))?\s+(\d{2}):(\d{2})-(\d{2}):(\d{2})$/;
const maxSpans = 20;

/**
 * Reads `Mon-Fri 08:00-18:00; Sat 09:00-12:00` [fraud.time-rule]. The end belongs to the span to the second: a call at
 * 18:00:00 is in, one at 18:00:01 is not. Empty text means always.
 */
export function parseTimeRule(text: string): Result<TimeRule, string> {
  const parts = text
    .split(';')
    .map((part) => part.trim().toLowerCase())
    .filter((part) => part !== '');
  if (parts.length === 0) return ok({ allows: () => true });
  if (parts.length > maxSpans) return fail(`has more than ${maxSpans} spans`);
  const spans: Span[] = [];
  for (const part of parts) {
    const span = parseSpan(part);
    if (span === undefined) return fail(`'${part}' is not of the form Mon-Fri 08:00-18:00`);
    spans.push(span);
  }
  return ok({ allows: (atMs, timeZone) => isWithin(spans, localTime(atMs, timeZone)) });
}

function parseSpan(text: string): Span | undefined {
  const found = spanForm.exec(text);
  if (found === null) return undefined;
  const [, first = '', last = first, fromHour, fromMinute, untilHour, untilMinute] = found;
  const firstDay = dayNames.indexOf(first as (typeof dayNames)[number]);
  const lastDay = dayNames.indexOf(last as (typeof dayNames)[number]);
  const from = Number(fromHour) * 60 + Number(fromMinute);
  const until = Number(untilHour) * 60 + Number(untilMinute);
  if (firstDay < 0 || lastDay < 0 || Number(fromMinute) > 59 || Number(untilMinute) > 59) return undefined;
  if (until > 24 * 60 || from >= until) return undefined;
  const days = new Set<number>();
  for (let day = firstDay; ; day = (day + 1) % 7) {
    days.add(day);
    if (day === lastDay) break;
  }
  return { days, fromMinute: from, untilMinute: until };
}

function isWithin(spans: readonly Span[], local: { readonly day: number; readonly second: number }): boolean {
  return spans.some(
    ({ days, fromMinute, untilMinute }) =>
      days.has(local.day) && local.second >= fromMinute * 60 && local.second <= untilMinute * 60,
  );
}

const formats = new Map<string, Intl.DateTimeFormat>();

function localTime(atMs: number, timeZone: string): { day: number; second: number } {
  let format = formats.get(timeZone);
  if (format === undefined) {
    const parts = { weekday: 'short', hour: '2-digit', minute: '2-digit', second: '2-digit' } as const;
    format = new Intl.DateTimeFormat('en-GB', { timeZone, hourCycle: 'h23', ...parts });
    formats.set(timeZone, format);
  }
  const fields = new Map(format.formatToParts(atMs).map(({ type, value }) => [type, value]));
  const day = dayNames.indexOf((fields.get('weekday') ?? '').toLowerCase() as (typeof dayNames)[number]);
  const number = (name: Intl.DateTimeFormatPartTypes): number => Number(fields.get(name));
  return { day, second: number('hour') * 3600 + number('minute') * 60 + number('second') };
}

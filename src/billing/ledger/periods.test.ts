import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Clock, Timer } from '../../base/time/clock.ts';
import { Calendar, nextDay, type Period } from './calendar.ts';
import { Periods } from './periods.ts';

/** A clock whose wall may be set while time passes. */
class SteppedClock implements Clock {
  #wallMs: number;
  #monotonicMs = 0;

  constructor(wallMs: number) {
    this.#wallMs = wallMs;
  }

  monotonicMs(): number {
    return this.#monotonicMs;
  }

  wallMs(): number {
    return this.#wallMs;
  }

  after(): Timer {
    throw new Error('no timers here');
  }

  pass(durationMs: number): void {
    this.#wallMs += durationMs;
    this.#monotonicMs += durationMs;
  }

  step(byMs: number): void {
    this.#wallMs += byMs;
  }
}

const hourMs = 3_600_000;
const at = (text: string): number => Date.parse(text);

interface Opened {
  readonly clock: SteppedClock;
  readonly periods: Periods;
  readonly begun: Period[];
  readonly steps: number[];
}

function open(wall: string, timeZone = 'UTC', stored: readonly Period[] = []): Opened {
  const clock = new SteppedClock(at(wall));
  const begun: Period[] = [];
  const steps: number[] = [];
  const periods = new Periods({
    clock,
    timeZone,
    stored,
    onPeriod: (period) => begun.push(period),
    onStep: (byMs) => steps.push(byMs),
  });
  return { clock, periods, begun, steps };
}

const days: readonly (readonly [zone: string, day: string, start: string, hours: number])[] = [
  ['UTC', '2026-11-21', '2026-11-21T00:00:00Z', 24],
  ['Europe/Vienna', '2026-11-21', '2026-11-20T23:00:00Z', 24],
  ['Europe/Vienna', '2026-03-29', '2026-03-28T23:00:00Z', 23],
  ['Europe/Vienna', '2026-10-25', '2026-10-24T22:00:00Z', 25],
  ['America/Santiago', '2026-09-06', '2026-09-06T04:00:00Z', 23],
  ['Pacific/Kiritimati', '2026-01-01', '2025-12-31T10:00:00Z', 24],
  ['Etc/GMT+12', '2026-01-01', '2026-01-01T12:00:00Z', 24],
  ['Asia/Kathmandu', '2026-02-28', '2026-02-27T18:15:00Z', 24],
];

test('a billing day is the calendar day of its zone, also where the clock is changed', () => {
  for (const [zone, day, start, hours] of days) {
    const { periods } = open(start, zone);
    const today = periods.today();
    assert.deepEqual([zone, today.day, today.startsAtMs], [zone, day, at(start)]);
    assert.equal((today.endsAtMs - today.startsAtMs) / hourMs, hours, `${zone} ${day}`);
  }
});

test('a millisecond before midnight belongs to the old day and midnight to the new one [credit.todaycredit]', () => {
  const { clock, periods, begun } = open('2026-11-21T22:59:59.999Z', 'Europe/Vienna');
  assert.equal(periods.today().day, '2026-11-21');
  assert.equal(periods.dayAt(clock.wallMs() + 1), '2026-11-22');
  clock.pass(1);
  assert.equal(periods.today().day, '2026-11-22');
  assert.equal(periods.dayAt(clock.wallMs() - 1), '2026-11-21');
  assert.deepEqual(
    begun.map(({ day }) => day),
    ['2026-11-21', '2026-11-22'],
  );
});

test('a day that has begun keeps its bounds when the zone is changed, and the next one fits on to it', () => {
  const [vienna] = [open('2026-11-21T12:00:00Z', 'Europe/Vienna').periods.today()];
  const { clock, periods } = open('2026-11-21T13:00:00Z', 'America/New_York', [vienna]);
  assert.deepEqual(periods.today(), vienna);
  clock.pass(10 * hourMs);
  // In New York it is still the 21st: the day that is over is not opened again.
  const next = periods.today();
  assert.deepEqual(
    [next.day, next.startsAtMs, next.endsAtMs],
    ['2026-11-22', vienna.endsAtMs, at('2026-11-23T05:00:00Z')],
  );
});

test('whatever zones follow each other, every moment belongs to exactly one day and days go up', () => {
  const zones = ['UTC', 'Europe/Vienna', 'Pacific/Kiritimati', 'Etc/GMT+12', 'America/New_York', 'Asia/Kolkata'];
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...zones), { minLength: 1, maxLength: 6 }), (order) => {
      let last = new Calendar('UTC').periodAround(at('2026-10-20T12:00:00Z'));
      for (const zone of order) {
        const next = new Calendar(zone).periodAfter(last);
        assert.equal(next.startsAtMs, last.endsAtMs);
        assert.ok(next.endsAtMs > next.startsAtMs && next.day > last.day);
        last = next;
      }
    }),
  );
});

test('a clock that is set back opens no day again, and is an event', () => {
  const { clock, periods, steps } = open('2026-11-22T00:00:10Z');
  assert.equal(periods.today().day, '2026-11-22');
  clock.step(-2 * hourMs);
  assert.equal(periods.today().day, '2026-11-22');
  assert.equal(periods.nowMs(), at('2026-11-22T00:00:10Z'));
  assert.deepEqual(steps, [-2 * hourMs]);
});

test('a clock that is set forward ends no day before its time, and counts again from the next day on', () => {
  const { clock, periods, steps } = open('2026-11-22T10:00:00Z');
  periods.today();
  clock.step(20 * hourMs);
  assert.equal(periods.today().day, '2026-11-22');
  assert.equal(periods.frozen, true);
  clock.pass(13 * hourMs);
  assert.equal(periods.today().day, '2026-11-22', '23:00 by the time that has passed');
  clock.pass(2 * hourMs);
  assert.equal(periods.today().day, '2026-11-23');
  assert.deepEqual(steps, [20 * hourMs]);
});

test('a clock that runs a little fast or slow is followed and is no event', () => {
  const { clock, periods, steps } = open('2026-11-22T00:00:00Z');
  for (let hour = 0; hour < 72; hour++) {
    clock.pass(hourMs);
    clock.step(1500);
    periods.today();
  }
  assert.deepEqual(steps, []);
  assert.equal(periods.nowMs(), clock.wallMs());
});

test('a start after days without a server begins with the day that runs then', () => {
  const [old] = [open('2026-11-01T12:00:00Z').periods.today()];
  const { periods, begun } = open('2026-11-21T12:00:00Z', 'UTC', [old]);
  assert.equal(periods.today().day, '2026-11-21');
  assert.equal(begun.length, 1);
  assert.equal(periods.dayAt(at('2026-11-01T13:00:00Z')), '2026-11-01');
  assert.equal(nextDay('2026-12-31'), '2027-01-01');
});

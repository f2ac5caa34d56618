import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { seededRandom } from '../../../test/kit/seeded-random.ts';
import { SimulatedClock } from '../../../test/kit/simulated-clock.ts';
import type { Exceeded, MoneyLimit } from '../hold/money-limit.ts';
import { LocalPool } from '../hold/pool.ts';
import type { BillingDays, Share } from '../hold/vector.ts';
import { freePriceRow } from '../seam.ts';
import { nextIncrement, type PriceRow, priceOf } from '../rating/price.ts';
import { parsePricePeriods, type PricePeriods } from '../rating/price-periods.ts';
import { Meter } from './meter.ts';
import { Schedule } from './schedule.ts';

const dayMs = 86_400_000;
const utcDays: BillingDays = {
  dayAround: (atMs) => {
    const startsAtMs = Math.floor(atMs / dayMs) * dayMs;
    return { day: new Date(startsAtMs).toISOString().slice(0, 10), startsAtMs, endsAtMs: startsAtMs + dayMs };
  },
};

function periodsOf(text: string): PricePeriods {
  const parsed = parsePricePeriods(text, 'UTC');
  if (!parsed.ok) throw new Error(parsed.error);
  return parsed.value;
}

function rowOf(perMinuteMicros: bigint, given: Partial<PriceRow> = {}): PriceRow {
  const prices = { peakPerMinuteMicros: perMinuteMicros, offPeakPerMinuteMicros: perMinuteMicros };
  return { ...freePriceRow, ...prices, weekendPerMinuteMicros: perMinuteMicros, ...given };
}

/** An account of the test: its balance, a limit for each day, and what was charged. */
class Purse {
  creditMicros: bigint;
  dayLimitMicros: bigint | undefined;
  readonly charged = new Map<string, bigint>();

  constructor(creditMicros: bigint, dayLimitMicros?: bigint) {
    this.creditMicros = creditMicros;
    this.dayLimitMicros = dayLimitMicros;
  }

  share(row: PriceRow, periods: PricePeriods): Share {
    const limit = (rule: string, limitMicros: bigint): MoneyLimit => {
      return { rule, mode: 'enforce', limitMicros, cuts: true, accountId: 1, setBy: 'test', setAtMs: undefined };
    };
    return {
      price: (startMs, durationS) => priceOf(row, startMs, durationS, periods),
      books: [
        {
          per: 'ever',
          counter: () => 'credit',
          postedMicros: () => 0n,
          limits: () => [limit('credit', this.creditMicros)],
        },
        {
          per: 'day',
          counter: (day) => `day ${day}`,
          postedMicros: (day) => this.charged.get(day) ?? 0n,
          limits: () => (this.dayLimitMicros === undefined ? [] : [limit('maxdailycredit', this.dayLimitMicros)]),
        },
      ],
    };
  }

  pay(share: Share, startMs: number, durationS: number): void {
    this.creditMicros -= share.price(startMs, durationS);
    const { day } = utcDays.dayAround(startMs);
    this.charged.set(day, (this.charged.get(day) ?? 0n) + share.price(startMs, durationS));
  }
}

interface MeteredCall {
  readonly meter: Meter;
  readonly share: Share;
  readonly events: string[];
  readonly cutAtMs: () => number | undefined;
}

class Desk {
  readonly clock = new SimulatedClock(Date.parse('2026-11-23T10:00:00Z'));
  readonly pool = new LocalPool();
  readonly schedule = new Schedule(this.clock);
  readonly purse: Purse;
  readonly periods: PricePeriods;

  constructor(purse: Purse, peakHours = '') {
    this.purse = purse;
    this.periods = periodsOf(peakHours);
  }

  /** A call that is dialled now; its refusal, or its meter. */
  call(holdId: string, row: PriceRow): MeteredCall | Exceeded {
    const events: string[] = [];
    let cutAtMs: number | undefined;
    const share = this.purse.share(row, this.periods);
    const meter: Meter = new Meter({
      ...{ holdId, clock: this.clock, pool: this.pool, schedule: this.schedule, days: utcDays },
      moneyMs: () => this.clock.wallMs(),
      nextIncrement: (atS) => nextIncrement(row, atS),
      observer: {
        onPaid: (remainingMs) => events.push(`paid ${remainingMs}`),
        onRunningLow: (remainingMs) => events.push(`low ${remainingMs}`),
        onCut: () => {
          cutAtMs = this.clock.monotonicMs();
          events.push('cut');
          this.purse.pay(share, meter.startMs, meter.end().durationS);
          meter.release();
        },
        onWouldRefuse: ({ limit }) => events.push(`would refuse ${limit.rule}`),
      },
    });
    const refused = meter.reserve([share], 120_000);
    return refused ?? { meter, share, events, cutAtMs: () => cutAtMs };
  }

  answered(holdId: string, row: PriceRow): MeteredCall {
    const call = this.call(holdId, row);
    assert.ok('meter' in call);
    assert.equal(call.meter.connected(), undefined);
    return call;
  }

  hangUp({ meter, share }: MeteredCall): number {
    const { startMs, durationS } = meter.end();
    this.purse.pay(share, startMs, durationS);
    meter.release();
    return durationS;
  }
}

describe('the meter of a call', () => {
  test('credit 1.00 at 0.10 a minute lasts 600 s to the millisecond, and nothing is left [credit.credit]', () => {
    const desk = new Desk(new Purse(1_000_000n));
    const call = desk.answered('one', rowOf(100_000n));
    desk.clock.advance(599_999);
    assert.equal(call.cutAtMs(), undefined);
    desk.clock.advance(1);
    assert.equal(call.cutAtMs(), 600_000);
    assert.deepEqual([desk.purse.creditMicros, desk.pool.size], [0n, 0]);
  });

  test('the call is told before it is cut, and the media plane always knows how long it is paid', () => {
    const desk = new Desk(new Purse(1_000_000n));
    const { events } = desk.answered('one', rowOf(100_000n));
    desk.clock.advance(600_000);
    const low = events.findIndex((event) => event.startsWith('low'));
    assert.ok(low >= 0 && low < events.indexOf('cut'), events.join(', '));
    assert.match(events[0] ?? '', /^paid \d+$/);
    assert.ok(events.length < 60, `${events.length} events`);
  });

  test('a top-up during the last increment extends the call', () => {
    const desk = new Desk(new Purse(1_000_000n));
    const call = desk.answered('one', rowOf(100_000n));
    desk.clock.advance(595_000);
    desk.purse.creditMicros += 100_000n;
    call.meter.recheck();
    desk.clock.advance(64_999);
    assert.equal(call.cutAtMs(), undefined);
    desk.clock.advance(1);
    assert.equal(call.cutAtMs(), 660_000);
  });

  test('a limit that is lowered under what is held takes back what has not begun, and cuts after what has', () => {
    const desk = new Desk(new Purse(10_000_000n, 5_000_000n));
    const call = desk.answered('one', rowOf(60_000n, { firstIncrementS: 6, nextIncrementS: 6 }));
    desk.clock.advance(61_000);
    desk.purse.dayLimitMicros = 10_000n;
    call.meter.recheck();
    desk.clock.advance(10_000);
    assert.equal(call.cutAtMs(), 66_000);
    assert.equal(desk.purse.creditMicros, 10_000_000n - 66_000n);
  });

  test('two calls that want the last increment at the same millisecond: the lower call id has it', () => {
    const row = rowOf(60_000n, { firstIncrementS: 60, nextIncrementS: 60 });
    for (const order of [
      ['a', 'b'],
      ['b', 'a'],
    ]) {
      const desk = new Desk(new Purse(180_000n));
      const calls = new Map(order.map((id) => [id, desk.answered(id, row)]));
      desk.clock.advance(120_000);
      assert.deepEqual([calls.get('a')?.cutAtMs(), calls.get('b')?.cutAtMs()], [120_000, 60_000]);
    }
  });

  test('seconds ahead that one call holds refuse no other call', () => {
    const desk = new Desk(new Purse(60_000n));
    const first = desk.answered('one', rowOf(60_000n));
    desk.clock.advance(1500);
    const second = desk.answered('two', rowOf(60_000n));
    desk.clock.advance(60_000);
    assert.ok((first.cutAtMs() ?? 0) > 25_000 && (second.cutAtMs() ?? 0) > 25_000);
    assert.equal(desk.purse.creditMicros, 0n);
  });

  test('a call over midnight counts each increment on the day in which it begins', () => {
    const desk = new Desk(new Purse(10_000_000n, 60_000n));
    desk.clock.advance(dayMs - 10 * 3_600_000 - 30_000);
    const call = desk.answered('one', rowOf(60_000n, { firstIncrementS: 12, nextIncrementS: 12 }));
    desk.clock.advance(60_000);
    // Begun before midnight: 0, 12, 24; after it: 36, 48.
    assert.deepEqual(
      [desk.pool.heldOn('day 2026-11-23'), desk.pool.heldOn('day 2026-11-24') >= 24_000n],
      [36_000n, true],
    );
    assert.equal(desk.hangUp(call), 60);
  });

  test('a call that rings over the edge of a dearer period has that price held before it is dialled', () => {
    const desk = new Desk(new Purse(15_000n), 'Mon-Sun 10:01-12:00');
    const row = { ...rowOf(60_000n), peakPerMinuteMicros: 1_200_000n };
    const call = desk.call('one', row);
    assert.ok(!('meter' in call), 'the first second costs 20000 when it is answered after 10:01');
    desk.purse.creditMicros = 20_000n;
    const held = desk.call('two', row);
    assert.ok('meter' in held);
    desk.clock.advance(61_000);
    assert.equal(held.meter.connected(), undefined);
    desk.clock.advance(1000);
    assert.deepEqual([held.cutAtMs(), desk.purse.creditMicros], [62_000, 0n]);
  });

  test('a call that rings over midnight has its first increment held on both days before it is dialled', () => {
    const desk = new Desk(new Purse(10_000_000n, 30_000n));
    desk.clock.advance(dayMs - 10 * 3_600_000 - 60_000);
    const ringing = Array.from({ length: 30 }, (_, at) => desk.call(`call ${at}`, rowOf(60_000n)));
    const dialled = ringing.filter((call) => 'meter' in call);
    assert.equal(dialled.length, 30);
    desk.purse.charged.set('2026-11-24', 29_999n);
    assert.ok(!('meter' in desk.call('late', rowOf(60_000n))), 'the new day has no room for it');
    desk.clock.advance(59_500);
    const long = desk.call('long', rowOf(60_000n, { firstIncrementS: 60 }));
    assert.ok(!('meter' in long), 'nor for one whose first increment reaches into that day');
    desk.purse.charged.clear();
    desk.clock.advance(1500);
    for (const { meter } of dialled) assert.equal(meter.connected(), undefined);
    assert.equal(desk.pool.heldOn('day 2026-11-23'), 0n);
  });

  test('of thirty calls with room for one increment, one is dialled', () => {
    const desk = new Desk(new Purse(1999n));
    const dialled = Array.from({ length: 30 }, (_, index) => desk.call(`call ${index}`, rowOf(60_000n)));
    assert.equal(dialled.filter((call) => 'meter' in call).length, 1);
  });

  test('a call that is never connected costs nothing and gives everything back', () => {
    const desk = new Desk(new Purse(1_000_000n));
    const call = desk.call('one', rowOf(60_000n, { connectFeeMicros: 5000n }));
    assert.ok('meter' in call);
    assert.equal(desk.pool.heldOn('credit'), 6000n);
    assert.equal(desk.hangUp(call), 0);
    assert.deepEqual([desk.purse.creditMicros, desk.pool.size], [1_000_000n, 0]);
  });

  test('whatever calls begin and end when, no charge passes credit or day, and what is left is too little to go on', () => {
    const call = fc.record({
      beginsMs: fc.integer({ min: 0, max: 120_000 }),
      lastsMs: fc.integer({ min: 1, max: 900_000 }),
      perMinute: fc.bigInt({ min: 1000n, max: 500_000n }),
      first: fc.constantFrom(1, 6, 30, 60),
      next: fc.constantFrom(1, 6, 60),
      fee: fc.constantFrom(0n, 5000n),
      freeSeconds: fc.constantFrom(0, 0, 5),
    });
    const calls = fc.array(call, { minLength: 1, maxLength: 8 });
    const money = fc.tuple(fc.bigInt({ min: 0n, max: 2_000_000n }), fc.bigInt({ min: 0n, max: 2_000_000n }));
    fc.assert(
      fc.property(calls, money, fc.integer(), (plans, [credit, dayLimit], seed) => {
        const purse = new Purse(credit, dayLimit);
        const desk = new Desk(purse);
        const random = seededRandom(seed);
        const running = new Map<string, MeteredCall>();
        for (const [index, { beginsMs, lastsMs, perMinute, first, next, fee, freeSeconds }] of plans.entries()) {
          const id = `call ${random.below(1000)}-${index}`;
          const row = rowOf(perMinute, {
            ...{ connectFeeMicros: fee, freeSeconds, firstIncrementS: first, nextIncrementS: next },
          });
          desk.clock.after(beginsMs, () => {
            const begun = desk.call(id, row);
            if (!('meter' in begun)) return;
            if (begun.meter.connected() !== undefined) return begun.meter.release();
            running.set(id, begun);
          });
          desk.clock.after(beginsMs + lastsMs, () => {
            const begun = running.get(id);
            if (begun !== undefined && begun.cutAtMs() === undefined) desk.hangUp(begun);
          });
        }
        desk.clock.advance(1_100_000);
        const spent = credit - purse.creditMicros;
        assert.ok(purse.creditMicros >= 0n, 'the account is below zero');
        assert.ok(spent <= dayLimit, 'the day is over its limit');
        assert.equal(
          spent,
          [...purse.charged.values()].reduce((sum, each) => sum + each, 0n),
        );
        assert.deepEqual([desk.pool.size, desk.pool.counters().size], [0, 0]);
        assert.equal(desk.clock.pendingCount, 0);
      }),
      { numRuns: 200 },
    );
  });
});

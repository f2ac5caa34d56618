import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Decimal } from 'decimal.js';
import fc from 'fast-check';
import { freePriceRow } from '../seam.ts';
import { carrierCostOf, connectedSeconds, nextIncrement, perMinuteMicros, priceOf, type PriceRow } from './price.ts';
import { parsePricePeriods, type PricePeriods } from './price-periods.ts';

const monday = Date.UTC(2026, 10, 23);
const hourMs = 3_600_000;

function periodsOf(peakHours: string, timeZone = 'UTC'): PricePeriods {
  const periods = parsePricePeriods(peakHours, timeZone);
  assert.ok(periods.ok);
  return periods.value;
}

const always = periodsOf('');
const workdays = periodsOf('Mon-Fri 08:00-20:00');

function row(given: Partial<PriceRow>, perMinute = 0n): PriceRow {
  const prices = {
    peakPerMinuteMicros: perMinute,
    offPeakPerMinuteMicros: perMinute,
    weekendPerMinuteMicros: perMinute,
  };
  return { ...freePriceRow, ...prices, ...given };
}

test('increments, connect fee, free seconds and minimum charge make the price of a call', () => {
  const table: [name: string, row: PriceRow, durationS: number, micros: bigint][] = [
    ['nothing connected', row({ connectFeeMicros: 100n }, 60_000n), 0, 0n],
    ['by the second', row({}, 60_000n), 61, 61_000n],
    ['whole minutes', row({ firstIncrementS: 60, nextIncrementS: 60 }, 50_000n), 61, 100_000n],
    ['a whole minute exactly', row({ firstIncrementS: 60, nextIncrementS: 60 }, 50_000n), 60, 50_000n],
    ['30/6, first', row({ firstIncrementS: 30, nextIncrementS: 6 }, 60_000n), 1, 30_000n],
    ['30/6, one next', row({ firstIncrementS: 30, nextIncrementS: 6 }, 60_000n), 31, 36_000n],
    ['rounded up once', row({}, 1n), 61, 2n],
    ['connect fee', row({ connectFeeMicros: 20_000n }, 60_000n), 1, 21_000n],
    ['within the free seconds', row({ freeSeconds: 10, connectFeeMicros: 5n }, 60_000n), 10, 5n],
    ['past the free seconds', row({ freeSeconds: 10 }, 60_000n), 11, 1_000n],
    ['minimum holds', row({ minimumChargeMicros: 30_000n }, 60_000n), 5, 30_000n],
    ['minimum passed', row({ minimumChargeMicros: 30_000n }, 60_000n), 31, 31_000n],
  ];
  for (const [name, priced, durationS, micros] of table) {
    assert.equal(priceOf(priced, monday, durationS, always), micros, name);
  }
});

test('a started millisecond is a second, and an answered call has at least one', () => {
  assert.deepEqual([0, 1, 1000, 1001].map(connectedSeconds), [1, 1, 1, 2]);
});

test('an increment costs the price of the period in which it begins, also where it reaches into the next', () => {
  const prices = {
    peakPerMinuteMicros: 60_000n,
    offPeakPerMinuteMicros: 30_000n,
    weekendPerMinuteMicros: 6_000n,
  };
  const minutes = { ...row({ firstIncrementS: 60, nextIncrementS: 60 }), ...prices };
  const beforePeak = monday + 8 * hourMs - 90_000;
  assert.equal(priceOf(minutes, beforePeak, 60, workdays), 30_000n);
  assert.equal(priceOf(minutes, beforePeak, 120, workdays), 60_000n, 'began 30 s before the edge');
  assert.equal(priceOf(minutes, beforePeak, 121, workdays), 120_000n);
  assert.equal(priceOf(minutes, monday + 8 * hourMs, 60, workdays), 60_000n, 'the edge itself is peak');
  assert.equal(priceOf(minutes, monday + 20 * hourMs, 60, workdays), 30_000n, 'the end is not peak');
  assert.equal(priceOf(minutes, monday - 60_000, 61, workdays), 36_000n, 'from Sunday into Monday');
});

test('the hours of prices follow the time zone through a change of its clock', () => {
  const vienna = periodsOf('Mon-Sun 02:00-03:00', 'Europe/Vienna');
  const springForward = Date.UTC(2026, 2, 29, 1);
  assert.equal(vienna.at(springForward - 1).period, 'weekend');
  assert.equal(vienna.at(springForward).period, 'weekend', 'the hour that is left out has no peak');
  const backAgain = Date.UTC(2026, 9, 25);
  assert.deepEqual(
    [0, 1, 2].map((hour) => vienna.at(backAgain + hour * hourMs).period),
    ['peak', 'peak', 'weekend'],
    'the hour that comes twice is peak twice',
  );
});

test('hours of prices that cannot be read are refused with the part that is wrong', () => {
  for (const bad of ['Mon 8-20', 'Mon-Fry 08:00-20:00', 'Mon 20:00-08:00', 'Mon 08:00-24:01', 'Mon 08:60-10:00']) {
    const read = parsePricePeriods(bad, 'UTC');
    assert.match(read.ok ? 'read' : read.error, /is not of the form Mon-Fri 08:00-20:00/, bad);
  }
});

const anyRow = fc
  .record({
    peakPerMinuteMicros: fc.bigInt(0n, 10_000_000n),
    offPeakPerMinuteMicros: fc.bigInt(0n, 10_000_000n),
    weekendPerMinuteMicros: fc.bigInt(0n, 10_000_000n),
    connectFeeMicros: fc.bigInt(0n, 1_000_000n),
    freeSeconds: fc.integer({ min: 0, max: 90 }),
    firstIncrementS: fc.integer({ min: 1, max: 120 }),
    nextIncrementS: fc.integer({ min: 1, max: 120 }),
    minimumChargeMicros: fc.bigInt(0n, 3_000_000n),
  })
  .map((given) => ({ ...freePriceRow, ...given }));
/** A week in which Vienna's clock changes, so that starts lie on every kind of edge. */
const anyStart = fc.integer({ min: Date.UTC(2026, 9, 22), max: Date.UTC(2026, 9, 29) });
const anyPeriods = fc.constantFrom(
  always,
  workdays,
  periodsOf('Mon-Sun 08:07-09:33; Tue 20:00-24:00', 'Europe/Vienna'),
);

/** The rule said second by second in decimals: whoever reads it sees that it is the rule. */
function bruteForce(priced: PriceRow, startMs: number, durationS: number, periods: PricePeriods): Decimal {
  if (durationS === 0) return new Decimal(0);
  let sum = new Decimal(priced.connectFeeMicros.toString());
  let length = priced.firstIncrementS;
  for (let begins = priced.freeSeconds; begins < durationS; ) {
    const perMinute = perMinuteMicros(priced, periods.at(startMs + begins * 1000).period);
    sum = sum.plus(new Decimal(perMinute.toString()).times(length).dividedBy(60));
    begins += length;
    length = priced.nextIncrementS;
  }
  return Decimal.max(sum.toDecimalPlaces(20).ceil(), priced.minimumChargeMicros.toString());
}

test('prices equal an oracle that adds increment to increment in decimals', () => {
  const precise = Decimal.precision;
  Decimal.set({ precision: 60 });
  fc.assert(
    fc.property(anyRow, anyStart, fc.integer({ min: 0, max: 8_000 }), anyPeriods, (priced, startMs, durationS, at) => {
      assert.equal(
        priceOf(priced, startMs, durationS, at).toString(),
        bruteForce(priced, startMs, durationS, at).toFixed(0),
      );
    }),
    { numRuns: 300 },
  );
  Decimal.set({ precision: precise });
});

test('a call never gets cheaper by lasting longer, and costs the same to the end of its increment', () => {
  fc.assert(
    fc.property(anyRow, anyStart, fc.integer({ min: 0, max: 4_000 }), anyPeriods, (priced, startMs, atS, periods) => {
      const endS = nextIncrement(priced, atS);
      assert.ok(endS > atS);
      const begun = priceOf(priced, startMs, atS + 1, periods);
      assert.ok(begun >= priceOf(priced, startMs, atS, periods));
      assert.equal(priceOf(priced, startMs, endS, periods), begun);
    }),
  );
});

test('increments paid one after another add up to the price of the call, however they are cut', () => {
  fc.assert(
    fc.property(
      anyRow,
      anyStart,
      anyPeriods,
      fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 20 }),
      (...given) => {
        const [priced, startMs, periods, blocks] = given;
        let atS = 0;
        let paid = 0n;
        for (const block of blocks) {
          let untilS = atS;
          for (let count = 0; count < block; count += 1) untilS = nextIncrement(priced, untilS);
          paid += priceOf(priced, startMs, untilS, periods) - priceOf(priced, startMs, atS, periods);
          atS = untilS;
        }
        assert.equal(paid, priceOf(priced, startMs, atS, periods));
      },
    ),
  );
});

test('a carrier charges each attempt and the short call on top of its price', () => {
  const carrier = row({ attemptFeeMicros: 7n, shortCallS: 6, shortCallSurchargeMicros: 500n }, 60_000n);
  assert.equal(carrierCostOf(carrier, monday, 0, always), 7n);
  assert.equal(carrierCostOf(carrier, monday, 5, always), 5_507n);
  assert.equal(carrierCostOf(carrier, monday, 6, always), 6_007n);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Decimal } from 'decimal.js';
import fc from 'fast-check';
import { divideUp, maxAmountMicros, parseAmount, printAmount } from './money.ts';

test('an amount is read exactly to the millionth, and what cannot be is refused with the reason', () => {
  const table: [text: string, micros: bigint | RegExp][] = [
    ['0', 0n],
    ['10', 10_000_000n],
    ['0.05', 50_000n],
    [' 0.000001 ', 1n],
    ['1.2345670000', 1_234_567n],
    ['1000000000000', maxAmountMicros],
    ['1000000000000.000001', /is not between 0.00 and 1000000000000.00/],
    ['0.0000001', /more than 6 decimals/],
    ['99999999999999999999', /is not between/],
    ['-1', /is not between/],
    ['-0.00', 0n],
    ['0,05', /not an amount such as 0.05/],
    ['1e3', /not an amount/],
    ['+1', /not an amount/],
    ['.5', /not an amount/],
    ['', /not an amount/],
    ['NaN', /not an amount/],
  ];
  for (const [text, expected] of table) {
    const read = parseAmount(text);
    if (typeof expected === 'bigint') assert.deepEqual(read, { ok: true, value: expected }, text);
    else assert.match(read.ok ? 'read' : read.error, expected, text);
  }
});

test('an amount that is printed is read again as the same amount', () => {
  const bounds = { minMicros: -maxAmountMicros, maxMicros: maxAmountMicros };
  fc.assert(
    fc.property(fc.bigInt(-maxAmountMicros, maxAmountMicros), (micros) => {
      assert.deepEqual(parseAmount(printAmount(micros), bounds), { ok: true, value: micros });
      assert.ok(new Decimal(printAmount(micros)).times(1_000_000).equals(micros.toString()));
    }),
  );
  assert.equal(printAmount(10_000_000n), '10.00');
  assert.equal(printAmount(-1n), '-0.000001');
});

test('a division of money rounds up, towards what is owed', () => {
  fc.assert(
    fc.property(fc.bigInt(-(10n ** 18n), 10n ** 18n), fc.bigInt(1n, 1_000_000n), (numerator, denominator) => {
      const exact = new Decimal(numerator.toString()).dividedBy(denominator.toString());
      assert.equal(divideUp(numerator, denominator), BigInt(exact.ceil().toFixed(0)));
    }),
  );
});

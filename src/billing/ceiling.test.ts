import assert from 'node:assert/strict';
import { test } from 'node:test';
import { firstCeiling, parseCeiling, printCeiling } from './ceiling.ts';

test('the ceiling that is installed is read again, and is never empty', () => {
  assert.deepEqual(parseCeiling(printCeiling(firstCeiling)), { ok: true, value: firstCeiling });
  for (const amount of Object.values(firstCeiling)) assert.ok(amount > 0n);
});

test('a ceiling with a value that is missing, zero, unknown or no amount is refused with its line', () => {
  const whole = printCeiling(firstCeiling);
  const table: [text: string, expected: RegExp][] = [
    ['', /price_per_minute is missing/],
    [whole.replace('5.00', '0'), /line 2: price_per_minute is 0/],
    [whole.replace('5.00', 'five'), /line 2: price_per_minute 'five' is not an amount/],
    [whole.replace('price_per_minute', 'prize'), /line 2: 'prize' is unknown/],
    [whole + whole, /line 7: price_per_minute is there twice/],
  ];
  for (const [text, expected] of table) {
    const read = parseCeiling(text);
    assert.match(read.ok ? 'read' : read.error.join('\n'), expected);
  }
});

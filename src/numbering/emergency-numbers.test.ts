import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isEmergencyNumber } from './emergency-numbers.ts';

test('only a whole number is an emergency number, in the home country and nowhere else', () => {
  const rows: readonly (readonly [string, string, boolean])[] = [
    ['112', '43', true],
    ['144', '43', true],
    ['144', '49', false],
    ['911', '1', true],
    ['112', '', true],
    ['911', '', true],
    ['1121', '43', false],
    ['0112', '43', false],
    ['11', '43', false],
    ['000', '61', true],
    ['15', '33', true],
  ];
  for (const [digits, home, expected] of rows)
    assert.equal(isEmergencyNumber(digits, home), expected, `${digits} ${home}`);
});

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { bySpecificity, parsePattern } from './dial-pattern.ts';

const rows: readonly { pattern: string; digits: string; matches: boolean }[] = [
  { pattern: '19XXX', digits: '19000', matches: true },
  { pattern: '19XXX', digits: '19999', matches: true },
  { pattern: '19XXX', digits: '1999', matches: false },
  { pattern: '19XXX', digits: '199999', matches: false },
  { pattern: 'Z', digits: '0', matches: false },
  { pattern: 'Z', digits: '1', matches: true },
  { pattern: 'Z', digits: '9', matches: true },
  { pattern: 'N', digits: '0', matches: false },
  { pattern: 'N', digits: '1', matches: false },
  { pattern: 'N', digits: '2', matches: true },
  { pattern: 'X', digits: '0', matches: true },
  { pattern: 'NXX.', digits: '2005', matches: true },
  { pattern: 'NXX.', digits: '200123', matches: true },
  { pattern: 'NXX.', digits: '200', matches: false },
  { pattern: 'nxx.', digits: '2005', matches: true },
];

describe('dial patterns', () => {
  for (const { pattern, digits, matches } of rows) {
    test(`${pattern} ${matches ? 'matches' : 'does not match'} ${digits} [fraud.custom-pattern]`, () => {
      const parsed = parsePattern(pattern);
      assert.ok(parsed.ok);
      assert.equal(parsed.value.matches(digits), matches);
    });
  }

  test('ZY-DIAL-2: each letter matches its digits, and a point one digit or more [fraud.custom-pattern]', () => {
    const matchedBy = (pattern: string): string => {
      const parsed = parsePattern(pattern);
      assert.ok(parsed.ok);
      return Array.from({ length: 10 }, (_, digit) => String(digit))
        .filter((digit) => parsed.value.matches(digit))
        .join('');
    };
    assert.deepEqual(['Z', 'N', 'X'].map(matchedBy), ['123456789', '23456789', '0123456789']);
    const open = parsePattern('00.');
    assert.ok(open.ok);
    assert.deepEqual([open.value.matches('0043'), open.value.matches('00')], [true, false]);
  });

  test('a pattern with an invalid character is refused and the character named [fraud.custom-pattern]', () => {
    for (const text of ['19A', '1.9', '', '19 X', 'X'.repeat(41)]) {
      const parsed = parsePattern(text);
      assert.equal(parsed.ok, false, text);
    }
    const parsed = parsePattern('19Q');
    assert.match(parsed.ok ? '' : parsed.error, /'Q'/);
  });

  test('the most specific pattern comes first: fixed digits, then length, then a closed one [fraud.custom-pattern]', () => {
    const sorted = ['X.', 'NXX', '19XXX', '19.', '190XX']
      .map((text) => {
        const parsed = parsePattern(text);
        assert.ok(parsed.ok);
        return parsed.value;
      })
      .toSorted(bySpecificity)
      .map(({ text }) => text);
    assert.deepEqual(sorted, ['190XX', '19XXX', '19.', 'NXX', 'X.']);
  });
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import libphonenumber from 'google-libphonenumber';
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

test('whatever libphonenumber calls an emergency number of a country is one here', () => {
  const short = libphonenumber.ShortNumberInfo.getInstance();
  const regions = libphonenumber.PhoneNumberUtil.getInstance();
  // Its pattern for Gabon has a hundred numbers, of which the national plan uses two.
  const missing: string[] = [];
  const codes = new Set(regions.getSupportedRegions().map((region) => regions.getCountryCodeForRegion(region)));
  const numbers = Array.from({ length: 2000 }, (_, at) => [
    String(at),
    String(at).padStart(2, '0'),
    String(at).padStart(3, '0'),
  ]);
  for (const code of codes) {
    const region = regions.getRegionCodeForCountryCode(code);
    if (region === 'GA' || region === 'ZZ') continue;
    for (const digits of new Set(numbers.flat())) {
      if (digits.length < 2 || !short.isEmergencyNumber(digits, region)) continue;
      if (!isEmergencyNumber(digits, String(code))) missing.push(`${region} ${digits}`);
    }
  }
  assert.deepEqual(missing, []);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import examples from 'libphonenumber-js/mobile/examples';
import { getCountries, getCountryCallingCode, parsePhoneNumberFromString } from 'libphonenumber-js/max';
import { seededRandom } from '../../test/kit/seeded-random.ts';
import { numberInPlan, warmNumberTypes } from './number-types.ts';

function asTheLibrarySays(digits: string): unknown {
  const number = parsePhoneNumberFromString(`+${digits}`);
  if (number === undefined) return undefined;
  return { type: number.getType(), callingCode: number.countryCallingCode, country: number.country };
}

/** Numbers of every country: real ones with some digits changed, with the national prefix left in, and any digits. */
function numbers(): string[] {
  const random = seededRandom(11);
  const digitsOf = (count: number): string => Array.from({ length: count }, () => String(random.below(10))).join('');
  return getCountries().flatMap((country) => {
    const code = getCountryCallingCode(country);
    const example: string = examples[country];
    const changed = Array.from(
      { length: 12 },
      (_, at) => example.slice(0, at % example.length) + digitsOf(example.length - (at % example.length)),
    );
    const any = Array.from({ length: 12 }, () => digitsOf(4 + random.below(9)));
    return [example, `0${example}`, `1${example}`, `8${example}`, ...changed, ...any].map((rest) => code + rest);
  });
}

test('a number has the type and the country that libphonenumber gives it', () => {
  for (const step of warmNumberTypes()) assert.equal(step, undefined);
  const odd = ['8001234567', '80012345678', '870773111632', '881612345678', '97912345678', '999', '0', '21', '1', '43'];
  for (const digits of [...numbers(), ...odd]) {
    assert.deepEqual(numberInPlan(digits), asTheLibrarySays(digits), digits);
  }
});

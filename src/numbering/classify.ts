import type { CalledNumber } from './called-number.ts';
import { networkKind } from './network-prefixes.ts';
import { type NumberInPlan, numberInPlan } from './number-types.ts';
import type { NumberingPlan } from './numbering-plan.ts';

/** What kind of number is called. `unknown` is what no table knows: it counts as high risk, never as domestic. */
export type NumberClass =
  | 'emergency'
  | 'local user'
  | 'domestic'
  | 'international'
  | 'premium'
  | 'satellite'
  | 'shared cost'
  | 'toll free'
  | 'unknown';

/** More digits than a number may have are cut off as a network would; two are what people and fraudsters add. */
const maxExcessDigits = 2;

/**
 * The class of a number that goes out to a SIP server. Where its digits can be read in two ways, the riskier class
 * counts: a carrier may read it either way.
 */
export function classify(number: CalledNumber, plan: NumberingPlan): NumberClass {
  if (number.form === 'short') return 'unknown';
  const written = classOfDigits(number.digits, plan);
  if (number.orElse === '' || isBarred(written)) return written;
  const atHome = classOfDigits(number.orElse, plan);
  return isBarred(atHome) ? atHome : written;
}

function isBarred(numberClass: NumberClass): boolean {
  return numberClass === 'premium' || numberClass === 'satellite';
}

function classOfDigits(digits: string, plan: NumberingPlan): NumberClass {
  const kind = networkKind(digits);
  if (kind !== undefined) return kind;
  const number = numberInPlan(digits);
  if (number === undefined) return 'unknown';
  if (number.type !== undefined) return classOfType(number, plan);
  for (let excess = 1; excess <= maxExcessDigits; excess++) {
    const shorter = numberInPlan(digits.slice(0, -excess));
    if (shorter?.type !== undefined && classOfType(shorter, plan) === 'premium') return 'premium';
  }
  return 'unknown';
}

function classOfType(number: NumberInPlan, plan: NumberingPlan): NumberClass {
  switch (number.type) {
    case 'PREMIUM_RATE':
    // Personal numbers forward to wherever their owner likes, at whatever price: the oldest trick of all.
    case 'PERSONAL_NUMBER':
      return 'premium';
    case 'SHARED_COST':
      return 'shared cost';
    case 'TOLL_FREE':
      return 'toll free';
    case 'FIXED_LINE':
    case 'MOBILE':
    case 'FIXED_LINE_OR_MOBILE':
    case 'VOIP':
    case 'PAGER':
    case 'UAN':
    case 'VOICEMAIL':
    case undefined:
      return isAtHome(number, plan) ? 'domestic' : 'international';
  }
}

/** Countries that share a calling code are told apart: a call from the United States to Jamaica is not domestic. */
function isAtHome(number: NumberInPlan, { homeCountry, homeRegion }: NumberingPlan): boolean {
  if (homeCountry === '' || number.callingCode !== homeCountry) return false;
  const region = homeRegion === '' ? mainRegions.get(homeCountry) : homeRegion;
  return region === undefined || number.country === undefined || number.country === region;
}

/** The country that a shared calling code is taken for while `home_region` is empty. */
const mainRegions: ReadonlyMap<string, string> = new Map([
  ['1', 'US'],
  ['7', 'RU'],
  ['39', 'IT'],
  ['44', 'GB'],
  ['47', 'NO'],
  ['61', 'AU'],
  ['212', 'MA'],
  ['262', 'RE'],
  ['290', 'SH'],
  ['358', 'FI'],
  ['590', 'GP'],
  ['599', 'CW'],
]);

import { assert } from '../result/assert.ts';
import { fail, ok, type Result } from '../result/result.ts';

/** Money is whole millionths of the currency unit, in `bigint`. Names of such values end in `Micros`. */
export const microsPerUnit = 1_000_000n;

/** The largest amount that is read, and the largest balance: 10^12 units. Nine such still fit the store's 64 bits. */
export const maxAmountMicros = 1_000_000_000_000n * microsPerUnit;

const fractionDigits = 6;
const amountForm = /^(-?)(\d{1,30})(?:\.(\d{1,20}))?$/;

/** What one posting moves at most: 10^9 units, so that no slip of a finger comes near what the store can add up. */
export const maxPostingMicros = 1_000_000_000n * microsPerUnit;

export interface AmountBounds {
  readonly minMicros: bigint;
  readonly maxMicros: bigint;
}

const notNegative: AmountBounds = { minMicros: 0n, maxMicros: maxAmountMicros };

/**
 * Reads a decimal amount of currency units exactly: `10`, `0.05`, `-3.5`. Nothing is rounded: a digit beyond the sixth
 * decimal is an error unless it is zero, and so are a comma, an exponent and a sign of plus.
 * @returns the millionths, or why the text is no amount within the bounds, to follow the name of the field.
 */
export function parseAmount(text: string, bounds: AmountBounds = notNegative): Result<bigint, string> {
  const found = amountForm.exec(text.trim());
  if (found === null) return fail(`'${text.slice(0, 40)}' is not an amount such as 0.05`);
  const [, sign, units = '', fraction = ''] = found;
  if (/[1-9]/.test(fraction.slice(fractionDigits))) return fail(`'${text}' has more than ${fractionDigits} decimals`);
  const millionths = BigInt(units + fraction.slice(0, fractionDigits).padEnd(fractionDigits, '0'));
  const micros = sign === '-' ? -millionths : millionths;
  const { minMicros, maxMicros } = bounds;
  if (micros >= minMicros && micros <= maxMicros) return ok(micros);
  return fail(`'${text}' is not between ${printAmount(minMicros)} and ${printAmount(maxMicros)}`);
}

/** Writes an amount exactly, with at least two decimals and no more than it needs: `0.05`, `10.00`, `-0.000001`. */
export function printAmount(micros: bigint): string {
  const digits = (micros < 0n ? -micros : micros).toString().padStart(fractionDigits + 1, '0');
  const fraction = digits.slice(-fractionDigits).replace(/0{1,4}$/, '');
  return `${micros < 0n ? '-' : ''}${digits.slice(0, -fractionDigits)}.${fraction}`;
}

/** The one rounding of money: up, towards what the payer owes. It is applied once, to a total. */
export function divideUp(numerator: bigint, denominator: bigint): bigint {
  assert(denominator > 0n, 'an amount is divided by a positive number');
  const quotient = numerator / denominator;
  return numerator > 0n && numerator % denominator !== 0n ? quotient + 1n : quotient;
}

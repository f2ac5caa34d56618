import { fail, ok, type Result } from '../base/result/result.ts';

/** A dial rule's pattern, ready to be matched; `fixedDigits` and `length` order the more specific one first. */
export interface DialPattern {
  readonly text: string;
  matches(digits: string): boolean;
  /** Positions that name one digit: 19XXX has two. */
  readonly fixedDigits: number;
  /** Positions before a final `.`. */
  readonly length: number;
  readonly open: boolean;
}

/** Positions that a pattern may have; also the most digits that a rule may strip. */
export const maxPatternLength = 40;

const ranges: Readonly<Record<string, readonly [string, string]>> = {
  X: ['0', '9'],
  Z: ['1', '9'],
  N: ['2', '9'],
};

/**
 * Reads a pattern [fraud.custom-pattern]: Z 1-9, N 2-9, X 0-9, a digit itself, and at the end `.` for one or more
 * further digits (one or more, as Asterisk reads it, and the safer reading). Letters without regard to case.
 */
export function parsePattern(text: string): Result<DialPattern, string> {
  const upper = text.trim().toUpperCase();
  const open = upper.endsWith('.');
  const positions = (open ? upper.slice(0, -1) : upper).split('');
  const wrong = positions
    .slice(0, maxPatternLength)
    .find((position) => ranges[position] === undefined && !/^[0-9*#]$/.test(position));
  if (wrong !== undefined) {
    return fail(`'${text}' has '${wrong}'; allowed are digits, *, #, X, Z, N and a '.' at the end`);
  }
  if (upper === '' || upper.length > maxPatternLength) {
    return fail(`'${text.slice(0, 60)}' must have 1 to ${maxPatternLength} positions`);
  }
  const matches = (digits: string): boolean => {
    if (open ? digits.length <= positions.length : digits.length !== positions.length) return false;
    return positions.every((position, index) => matchesPosition(position, digits[index] ?? ''));
  };
  const fixedDigits = positions.filter((position) => ranges[position] === undefined).length;
  return ok({ text: upper, matches, fixedDigits, length: positions.length, open });
}

function matchesPosition(position: string, digit: string): boolean {
  const range = ranges[position];
  if (range === undefined) return digit === position;
  return digit >= range[0] && digit <= range[1];
}

/** Orders patterns most specific first: more fixed digits, then longer, then closed before open. */
export function bySpecificity(one: DialPattern, other: DialPattern): number {
  return other.fixedDigits - one.fixedDigits || other.length - one.length || Number(one.open) - Number(other.open);
}

import {
  type CalledNumber,
  isSameNumber,
  type NumberFormat,
  readNumber,
  writeNumber,
} from '../../numbering/called-number.ts';
import type { NumberingPlan } from '../../numbering/numbering-plan.ts';

/** A number as one SIP server gets it, and what it means there. */
export interface SentNumber {
  readonly text: string;
  readonly number: CalledNumber;
}

/**
 * What a SIP server is sent for the digits that a dial rule has made. The digits are read as a number, the number is
 * written in the format that the server declares, and that is read again: who prices and bars the one number has priced
 * and barred what is sent.
 * @returns undefined where the digits are no number, or the format cannot say it.
 */
export function sentNumber(ruled: string, format: NumberFormat, plan: NumberingPlan): SentNumber | undefined {
  const meant = readNumber(ruled, '', plan);
  if (meant === undefined) return undefined;
  if (format === '') return { text: ruled, number: meant };
  const serviceCode = ruled.slice(0, ruled.search(/[^*#]*$/));
  const written = writeNumber(meant, format, plan);
  if (written === undefined) return undefined;
  const text = serviceCode + written;
  const again = readNumber(text, format, plan);
  return again !== undefined && isSameNumber(again, meant) ? { text, number: again } : undefined;
}

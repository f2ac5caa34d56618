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
 * @param plan how the caller means its digits. @param atServer how the SIP server reads them.
 * @returns undefined where the digits are no number, the format cannot say it, or the server would read another number.
 */
export function sentNumber(
  ruled: string,
  format: NumberFormat,
  plan: NumberingPlan,
  atServer: NumberingPlan = plan,
): SentNumber | undefined {
  const meant = readNumber(ruled, '', plan);
  if (meant === undefined) return undefined;
  if (format === '') {
    const read = atServer.homeCountry === plan.homeCountry ? meant : readNumber(ruled, '', atServer);
    return read !== undefined && isSameNumber(read, meant) ? { text: ruled, number: read } : undefined;
  }
  const serviceCode = ruled.slice(0, ruled.search(/[^*#]*$/));
  const written = writeNumber(meant, format, atServer);
  if (written === undefined) return undefined;
  const text = serviceCode + written;
  const again = readNumber(text, format, atServer);
  return again !== undefined && isSameNumber(again, meant) ? { text, number: again } : undefined;
}

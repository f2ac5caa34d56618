import { fail, ok, type Result } from '../base/result/result.ts';
import { microsPerUnit, parseAmount, printAmount } from '../base/money/money.ts';

/**
 * What no setting, no account and no price list can go above. It stands in a file of its own that the machine's
 * administrator owns, so that whoever gets hold of the administration of the server still cannot raise it.
 */
export interface Ceiling {
  /** Highest price, and highest cost, of a minute at whatever hour. */
  readonly pricePerMinuteMicros: bigint;
  readonly spendPerAccountDayMicros: bigint;
  readonly spendPerTrunkHourMicros: bigint;
  readonly spendPerServerDayMicros: bigint;
}

const lines: Readonly<Record<keyof Ceiling, { readonly name: string; readonly text: string }>> = {
  pricePerMinuteMicros: { name: 'price_per_minute', text: 'highest price and highest cost of a minute' },
  spendPerAccountDayMicros: { name: 'spend_per_account_day', text: 'what one account may spend in a day' },
  spendPerTrunkHourMicros: { name: 'spend_per_trunk_hour', text: 'what one SIP server may cost in an hour' },
  spendPerServerDayMicros: { name: 'spend_per_server_day', text: 'what all accounts may spend in a day' },
};

/** What a new installation gets: enough for an office, little enough to survive a stolen password. */
export const firstCeiling: Ceiling = {
  pricePerMinuteMicros: 5n * microsPerUnit,
  spendPerAccountDayMicros: 200n * microsPerUnit,
  spendPerTrunkHourMicros: 500n * microsPerUnit,
  spendPerServerDayMicros: 2000n * microsPerUnit,
};

const keys = [
  'pricePerMinuteMicros',
  'spendPerAccountDayMicros',
  'spendPerTrunkHourMicros',
  'spendPerServerDayMicros',
] as const;

/** The file's text: one line a value, with what it bounds. */
export function printCeiling(ceiling: Ceiling): string {
  const intro = '# Nothing that the server is told can go above these. Change them here, as root, and restart.\n';
  return intro + keys.map((key) => `${lines[key].name} = ${printAmount(ceiling[key])} # ${lines[key].text}\n`).join('');
}

/**
 * Reads the file. Every value must be there and above zero: an empty ceiling would be none.
 * @returns the ceiling, or sentences with the line that each is about.
 */
export function parseCeiling(text: string): Result<Ceiling, readonly string[]> {
  const faults: string[] = [];
  const read = new Map<keyof Ceiling, bigint>();
  for (const [at, line] of text.split(/\r?\n/).entries()) {
    const said = line.replace(/#.*/, '').trim();
    if (said === '') continue;
    const [name = '', value = ''] = said.split('=').map((part) => part.trim());
    const key = keys.find((known) => lines[known].name === name);
    const amount = parseAmount(value);
    if (key === undefined) faults.push(`line ${at + 1}: '${name.slice(0, 40)}' is unknown`);
    else if (read.has(key)) faults.push(`line ${at + 1}: ${name} is there twice`);
    else if (!amount.ok) faults.push(`line ${at + 1}: ${name} ${amount.error}`);
    else if (amount.value === 0n) faults.push(`line ${at + 1}: ${name} is 0; write the highest amount that may be`);
    else read.set(key, amount.value);
  }
  const missing = keys.filter((key) => !read.has(key)).map((key) => `${lines[key].name} is missing`);
  if (faults.length > 0 || missing.length > 0) return fail(faults.length > 0 ? faults : missing);
  return ok({ ...firstCeiling, ...Object.fromEntries(read) });
}

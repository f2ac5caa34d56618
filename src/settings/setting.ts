import { maxAmountMicros, parseAmount, printAmount } from '../base/money/money.ts';
import { fail, ok, type Result } from '../base/result/result.ts';

/** What a setting can hold. Lists keep the order in which they were written. */
export type SettingValue = boolean | number | bigint | string | readonly string[];

/** `live`: a change holds at once, for what begins from then on. `restart`: it holds from the next start. */
export type Effect = 'live' | 'restart';

export type SettingType =
  | 'bool'
  | 'int'
  | 'decimal'
  | 'amount'
  | 'seconds'
  | 'duration'
  | 'port'
  | 'enum'
  | 'string'
  | 'list';

/** What the catalogue says of one setting, whatever its type. */
export interface Description<V extends SettingValue> {
  /** Requirement id; `own.*` for settings of our own. */
  readonly id: string;
  /** Other spellings, as the requirements or older versions have them. */
  readonly aliases?: readonly string[];
  /** One or two sentences for an operator: what it does and why it exists. */
  readonly text: string;
  readonly default: V;
  /** Value in the profile `hardened`, where it is stricter than the default. */
  readonly hardened?: V;
  /** Value in the profile `seeds`, where the requirements read it otherwise. */
  readonly seeds?: V;
  /** Why the default departs from `seeds`; present whenever `seeds` is. */
  readonly reason?: string;
  /** Value in the profile `stress_test`. */
  readonly stressTest?: V;
  readonly effect: Effect;
  /** A secret is never shown: not in lists, errors or logs. */
  readonly secret?: boolean;
  /** Why a value that is allowed is seldom meant, as a sentence; undefined for one that is fine. */
  unwise?(value: V): string | undefined;
}

/** One setting of the catalogue: its description, and how its text is read and written. */
export interface Setting<V extends SettingValue = SettingValue> extends Description<V> {
  readonly type: SettingType;
  /** Unit of the value for people, such as `s`; empty where there is none. */
  readonly unit: string;
  /** What may be written, as the end of the sentence "allowed: ...". */
  readonly allowed: string;
  /** The meaning of each value of an enumeration; empty for other types. */
  readonly meanings: readonly ValueMeaning[];
  /** The version that brought it. */
  readonly since: string;
  /** @returns the value, or what is wrong in a few words (`undefined` where `allowed` says it all). */
  parse(text: string): Result<V, string | undefined>;
  /** The text that `parse` reads back to the same value. */
  format(value: V): string;
}

export interface ValueMeaning {
  readonly value: string;
  readonly meaning: string;
}

const firstVersion = '0.1.0';
const maxListItems = 256;

/** Checks one text; a complaint is the reason for which it is refused. */
export type TextCheck = (text: string) => string | undefined;

const trueWords: ReadonlySet<string> = new Set(['true', 'yes', 'on', '1']);
const falseWords: ReadonlySet<string> = new Set(['false', 'no', 'off', '0']);

export function bool(description: Description<boolean>): Setting<boolean> {
  return {
    since: firstVersion,
    ...description,
    type: 'bool',
    unit: '',
    allowed: 'true or false (also yes/no, on/off, 1/0)',
    meanings: [],
    parse: (text) => {
      const word = text.trim().toLowerCase();
      if (trueWords.has(word)) return ok(true);
      return falseWords.has(word) ? ok(false) : fail(undefined);
    },
    format: String,
  };
}

interface Range {
  readonly min: number;
  readonly max: number;
}

export function int(description: Description<number> & Range & { readonly unit: string }): Setting<number> {
  const { min, max } = description;
  const unit = description.unit === '' ? '' : ` (${description.unit})`;
  return numeric(description, 'int', description.unit, `a whole number from ${min} to ${max}${unit}`);
}

/** An amount of money: written in currency units, held as whole millionths. */
export function amount(description: Description<bigint>): Setting<bigint> {
  return {
    since: firstVersion,
    ...description,
    type: 'amount',
    unit: 'currency units',
    allowed: `an amount from 0 to ${printAmount(maxAmountMicros)} with at most 6 decimals, such as 0.05`,
    meanings: [],
    parse: (text) => parseAmount(text),
    format: printAmount,
  };
}

/** A number with at most three decimals. */
export function decimal(description: Description<number> & Range & { readonly unit: string }): Setting<number> {
  const { min, max, unit } = description;
  return {
    since: firstVersion,
    ...description,
    type: 'decimal',
    allowed: `a number from ${min} to ${max} with at most 3 decimals${unit === '' ? '' : ` (${unit})`}`,
    meanings: [],
    parse: (text) => {
      const digits = text.trim();
      if (!/^\d{1,9}(?:\.\d{1,3})?$/.test(digits)) return fail(undefined);
      const value = Number(digits);
      return value < description.min || value > description.max ? fail(undefined) : ok(value);
    },
    format: String,
  };
}

/** A duration in whole seconds. */
export function seconds(description: Description<number> & Range): Setting<number> {
  const { min, max } = description;
  return numeric(description, 'seconds', 's', `whole seconds from ${min} to ${max}`);
}

/** A UDP or TCP port; with `min` 0, 0 switches off what would listen there. */
export function port(description: Description<number> & { readonly min: number }): Setting<number> {
  const off =
    description.min === 0 ? 'a port from 1 to 65535, or 0 for off' : `a port from ${description.min} to 65535`;
  return numeric({ ...description, max: 65535 }, 'port', '', off);
}

const unitSeconds = { s: 1, min: 60, h: 3600 } as const;

/** A duration that is written with its unit; a bare number has the unit `bare`. Held in seconds. */
export function duration(
  description: Description<number> & Range & { readonly bare: keyof typeof unitSeconds },
): Setting<number> {
  const { min, max, bare } = description;
  return {
    since: firstVersion,
    ...description,
    type: 'duration',
    unit: '',
    allowed: `a time from ${min} s to ${max} s with its unit, such as 90 s, 3 min or 6 h; a bare number is in ${bare}`,
    meanings: [],
    parse: (text) => {
      const [, digits, unit = ''] = /^(\d{1,9}) ?([a-z]*)$/.exec(text.trim().toLowerCase()) ?? [];
      const factor = unit === '' ? unitSeconds[bare] : secondsOf(unit);
      if (digits === undefined || factor === undefined) return fail(undefined);
      const value = Number(digits) * factor;
      return value < min || value > max ? fail(undefined) : ok(value);
    },
    format: (value) => {
      if (value % 3600 === 0) return `${value / 3600} h`;
      return value % 60 === 0 ? `${value / 60} min` : `${value} s`;
    },
  };
}

function secondsOf(unit: string): number | undefined {
  if (/^s(ec(ond)?s?)?$/.test(unit)) return 1;
  if (/^m(in(ute)?s?)?$/.test(unit)) return 60;
  return /^h(ours?)?$/.test(unit) ? 3600 : undefined;
}

function numeric(
  description: Description<number> & Range,
  type: SettingType,
  unit: string,
  allowed: string,
): Setting<number> {
  return {
    since: firstVersion,
    ...description,
    type,
    unit,
    allowed,
    meanings: [],
    parse: (text) => {
      const digits = text.trim();
      if (!/^-?\d{1,15}$/.test(digits)) return fail(undefined);
      const value = Number(digits);
      return value < description.min || value > description.max ? fail(undefined) : ok(value);
    },
    format: String,
  };
}

/**
 * An enumeration whose values are numbers: `values` gives each one its meaning. Values of the requirements that cannot
 * be had stand in `refused` with the reason, which is the answer to whoever sets one.
 */
export function level<const M extends Readonly<Record<number, string>>>(
  description: Description<NoInfer<keyof M & number>> & {
    readonly values: M;
    readonly refused?: Readonly<Record<number, string>>;
  },
): Setting<keyof M & number> {
  type Level = keyof M & number;
  const meanings = Object.entries(description.values).map(([value, meaning]) => ({ value, meaning }));
  const onOff = meanings.length === 2 && meanings.every(({ value }) => value === '0' || value === '1');
  return {
    since: firstVersion,
    ...description,
    type: 'enum',
    unit: '',
    allowed: describeValues(meanings),
    meanings,
    parse: (text) => {
      const asked = levelWord(text, onOff);
      const found = meanings.find(({ value }) => value === asked);
      if (found !== undefined) return ok(Number(found.value) as Level);
      return fail(description.refused?.[Number(asked)]);
    },
    format: String,
  };
}

/** The requirements write some of these as `false` or `true`: `false` is 0, and `true` is 1 where 1 is all there is. */
function levelWord(text: string, onOff: boolean): string {
  const word = text.trim().toLowerCase();
  if (falseWords.has(word)) return '0';
  return onOff && trueWords.has(word) ? '1' : word;
}

/** An enumeration whose values are words. */
export function word<const M extends Readonly<Record<string, string>>>(
  description: Description<NoInfer<keyof M & string>> & { readonly values: M },
): Setting<keyof M & string> {
  type Word = keyof M & string;
  const meanings = Object.entries(description.values).map(([value, meaning]) => ({ value, meaning }));
  return {
    since: firstVersion,
    ...description,
    type: 'enum',
    unit: '',
    allowed: describeValues(meanings),
    meanings,
    parse: (text) => {
      const found = meanings.find(({ value }) => value === text.trim().toLowerCase());
      return found === undefined ? fail(undefined) : ok(found.value as Word);
    },
    format: String,
  };
}

function describeValues(meanings: readonly ValueMeaning[]): string {
  return meanings.map(({ value, meaning }) => `${value} (${meaning})`).join(', ');
}

interface TextRules {
  /** What a correct text is, for people. */
  readonly allowed: string;
  readonly check: TextCheck;
}

export function string(description: Description<string> & TextRules): Setting<string> {
  return {
    since: firstVersion,
    ...description,
    type: 'string',
    unit: '',
    meanings: [],
    parse: (text) => {
      const complaint = description.check(text.trim());
      return complaint === undefined ? ok(text.trim()) : fail(complaint);
    },
    format: String,
  };
}

/** Texts between commas or spaces; a sequence in the file. Empty text is the empty list. */
export function list(description: ListDescription): Setting<readonly string[]> {
  return dividedBy(/[\s,]+/, description);
}

/** Texts between commas, which may hold blanks. */
export function commaList(description: ListDescription): Setting<readonly string[]> {
  return dividedBy(/\s*,\s*/, description);
}

type ListDescription = Description<readonly string[]> &
  TextRules & { readonly checkAll?: (items: readonly string[]) => string | undefined };

function dividedBy(divider: RegExp, description: ListDescription): Setting<readonly string[]> {
  return {
    since: firstVersion,
    ...description,
    type: 'list',
    unit: '',
    meanings: [],
    parse: (text) => {
      const items = text
        .trim()
        .split(divider)
        .filter((item) => item !== '');
      if (items.length > maxListItems) return fail(`more than ${maxListItems} entries`);
      for (const item of items) {
        const complaint = description.check(item);
        if (complaint !== undefined) return fail(complaint);
      }
      const complaint = description.checkAll?.(items);
      return complaint === undefined ? ok(Object.freeze(items)) : fail(complaint);
    },
    format: (items) => items.join(', '),
  };
}

import { type Prefix, parsePrefix } from '../base/net/prefix.ts';
import { fail, ok, type Result } from '../base/result/result.ts';

/** A field as an operator wrote it: text, or several texts where the field is a list. */
export type FieldText = string | readonly string[];

/** What was written for one record: field name to text. */
export type FieldTexts = Readonly<Record<string, FieldText>>;

/** A field that was refused. `message` names field, value and remedy in one sentence; a secret's value is not in it. */
export interface FieldError {
  readonly field: string;
  readonly message: string;
}

const maxListEntries = 200;
const maxShownCharacters = 60;

/** The texts of a list, whether it was written as a list or with commas between. */
export function listOf(text: FieldText): Result<readonly string[], string> {
  const parts = typeof text === 'string' ? text.split(',') : text;
  const entries = parts.map((part) => part.trim()).filter((part) => part !== '');
  return entries.length > maxListEntries ? fail(`has more than ${maxListEntries} entries`) : ok(entries);
}

export function oneText(text: FieldText): Result<string, string> {
  if (typeof text !== 'string') return fail('is a list; write one value');
  return ok(text.trim());
}

/** Foreign text for a message: cut, on one line, in quotation marks. */
export function quoted(text: string): string {
  const line = text.replaceAll(/[\p{Cc}\p{Cf}]/gu, '?');
  return line.length > maxShownCharacters ? `'${line.slice(0, maxShownCharacters)}...'` : `'${line}'`;
}

const yes = ['true', 'yes', 'on', '1'];
const no = ['false', 'no', 'off', '0'];

export function flag(text: FieldText): Result<boolean, string> {
  const one = oneText(text);
  if (!one.ok) return one;
  const folded = one.value.toLowerCase();
  if (yes.includes(folded)) return ok(true);
  if (no.includes(folded)) return ok(false);
  return fail(`${quoted(one.value)} is neither yes nor no; write true or false`);
}

export function wholeNumber(text: FieldText, least: number, most: number): Result<number, string> {
  const one = oneText(text);
  if (!one.ok) return one;
  const value = /^\d{1,10}$/.test(one.value) ? Number(one.value) : Number.NaN;
  if (value >= least && value <= most) return ok(value);
  return fail(`${quoted(one.value)} is not a whole number from ${least} to ${most}`);
}

/** One of the words, whatever their case. */
export function wordOf<W extends string>(text: FieldText, words: readonly W[]): Result<W, string> {
  const one = oneText(text);
  if (!one.ok) return one;
  const found = words.find((word) => word === one.value.toLowerCase());
  return found === undefined ? fail(`${quoted(one.value)} is not one of ${words.join(', ')}`) : ok(found);
}

/** Text that a pattern allows; `wanted` says in words what that is. */
export function textLike(text: FieldText, pattern: RegExp, wanted: string): Result<string, string> {
  const one = oneText(text);
  if (!one.ok) return one;
  return pattern.test(one.value) ? one : fail(`${quoted(one.value)} is not ${wanted}`);
}

/** Ranges in their one form: `192.168.1.143/255.255.255.255` is kept as `192.168.1.143/32`. */
export function prefixes(text: FieldText): Result<readonly string[], string> {
  const entries = listOf(text);
  if (!entries.ok) return entries;
  const parsed: Prefix[] = [];
  for (const entry of entries.value) {
    const prefix = parsePrefix(entry);
    if (!prefix.ok) return prefix;
    parsed.push(prefix.value);
  }
  return ok([...new Set(parsed.map((prefix) => prefix.text))]);
}

const widestV4 = 16;
const widestV6 = 32;

/** Ranges that prove who somebody is: one that holds half the internet proves nothing. */
export function provingPrefixes(text: FieldText): Result<readonly string[], string> {
  const parsed = prefixes(text);
  if (!parsed.ok) return parsed;
  const wide = parsed.value.find((prefix) => {
    return Number(prefix.split('/')[1]) < (prefix.includes(':') ? widestV6 : widestV4);
  });
  if (wide === undefined) return parsed;
  return fail(`${quoted(wide)} is too wide to identify anybody; at most /${widestV4}, and /${widestV6} for IPv6`);
}

import metadata from 'libphonenumber-js/max/metadata';
import type { PhoneNumberType } from 'libphonenumber-js/max';

/** What the numbering plan of its country says of an E.164 number. */
export interface NumberInPlan {
  /** undefined where no plan has such a number. */
  readonly type: PhoneNumberType | undefined;
  readonly callingCode: string;
  /** Two letters; undefined where several countries share the code and none claims the number. */
  readonly country: string | undefined;
}

/** The numbering plan of one country, with its patterns compiled once and kept. */
interface Plan {
  readonly country: string | undefined;
  readonly whole: RegExp;
  readonly lengths: readonly number[];
  readonly nationalPrefix: RegExp | undefined;
  readonly prefixRule: string | undefined;
  readonly leadingDigits: RegExp | undefined;
  readonly types: readonly TypePattern[];
  readonly isMobileLikeFixedLine: boolean;
}

interface TypePattern {
  readonly type: PhoneNumberType;
  readonly pattern: RegExp;
  readonly lengths: readonly number[] | undefined;
}

/** The places of the plan's tuple and of its types, as libphonenumber-js documents its compact metadata (version 4). */
const at = { pattern: 2, lengths: 3, nationalPrefix: 5, prefixParsing: 7, prefixRule: 8, leadingDigits: 10, types: 11 };
const typePlaces = {
  ...{ FIXED_LINE: 0, MOBILE: 1, TOLL_FREE: 2, PREMIUM_RATE: 3, PERSONAL_NUMBER: 4 },
  ...{ VOICEMAIL: 5, UAN: 6, PAGER: 7, VOIP: 8, SHARED_COST: 9 },
} as const;
/** The order in which types are asked: patterns overlap. */
const typeOrder = [
  ...(['FIXED_LINE', 'MOBILE', 'PREMIUM_RATE', 'TOLL_FREE', 'SHARED_COST', 'VOIP'] as const),
  ...(['PERSONAL_NUMBER', 'PAGER', 'UAN', 'VOICEMAIL'] as const),
];

const longestCallingCode = 3;
const nationalLengths = { least: 2, most: 17 };
const plansByCode = new Map<string, readonly Plan[]>();
const sampleNumbers = ['1234567890', '9001234567'];

/**
 * Compiles every pattern, some 0.1 s of work in all: a pattern is compiled when it is first asked, and one of a large
 * country takes milliseconds, which no call should wait for.
 */
export function* warmNumberTypes(): Generator<void, void> {
  for (const code of [...Object.keys(metadata.country_calling_codes), ...Object.keys(metadata.nonGeographic)]) {
    for (const { whole, nationalPrefix, types } of plansOf(code)) {
      for (const pattern of [whole, nationalPrefix, ...types.map((type) => type.pattern)]) {
        yield;
        for (const sample of sampleNumbers) pattern?.test(sample);
      }
    }
  }
}

/** @param digits E.164 without the plus. @returns undefined where no country has the calling code. */
export function numberInPlan(digits: string): NumberInPlan | undefined {
  for (let length = 1; length <= longestCallingCode; length++) {
    const callingCode = digits.slice(0, length);
    const plans = plansOf(callingCode);
    const [main] = plans;
    if (main === undefined) continue;
    const national = nationalNumber(digits.slice(length), plans, main);
    if (national.length < nationalLengths.least || national.length > nationalLengths.most) return undefined;
    const exact = exactPlan(national, plans);
    return { type: typeOf(national, exact ?? main), callingCode, country: exact?.country };
  }
  return undefined;
}

/** People write the national prefix behind the country code too (+43 0664), and networks take it away. */
function nationalNumber(digits: string, plans: readonly Plan[], main: Plan): string {
  const match = main.nationalPrefix?.exec(digits);
  if (match === null || match === undefined || main.nationalPrefix === undefined) return digits;
  const captured = match.length > 1 && (match[match.length - 1] ?? '') !== '';
  const stripped =
    main.prefixRule !== undefined && captured
      ? digits.replace(main.nationalPrefix, main.prefixRule)
      : digits.slice(match[0].length);
  if (main.whole.test(digits) && !main.whole.test(stripped)) return digits;
  const { lengths } = exactPlan(stripped, plans) ?? main;
  const isTooLong = stripped.length > (lengths.at(-1) ?? 0);
  return isTooLong || lengths.includes(stripped.length) ? stripped : digits;
}

/** Of the countries that share a calling code, the one that claims the number. */
function exactPlan(national: string, plans: readonly Plan[]): Plan | undefined {
  if (plans.length === 1) return plans[0];
  return plans.find((plan) => {
    return plan.leadingDigits === undefined ? typeOf(national, plan) !== undefined : plan.leadingDigits.test(national);
  });
}

function typeOf(national: string, { whole, types, isMobileLikeFixedLine }: Plan): PhoneNumberType | undefined {
  if (!whole.test(national)) return undefined;
  const fits = ({ pattern, lengths }: TypePattern): boolean =>
    (lengths === undefined || lengths.includes(national.length)) && pattern.test(national);
  const found = types.find(fits)?.type;
  if (found !== 'FIXED_LINE') return found;
  const isMobileToo = isMobileLikeFixedLine || types.some((each) => each.type === 'MOBILE' && fits(each));
  return isMobileToo ? 'FIXED_LINE_OR_MOBILE' : 'FIXED_LINE';
}

function plansOf(callingCode: string): readonly Plan[] {
  const known = plansByCode.get(callingCode);
  if (known !== undefined) return known;
  const countries: Readonly<Record<string, unknown>> = metadata.countries;
  const shared: Readonly<Record<string, readonly string[]>> = metadata.country_calling_codes;
  const nowhere: Readonly<Record<string, unknown>> = metadata.nonGeographic;
  const named = (shared[callingCode] ?? []).map((country) => planOf(countries[country], country));
  const plans = callingCode in nowhere ? [planOf(nowhere[callingCode], undefined)] : named;
  // Only what exists is kept: digits that strangers dial must not fill the memory.
  if (plans.length > 0) plansByCode.set(callingCode, plans);
  return plans;
}

function planOf(tuple: unknown, country: string | undefined): Plan {
  const types = listAt(tuple, at.types);
  const prefix = textAt(tuple, at.prefixParsing) || textAt(tuple, at.nationalPrefix);
  const leading = textAt(tuple, at.leadingDigits);
  const mobile = listAt(types, typePlaces.MOBILE);
  return {
    country,
    whole: new RegExp(`^(?:${textAt(tuple, at.pattern)})$`),
    lengths: numbersAt(tuple, at.lengths) ?? [],
    nationalPrefix: prefix === '' ? undefined : new RegExp(`^(?:${prefix})`),
    prefixRule: textAt(tuple, at.prefixRule) || undefined,
    leadingDigits: leading === '' ? undefined : new RegExp(`^(?:${leading})`),
    types: typeOrder.flatMap((type): TypePattern[] => {
      const entry = listAt(types, typePlaces[type]);
      const pattern = textAt(entry, 0);
      const lengths = numbersAt(entry, 1) ?? numbersAt(tuple, at.lengths);
      return pattern === '' ? [] : [{ type, pattern: new RegExp(`^(?:${pattern})$`), lengths }];
    }),
    // A pattern that is the same as that of fixed lines is left out of the tables.
    isMobileLikeFixedLine: mobile.length === 0 || textAt(mobile, 0) === '',
  };
}

function listAt(tuple: unknown, place: number): readonly unknown[] {
  const value: unknown = Array.isArray(tuple) ? tuple[place] : undefined;
  return Array.isArray(value) ? value : [];
}

function textAt(tuple: unknown, place: number): string {
  const value: unknown = Array.isArray(tuple) ? tuple[place] : undefined;
  return typeof value === 'string' ? value : '';
}

function numbersAt(tuple: unknown, place: number): readonly number[] | undefined {
  const numbers = listAt(tuple, place).filter((value) => typeof value === 'number');
  return numbers.length === 0 ? undefined : numbers;
}

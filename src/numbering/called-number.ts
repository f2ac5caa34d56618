import type { NumberingPlan } from './numbering-plan.ts';

/**
 * How a SIP server wants numbers written. `''`: as the dial rule makes them. `e164`: 43123456. `plus`: +43123456.
 * `international`: 0043123456. `national`: 0123456 at home, 0043... abroad.
 */
export const numberFormats = ['', 'e164', 'plus', 'international', 'national'] as const;
export type NumberFormat = (typeof numberFormats)[number];

/** The one number that a call is classified, barred, priced and counted by. */
export interface CalledNumber {
  /** `e164`: with country code. `short`: digits that mean something to one network only. */
  readonly form: 'e164' | 'short';
  readonly digits: string;
  /** The other E.164 number that the same digits could be, where they came without any prefix; else empty. */
  readonly orElse: string;
}

const e164Form = /^[1-9]\d{4,14}$/;
/** Fewer digits without a prefix are a short number, not a country code and subscriber. */
const minBareLength = 7;

/** Two readings of what is sent are the same number. */
export function isSameNumber(one: CalledNumber, other: CalledNumber): boolean {
  return one.form === other.form && one.digits === other.digits;
}

/**
 * Reads what is sent in the format that the SIP server declares. What stands before a `*` or `#` is a service code that
 * a dial rule has spelt out, not part of the number.
 * @returns undefined for what is no number in that format.
 */
export function readNumber(sent: string, format: NumberFormat, plan: NumberingPlan): CalledNumber | undefined {
  const text = sent.slice(sent.search(/[^*#]*$/));
  switch (format) {
    case 'e164':
      return globalNumber(text);
    case 'plus':
      return text.startsWith('+') ? globalNumber(text.slice(1)) : undefined;
    case 'international': {
      const { internationalPrefix } = plan;
      return text.startsWith(internationalPrefix) ? globalNumber(text.slice(internationalPrefix.length)) : undefined;
    }
    case 'national':
      return prefixedNumber(text, plan) ?? (/^\d{1,6}$/.test(text) ? shortNumber(text) : undefined);
    case '':
      if (text === '' && sent !== '') return shortNumber(sent);
      return prefixedNumber(text, plan) ?? bareNumber(text, plan);
  }
}

/** Writes a number in a declared format; undefined where the format has no way to say it. */
export function writeNumber(
  { form, digits }: CalledNumber,
  format: Exclude<NumberFormat, ''>,
  { internationalPrefix, nationalPrefix, homeCountry }: NumberingPlan,
): string | undefined {
  if (form === 'short') return format === 'national' ? digits : undefined;
  switch (format) {
    case 'e164':
      return digits;
    case 'plus':
      return `+${digits}`;
    case 'international':
      return internationalPrefix + digits;
    case 'national':
      return homeCountry !== '' && digits.startsWith(homeCountry)
        ? nationalPrefix + digits.slice(homeCountry.length)
        : internationalPrefix + digits;
  }
}

/** A number whose prefix says how to read it. */
function prefixedNumber(text: string, plan: NumberingPlan): CalledNumber | undefined {
  const { homeCountry, internationalPrefix, nationalPrefix } = plan;
  if (text.startsWith('+')) return globalNumber(text.slice(1));
  if (internationalPrefix !== '' && text.startsWith(internationalPrefix)) {
    const abroad = globalNumber(text.slice(internationalPrefix.length));
    if (abroad !== undefined) return abroad;
  }
  if (homeCountry === '') return undefined;
  if (nationalPrefix !== '') {
    return text.startsWith(nationalPrefix) ? globalNumber(homeCountry + text.slice(nationalPrefix.length)) : undefined;
  }
  // Where there is no national prefix, a number that begins with 0 is one of the country itself (Italy).
  return text.startsWith('0') ? globalNumber(homeCountry + text) : undefined;
}

function bareNumber(text: string, { homeCountry }: NumberingPlan): CalledNumber | undefined {
  if (!/^\d{1,15}$/.test(text)) return undefined;
  if (text.length < minBareLength || text.startsWith('0')) return shortNumber(text);
  const orElse = homeCountry !== '' && e164Form.test(homeCountry + text) ? homeCountry + text : '';
  return { form: 'e164', digits: text, orElse };
}

function globalNumber(digits: string): CalledNumber | undefined {
  return e164Form.test(digits) ? { form: 'e164', digits, orElse: '' } : undefined;
}

function shortNumber(digits: string): CalledNumber {
  return { form: 'short', digits, orElse: '' };
}

import type { Settings } from '../../settings/index.ts';
import { parseUri } from '../../sip/message/index.ts';

/** How numbers are written where the server stands. */
export interface NumberingPlan {
  /** Country code digits of the home country, empty while it is not set. */
  readonly homeCountry: string;
  readonly internationalPrefix: string;
  readonly nationalPrefix: string;
}

export function numberingPlan(settings: Settings): NumberingPlan {
  const { home_country, international_prefix, national_prefix } = settings;
  return { homeCountry: home_country, internationalPrefix: international_prefix, nationalPrefix: national_prefix };
}

/** What was dialled: a name of a user, or a number with its forms. */
export type Dialled =
  | { readonly kind: 'name'; readonly name: string }
  | {
      readonly kind: 'number';
      /** Digits as dialled, with `+` written as the international prefix: what patterns are held against. */
      readonly digits: string;
      /** E.164 digits without `+` where the number's form tells them, else the dialled digits. */
      readonly canonical: string;
      readonly numberClass: 'internal' | 'domestic' | 'international';
    };

const maxDialledLength = 64;
const visualSeparators = /[-.() ]/g;

/**
 * The one canonical form of what was dialled. Parameters in the user part (`;rn=`, `;npdi`, `;phone-context=`,
 * `;postd=`) never reach a price or a carrier: they are dropped here, or the number is refused where it means
 * nothing without them.
 * @param strip digits of a tech prefix in front, which are a secret and no part of the number.
 * @returns undefined for what is neither a name nor a number.
 */
export function readDialled(requestUri: string, plan: NumberingPlan, strip = 0): Dialled | undefined {
  const uri = parseUri(requestUri);
  if (!uri.ok) return undefined;
  const written = uri.value.scheme === 'tel' ? uri.value.number : (uri.value.user.split(';', 1)[0] ?? '');
  const text = written.slice(strip);
  if (text === '' || text.length > maxDialledLength) return undefined;
  const bare = text.replace(visualSeparators, '');
  if (/^\+?[0-9*#]+$/.test(bare)) return readNumber(bare, plan);
  return /^[A-Za-z0-9._+~!$&'*=-]+$/.test(text) ? { kind: 'name', name: text } : undefined;
}

/** The canonical form of digits that are no URI: after a dial rule has changed them, and for numbers in an import. */
export function canonicalDigits(digits: string, plan: NumberingPlan): string {
  const { homeCountry, internationalPrefix, nationalPrefix } = plan;
  if (digits.startsWith('+')) return digits.slice(1);
  if (internationalPrefix !== '' && digits.startsWith(internationalPrefix)) {
    return digits.slice(internationalPrefix.length);
  }
  if (homeCountry !== '' && nationalPrefix !== '' && digits.startsWith(nationalPrefix)) {
    return homeCountry + digits.slice(nationalPrefix.length);
  }
  return digits;
}

function readNumber(text: string, plan: NumberingPlan): Dialled {
  const digits = text.startsWith('+') ? plan.internationalPrefix + text.slice(1) : text;
  const canonical = canonicalDigits(text, plan);
  const changed = canonical !== text;
  const atHome = plan.homeCountry !== '' && canonical.startsWith(plan.homeCountry);
  const numberClass = !changed ? 'internal' : atHome ? 'domestic' : 'international';
  return { kind: 'number', digits, canonical, numberClass };
}

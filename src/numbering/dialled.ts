import { parseUri, type TelUri } from '../sip/message/index.ts';
import type { NumberingPlan } from './numbering-plan.ts';

/** What was dialled: a name of a user, or a number with its forms. */
export type Dialled =
  | { readonly kind: 'name'; readonly name: string }
  | {
      readonly kind: 'number';
      /** Digits as dialled, with `+` written as the international prefix: what patterns are held against. */
      readonly digits: string;
      /** E.164 digits without `+` where the number's form tells them, else the dialled digits. */
      readonly canonical: string;
      /** It was written with `+`: a dial rule may not make another number of it. */
      readonly global: boolean;
    };

const maxDialledLength = 64;
const visualSeparators = /[-.() ]/g;

/**
 * Reads what was dialled. Of the parameters of a number (RFC 3966 §5, RFC 4694) none reaches a price or a carrier:
 * routing numbers, postdial digits, extensions and escapes are dropped. Only `phone-context` changes which number a
 * local one is: that of the home country is taken in front, every other context is refused, because we would send
 * another number than the caller means.
 * @param strip digits of a tech prefix in front, which are a secret and no part of the number.
 * @returns undefined for what is neither a name nor a number.
 */
export function readDialled(requestUri: string, plan: NumberingPlan, strip = 0): Dialled | undefined {
  const uri = parseUri(requestUri);
  if (!uri.ok) return undefined;
  const { written, context } = uri.value.scheme === 'tel' ? telParts(uri.value) : userParts(uri.value.user);
  const text = written.slice(strip);
  if (text === '' || text.length > maxDialledLength) return undefined;
  const bare = text.replace(visualSeparators, '');
  if (/^\+?[0-9*#]+$/.test(bare)) return inContext(bare, context, plan);
  return /^[A-Za-z0-9._+~!$&'*=-]+$/.test(text) ? { kind: 'name', name: text } : undefined;
}

interface WrittenNumber {
  readonly written: string;
  readonly context: string;
}

function telParts({ number, params }: TelUri): WrittenNumber {
  return { written: number, context: params.get('phone-context') ?? '' };
}

/** A user part may be a telephone number with its parameters (RFC 3261 §19.1.6). */
function userParts(user: string): WrittenNumber {
  const [written = '', ...params] = user.split(';');
  const context = params.find((param) => /^phone-context=/i.test(param)) ?? '';
  return { written, context: context.slice('phone-context='.length) };
}

function inContext(text: string, context: string, plan: NumberingPlan): Dialled | undefined {
  if (context === '' || text.startsWith('+')) return readDigits(text, plan);
  const { homeCountry } = plan;
  if (homeCountry === '' || context.replace(visualSeparators, '') !== `+${homeCountry}`) return undefined;
  return readDigits(`+${homeCountry}${text}`, plan);
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

function readDigits(text: string, plan: NumberingPlan): Dialled {
  const global = text.startsWith('+');
  const digits = global ? plan.internationalPrefix + text.slice(1) : text;
  return { kind: 'number', digits, canonical: canonicalDigits(text, plan), global };
}

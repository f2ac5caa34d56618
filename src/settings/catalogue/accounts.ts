import { string } from '../setting.ts';
import { countryCode, dialPrefix, optional, region, timeZone } from '../text-checks.ts';

/** What dialled numbers and billing days are measured by. */
export const accountSettings = {
  home_country: string({
    id: 'own.home-country',
    text: 'The calling code of the country that accounts are in unless theirs says otherwise. It exists because what is national, international or an emergency number can only be said from a country; while it is empty, only numbers in international form are understood.',
    default: '',
    allowed: 'one to three digits, such as 49 or 1, or empty',
    check: optional(countryCode),
    effect: 'live',
  }),
  home_region: string({
    id: 'own.home-region',
    text: 'The two letters of the home country where several share its calling code, such as CA beside US. It exists because a call within the code 1 may be domestic or to the Caribbean; while it is empty, the largest country of the code is meant.',
    default: '',
    allowed: 'two capital letters (ISO 3166), such as CA, or empty',
    check: optional(region),
    effect: 'live',
  }),
  international_prefix: string({
    id: 'own.international-prefix',
    text: 'The digits that stand for + when a user dials abroad, such as 00, or 011 in North America. It exists so that one number has one form, however it was dialled.',
    default: '00',
    allowed: 'one to six digits',
    check: dialPrefix,
    effect: 'live',
  }),
  national_prefix: string({
    id: 'own.national-prefix',
    text: 'The digit before an area code in national dialling, such as 0. It exists so that one number has one form; leave it empty in countries that have none.',
    default: '0',
    allowed: 'one to six digits, or empty',
    check: optional(dialPrefix),
    effect: 'live',
  }),
  timezone: string({
    id: 'own.timezone',
    text: 'The time zone in which billing days and months begin and end. It exists because a daily limit needs one midnight, the same for every account; periods that have begun keep their bounds when it changes.',
    default: 'UTC',
    allowed: 'a name of the IANA time zone database, such as Europe/Berlin',
    check: timeZone,
    effect: 'restart',
  }),
};

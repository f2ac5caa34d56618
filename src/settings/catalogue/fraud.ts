import { bool, list } from '../setting.ts';
import { e164, e164Prefix } from '../text-checks.ts';

/** Which numbers may be called at all, before anybody asks what they cost. */
export const fraudSettings = {
  blocksatellitecalls: bool({
    id: 'fraud.blocksatellitecalls',
    text: 'Refuses calls to satellite phones and to other networks without a country (870, 881, 882, 883), however the number is dialled. They cost several units a minute and nearly every such call is fraud.',
    default: true,
    effect: 'live',
  }),
  blockpremiumnumbers: bool({
    id: 'fraud.blockpremiumnumbers',
    text: 'Refuses calls to premium rate and personal numbers of all countries, however they are dialled: whoever steals a password calls a number that pays him. premium_prefixes adds to them, premium_exceptions takes single numbers out.',
    default: true,
    effect: 'live',
  }),
  premium_prefixes: list({
    id: 'own.premium-prefixes',
    text: 'Further prefixes that count as premium, in international form. It exists because new ranges are opened before any table knows them.',
    default: [],
    allowed: 'prefixes such as 43810 or +37190, divided by commas',
    check: e164Prefix,
    effect: 'live',
  }),
  premium_exceptions: list({
    id: 'own.premium-exceptions',
    text: 'Whole numbers that may be called although they are premium, in international form. It exists for the one hotline that a customer needs.',
    default: [],
    allowed: 'numbers such as +43900123456, divided by commas',
    check: e164,
    effect: 'live',
  }),
  fix_blacklist: list({
    id: 'blacklist.fix-blacklist',
    text: 'Numbers that are never called, in international form, whoever dials them and in whatever form. Looked at before routing and prices.',
    default: [],
    allowed: 'numbers such as +43900123456, divided by commas',
    check: e164,
    effect: 'live',
  }),
  allowed_directions: list({
    id: 'own.allowed-directions',
    text: 'Prefixes that calls may go to, in international form, such as 43, 49; every other one is refused. Empty for all. It exists so that a country that nobody needs cannot be used by a thief; users and SIP servers have lists of their own beside it.',
    default: [],
    allowed: 'prefixes such as 43 or +49, divided by commas; empty for all',
    check: e164Prefix,
    effect: 'live',
  }),
  blocked_directions: list({
    id: 'own.blocked-directions',
    text: 'Prefixes that no call may go to, in international form; they are refused also where allowed_directions has a shorter one. It exists to take a few islands out of an allowed country.',
    default: [],
    allowed: 'prefixes such as 53 or +1876, divided by commas',
    check: e164Prefix,
    effect: 'live',
  }),
};

import { amount, bool, decimal, level, word } from '../setting.ts';

/** Old instructions write 1 as if these switched something on. */
function oneIsNoSwitch(micros: bigint): string | undefined {
  return micros === 1_000_000n ? 'it is an amount: everybody is stopped after 1 a day; 0 is no limit' : undefined;
}

/** What accounts may spend, beside the fields of each. Prepaid credit and a reseller's balance always hold. */
export const creditSettings = {
  creditcheckforpostp: bool({
    id: 'credit.creditcheckforpostp',
    text: 'Whether the monthly limit of a postpaid account is enforced. Switched off, a postpaid account has daily limits only.',
    default: true,
    seeds: false,
    reason: 'a monthly limit that somebody has set on an account is meant to hold',
    effect: 'live',
  }),
  maxunclearedcredit: amount({
    id: 'own.maxunclearedcredit',
    text: 'How much of its uncleared top-ups an account may spend, on domestic calls only. It exists because a payment that the bank takes back later is gone by then. 0 lets nothing of it be spent before it is cleared.',
    default: 0n,
    effect: 'live',
  }),
  maxdailycreditforenduser: amount({
    id: 'credit.maxdailycreditforenduser',
    text: 'What each enduser may spend in a day, where the account has no maxdailycredit of its own. 0 is no limit.',
    default: 0n,
    unwise: oneIsNoSwitch,
    effect: 'live',
  }),
  maxdailycreditforts: amount({
    id: 'credit.maxdailycreditforts',
    text: 'What each traffic sender may spend in a day, where the account has no maxdailycredit of its own. 0 is no limit.',
    default: 0n,
    unwise: oneIsNoSwitch,
    effect: 'live',
  }),
  maxdailycreditperuser: level({
    id: 'credit.maxdailycreditperuser',
    text: 'Whether the field maxdailycredit of an account has an effect. At 0 it comes into effect at the next change of a setting, or start, after an account has been given one.',
    default: 1,
    seeds: 0,
    reason: 'a limit that somebody has just set on an account is to hold at once',
    values: { 0: 'from the next change of a setting on', 1: 'at once' },
    effect: 'live',
  }),
  checkmaxdyndailycredit: level({
    id: 'credit.checkmaxdyndailycredit',
    text: 'Which accounts are held to a multiple of what they are used to spend in a day. A stolen password shows first as a day unlike the days before it.',
    default: 1,
    hardened: 2,
    seeds: 0,
    reason: 'an account that suddenly spends many times its usual day has mostly been stolen',
    values: { 0: 'none', 1: 'endusers', 2: 'endusers and traffic senders' },
    effect: 'live',
  }),
  maxdyndailycreditforenduser_min: amount({
    id: 'credit.maxdyndailycreditforenduser-min',
    text: 'What an enduser may spend in a day whatever it is used to.',
    default: 10_000_000n,
    effect: 'live',
  }),
  maxdynmaxdailycreditforts_min: amount({
    id: 'credit.maxdynmaxdailycreditforts-min',
    aliases: ['maxdyndailycreditforts_min'],
    text: 'What a traffic sender may spend in a day whatever it is used to.',
    default: 100_000_000n,
    effect: 'live',
  }),
  maxdyndailycredit_multiplier: decimal({
    id: 'credit.maxdyndailycredit-multiplier',
    text: 'How many times its usual day an account may spend. Below 4, ordinary ups and downs reach the limit.',
    default: 7,
    hardened: 5,
    min: 1,
    max: 1000,
    unit: '',
    unwise: (value) =>
      value < 4
        ? 'values below 4 are not recommended: the ordinary ups and downs of an account reach its limit'
        : undefined,
    effect: 'live',
  }),
  dynamiclimit: word({
    id: 'own.dynamiclimit',
    text: 'What the usual day of an account is. It exists because the highest day of all times lets a patient thief grow sevenfold a day, and never forgets one dear day of years ago.',
    default: 'decayed',
    seeds: 'highest',
    reason:
      'growth of half a day at most makes theft slow, and an account that has become quiet is watched closely again',
    values: {
      decayed: 'the highest day of the last 28, which counts half after 14 days, and rises at most by half a day',
      highest: 'the highest day that there ever was',
    },
    effect: 'live',
  }),
  cutrunningcalls: level({
    id: 'own.cutrunningcalls',
    text: 'Whether the daily, monthly and dynamic limits end a call that runs, at its last increment or second that fits. It exists because one call can run for hours past a limit. Credit always ends it.',
    default: 1,
    seeds: 0,
    reason: 'a limit that a running call may pass is none for whoever makes one long call',
    values: { 0: 'they refuse new calls only', 1: 'they end running calls' },
    unwise: (value) => (value === 0 ? 'one long call may pass every limit but the credit' : undefined),
    effect: 'live',
  }),
  maxcostperip: amount({
    id: 'limits.maxcostperip',
    text: 'What the calls from one address may cost in the time of maxcallperperiod. 0 is no limit.',
    default: 0n,
    effect: 'live',
  }),
};

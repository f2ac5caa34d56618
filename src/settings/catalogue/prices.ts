import { level, string } from '../setting.ts';
import { amount, currencyCode, optional, peakHours } from '../text-checks.ts';

/** What calls cost, and which are refused for their price. */
export const priceSettings = {
  currency: string({
    id: 'own.currency',
    text: 'The currency of all prices and balances, as three letters. It exists so that an amount is never without its currency; one installation has one, and once money has been posted, another one stops every call that costs something until the old one is back.',
    default: 'USD',
    allowed: 'three capital letters (ISO 4217), such as EUR',
    check: currencyCode,
    effect: 'restart',
  }),
  peak_hours: string({
    id: 'own.peak-hours',
    text: 'The hours in which the peak prices hold, in the time zone of the server; Saturdays and Sundays outside them have the weekend price, the rest the off-peak price. Outside them maxlinesoffpeak counts. Empty: peak always. It exists because a price list says peak and does not say when.',
    default: '',
    allowed: 'spans such as Mon-Fri 08:00-20:00, divided by semicolons, or empty',
    check: optional(peakHours),
    effect: 'live',
  }),
  ceiling_file: string({
    id: 'own.ceiling-file',
    text: 'The file with the highest price of a minute and the highest spend of an account, a SIP server and the whole server, which nothing else can raise. It exists so that whoever steals the administration cannot raise them: put it where only root can write. Empty: ceiling.conf in the data folder, which the first start makes.',
    default: '',
    allowed: 'an absolute path, or empty',
    check: (text) => (text === '' || text.startsWith('/') ? undefined : `'${text}' is not an absolute path`),
    effect: 'restart',
  }),
  blocknotbilledcalls: level({
    id: 'billing.blocknotbilledcalls',
    text: 'Refuses calls to SIP servers that could not be billed; each value refuses what the value below refuses. At 0 a call without a price goes out and costs its caller nothing.',
    default: 0,
    hardened: 4,
    values: {
      0: 'no call',
      1: 'without a packet for the number',
      2: 'where only a packet for every number fits',
      3: 'where the packet is not assigned to the account itself',
      4: "without a price in the packet's own tariff",
      5: 'without a price in the parent tariff too',
    },
    effect: 'live',
  }),
  blocknotprofitablecalls: level({
    id: 'billing.blocknotprofitablecalls',
    text: 'Leaves out SIP servers over which a call would lose money, and refuses the call when none is left. Price and cost are compared at a second, at the first increments, at a minute and at the mean duration of the account.',
    default: 1,
    seeds: 0,
    reason: 'a price list that has fallen behind its carrier is the commonest way to lose money, and nobody means it',
    hardened: 3,
    values: {
      0: 'none',
      1: 'where the cost is above the price',
      2: 'also where both are the same',
      3: 'also where one of them is not set',
    },
    effect: 'live',
  }),
  vgetpriceexactmatch: level({
    id: 'billing.vgetpriceexactmatch',
    text: 'Whether a price must be for the whole prefix of the direction: when any list knows the number by a longer prefix than the price that was found, the price counts as not found. It keeps a dear network from being sold at the price of its country.',
    default: 0,
    values: { 0: 'no', 1: 'for resellers', 2: 'for all' },
    effect: 'live',
  }),
  notbilledcallerr: level({
    id: 'billing.notbilledcallerr',
    text: 'How loud the event is that a finished call had no price.',
    default: 0,
    hardened: 2,
    values: { 0: 'a warning', 1: 'an error', 2: 'critical: an error that is marked for the administrator' },
    effect: 'live',
  }),
  blockhighcostcalls: string({
    id: 'billing.blockhighcostcalls',
    text: 'The highest cost per minute of a SIP server, at whatever hour, that a call may have; dearer ones are left out, and the call is refused when none is left. 0 is no bound.',
    default: '0',
    allowed: 'an amount such as 1.00, or 0',
    check: amount,
    effect: 'live',
  }),
};

import { maxPostingMicros, parseAmount, printAmount } from '../base/money/money.ts';
import { fail, ok, type Result } from '../base/result/result.ts';
import type { AccountField } from './account-field.ts';
import { type FieldText, flag, oneText } from './field-texts.ts';
import type { Account, AccountKind } from './model.ts';
import { moneyLimitFields } from './money.ts';

const payers: readonly AccountKind[] = ['enduser', 'trafficsender', 'reseller'];

/** How an account pays, and what it may spend. */
export const moneyFields: readonly AccountField[] = [
  {
    name: 'postpaid',
    kinds: payers,
    meaning: 'true when the account is billed afterwards: its balance ends no call, its limits do',
    set: (account, text) => {
      const parsed = flag(text);
      return parsed.ok ? ok({ ...account, money: { ...account.money, isPostpaid: parsed.value } }) : parsed;
    },
    show: ({ money }) => String(money.isPostpaid),
  },
  {
    name: 'credit',
    kinds: payers,
    meaning: 'what a new account begins with; it is posted once, and later amounts come by ringfence ledger topup',
    set: setOpening,
    show: ({ money }) => (money.openingMicros === undefined ? '' : printAmount(money.openingMicros)),
  },
  {
    name: 'locked',
    kinds: payers,
    meaning: 'the chargeback that locked the account against calls; false unlocks it',
    set: (account, text) => {
      const one = oneText(text);
      if (!one.ok || one.value === account.money.lockedBy) return one.ok ? ok(account) : one;
      if (['', 'false', 'no', '0'].includes(one.value.toLowerCase())) {
        return ok({ ...account, money: { ...account.money, lockedBy: '' } });
      }
      return fail('is set by a chargeback alone; write false to unlock');
    },
    show: ({ money }) => money.lockedBy,
  },
  amountField('maxmonthlycredit', payers, 'what it may spend in a month; 0 for no limit'),
  amountField('maxmonthlycreditinc', payers, 'added to the limit of the month after each month with a charge'),
  amountField(
    'maxmonthlycreditend',
    payers,
    'what the limit of the month never grows beyond; without it nothing grows',
  ),
  amountField(
    'maxdailycredit',
    [...payers, 'sipserver'],
    'what it may spend in a day, 0 for the common limit; of a SIP server what its calls may cost us in a day',
  ),
];

/** [credit.credit] An account has one beginning: the same amount again changes nothing, another one is for the ledger. */
function setOpening(account: Account, text: FieldText): Result<Account, string> {
  const one = oneText(text);
  if (!one.ok) return one;
  const { openingMicros } = account.money;
  if (one.value === '' && openingMicros === undefined) return ok(account);
  const parsed = parseAmount(one.value, { minMicros: 0n, maxMicros: maxPostingMicros });
  if (!parsed.ok) return parsed;
  if (openingMicros === undefined) return ok({ ...account, money: { ...account.money, openingMicros: parsed.value } });
  if (openingMicros === parsed.value) return ok(account);
  return fail(
    `is what the account began with, ${printAmount(openingMicros)}, and does not change; use 'ringfence ledger topup' or 'ringfence ledger adjust'`,
  );
}

function amountField(
  name: keyof typeof moneyLimitFields,
  kinds: readonly AccountKind[],
  meaning: string,
): AccountField {
  const key = moneyLimitFields[name];
  return {
    name,
    kinds,
    meaning,
    set: (account, text) => {
      const one = oneText(text);
      if (!one.ok) return one;
      const parsed = parseAmount(one.value === '' ? '0' : one.value);
      return parsed.ok ? checked({ ...account, money: { ...account.money, [key]: parsed.value } }) : parsed;
    },
    show: ({ money }) => printAmount(money[key]),
  };
}

/** [credit.maxmonthlycreditend] The bound of growth is a bound of the limit too. */
function checked(account: Account): Result<Account, string> {
  const { monthMicros, monthEndMicros } = account.money;
  if (monthEndMicros === 0n || monthMicros <= monthEndMicros) return ok(account);
  const [limit, end] = [printAmount(monthMicros), printAmount(monthEndMicros)];
  return fail(
    `would leave maxmonthlycredit ${limit} above maxmonthlycreditend ${end}; raise the end first, or lower the limit`,
  );
}

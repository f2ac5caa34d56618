import { fail, ok, type Result } from '../base/result/result.ts';
import type { AccountField } from './account-field.ts';
import { type FieldText, flag, oneText, wholeNumber } from './field-texts.ts';
import type { AccountKind, AccountLimits } from './model.ts';

const payers: readonly AccountKind[] = ['enduser', 'trafficsender'];
const withServers: readonly AccountKind[] = [...payers, 'sipserver'];
const maxLinesOfAll = 100_000;
const maxSeconds = 1_000_000_000;

/** What limits an account in counts and time. */
export const limitFields: readonly AccountField[] = [
  {
    ...numberField('maxlines', 'maxLines', maxLinesOfAll),
    aliases: ['max_ports'],
    kinds: payers,
    meaning: 'calls at once that the account pays for; 0 for no limit',
  },
  {
    ...numberField('maxlinesoffpeak', 'maxLinesOffpeak', maxLinesOfAll),
    kinds: payers,
    meaning: 'the same outside peak_hours; empty for as maxlines',
  },
  {
    ...numberField('maxcps', 'maxCps', 1000),
    kinds: withServers,
    meaning:
      'calls that it may start, or a SIP server may be sent, in a second; 0 for no limit, empty for as the setting',
  },
  {
    ...numberField('maxslperday', 'maxSlPerDayS', maxSeconds),
    kinds: withServers,
    meaning: 'seconds that the calls it starts, or that are sent to a SIP server, may last in a day; 0 for no limit',
  },
  {
    ...numberField('maxslpermonth', 'maxSlPerMonthS', maxSeconds),
    kinds: withServers,
    meaning: 'the same in a calendar month',
  },
  {
    ...flagField('onlylocalaccess', 'onlyLocalAccess'),
    kinds: ['trafficsender', 'sipserver'],
    meaning: 'true to let it reach users and numbers of ours only, and never go out',
  },
  {
    ...flagField('international', 'international'),
    kinds: payers,
    meaning: 'true to allow calls abroad; off for a new enduser',
  },
];

type Own<T> = { [K in keyof AccountLimits]: AccountLimits[K] extends T ? K : never }[keyof AccountLimits];
type FieldBody = Pick<AccountField, 'name' | 'set' | 'show'>;

/** A number that may be left empty where the model has no value for that. */
function numberField(name: string, key: Own<number | undefined>, max: number): FieldBody {
  const mayBeEmpty = key === 'maxLinesOffpeak' || key === 'maxCps';
  return {
    name,
    set: (account, text) => {
      const parsed = mayBeEmpty ? numberOrEmpty(text, max) : wholeNumber(text, 0, max);
      return parsed.ok ? ok({ ...account, limits: { ...account.limits, [key]: parsed.value } }) : parsed;
    },
    show: ({ limits }) => String(limits[key] ?? ''),
  };
}

function numberOrEmpty(text: FieldText, max: number): Result<number | undefined, string> {
  const one = oneText(text);
  if (!one.ok) return fail(one.error);
  return one.value === '' ? ok(undefined) : wholeNumber(text, 0, max);
}

function flagField(name: string, key: Own<boolean>): FieldBody {
  return {
    name,
    set: (account, text) => {
      const parsed = flag(text);
      return parsed.ok ? ok({ ...account, limits: { ...account.limits, [key]: parsed.value } }) : parsed;
    },
    show: ({ limits }) => String(limits[key]),
  };
}

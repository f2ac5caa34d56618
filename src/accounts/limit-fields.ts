import { ok } from '../base/result/result.ts';
import type { AccountField } from './account-field.ts';
import { wholeNumber } from './field-texts.ts';
import type { AccountKind, AccountLimits } from './model.ts';

const payers: readonly AccountKind[] = ['enduser', 'trafficsender'];
const maxLinesOfAll = 100_000;

/** What limits an account in counts and time. */
export const limitFields: readonly AccountField[] = [
  {
    ...numberField('maxlines', 'maxLines', payers, maxLinesOfAll),
    aliases: ['max_ports'],
    meaning: 'calls at once that the account pays for; 0 for no limit',
  },
];

type NumberKey = { [K in keyof AccountLimits]: AccountLimits[K] extends number ? K : never }[keyof AccountLimits];

function numberField(
  name: string,
  key: NumberKey,
  kinds: readonly AccountKind[],
  max: number,
): Omit<AccountField, 'meaning'> {
  return {
    name,
    kinds,
    set: (account, text) => {
      const parsed = wholeNumber(text, 0, max);
      return parsed.ok ? ok({ ...account, limits: { ...account.limits, [key]: parsed.value } }) : parsed;
    },
    show: ({ limits }) => String(limits[key]),
  };
}

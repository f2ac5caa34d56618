import { int } from '../setting.ts';

/** What calls are limited to in counts and time, beside the fields of each account. */
export const limitSettings = {
  quotadiscreason: int({
    id: 'credit.quotadiscreason',
    text: 'The SIP status of a call that is refused because a limit of its account is reached.',
    default: 403,
    min: 400,
    max: 699,
    unit: '',
    effect: 'live',
  }),
};

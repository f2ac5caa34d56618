import { int } from '../setting.ts';

/** How many calls there may be, and how a refused one is answered. */
export const callSettings = {
  max_calls: int({
    id: 'own.max-calls',
    text: 'How many calls may be in progress at once on the whole server; the next one gets 503. It exists so that memory and ports have a known upper bound and running calls keep their quality.',
    default: 4000,
    min: 1,
    max: 100_000,
    unit: 'calls',
    effect: 'live',
  }),
  max_forks: int({
    id: 'own.max-forks',
    text: 'How many phones of one user ring at once for one call. It exists because each of them costs a leg: one INVITE must not become hundreds.',
    default: 10,
    hardened: 5,
    min: 1,
    max: 50,
    unit: 'legs',
    effect: 'live',
  }),
};

import { word } from '../setting.ts';

/** The set of values that holds wherever nothing else was said. */
export const profileSettings = {
  profile: word({
    id: 'own.profile',
    text: 'The named set of values that every setting has until somebody sets it. It exists so that one word makes a server stricter, or gives it the values of the older systems that the names of many settings come from, and so that it is seen afterwards which word it was.',
    default: 'default',
    values: {
      default: 'the safe values of the manual',
      seeds:
        'the values of older systems, for who comes from one of them; less safe in what the reference lists with a reason for each',
      hardened: 'stricter where phones usually bear it; try it with your own',
      stress_test: 'for load tests by machines of your own; never in production',
    },
    unwise: (value) =>
      value === 'stress_test'
        ? 'limits and detections are off for a load test; never leave it on in production'
        : undefined,
    effect: 'live',
  }),
};

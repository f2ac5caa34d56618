import type { CallLifecycle } from '../../billing/seam.ts';

/** Two that look after calls, as one: what `first` refuses, `second` is not asked about. */
export function joined(first: CallLifecycle, second: CallLifecycle): CallLifecycle {
  return {
    beforeDial: (call, leg) => first.beforeDial(call, leg) ?? second.beforeDial(call, leg),
    dialled: (call) => {
      first.dialled(call);
      second.dialled(call);
    },
    answered: (call, leg) => {
      first.answered(call, leg);
      second.answered(call, leg);
    },
    ended: (call) => {
      first.ended(call);
      second.ended(call);
    },
  };
}

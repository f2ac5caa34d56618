import type { DialRule } from './model.ts';

/** A rule with nothing set: what a new one begins as. */
export function blankDialRule(id: number, name: string): DialRule {
  return {
    id,
    name,
    pattern: '',
    secretPrefix: '',
    deleteDigits: 0,
    addDigits: '',
    timeRule: '',
    maxDurationS: 0,
    emergency: false,
    dialPlan: '',
    routes: [],
    recordInCdr: true,
  };
}

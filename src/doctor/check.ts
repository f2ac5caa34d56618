/**
 * `ok` needs nothing; `warning` is a choice that costs safety; `fault` lets an attacker in or makes the server fail;
 * `unknown` could not be seen from here.
 */
export type CheckResult = 'ok' | 'warning' | 'fault' | 'unknown';

/** What one check of the doctor saw, what that means, and what to do about it (empty where nothing is to be done). */
export interface DoctorCheck {
  readonly name: string;
  readonly result: CheckResult;
  readonly seen: string;
  readonly meaning: string;
  readonly remedy: string;
}

/** A check with what it always says; `judge` fills in the rest. */
export interface Practice<Facts> {
  readonly name: string;
  readonly meaning: string;
  readonly remedy: string;
  readonly judge: (facts: Facts) => Judgement;
}

export interface Judgement {
  readonly result: CheckResult;
  readonly seen: string;
}

export function examine<Facts>(practices: readonly Practice<Facts>[], facts: Facts): readonly DoctorCheck[] {
  return practices.map(({ name, meaning, remedy, judge }) => {
    const { result, seen } = judge(facts);
    return { name, result, seen, meaning, remedy: result === 'ok' ? '' : remedy };
  });
}

/** At most ten names of many, for one line. */
export function few(names: readonly string[]): string {
  const shown = names.slice(0, 10).join(', ');
  return names.length > 10 ? `${shown} and ${names.length - 10} more` : shown;
}

export function unlessNone(names: readonly string[], result: CheckResult, none: string): Judgement {
  return names.length === 0 ? { result: 'ok', seen: none } : { result, seen: few(names) };
}

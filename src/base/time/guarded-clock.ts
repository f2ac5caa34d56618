import type { Clock } from './clock.ts';

/** A clock whose timers never throw: what fails in one is told, and ends that unit of work only. */
export function guardedClock(clock: Clock, onFault: (error: unknown) => void): Clock {
  return {
    monotonicMs: () => clock.monotonicMs(),
    wallMs: () => clock.wallMs(),
    after: (delayMs, fire) =>
      clock.after(delayMs, () => {
        try {
          fire();
        } catch (error) {
          onFault(error);
        }
      }),
  };
}

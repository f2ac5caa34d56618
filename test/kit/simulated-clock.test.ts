import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { SimulatedClock } from './simulated-clock.ts';

describe('the simulated clock', () => {
  it('fires timers by their time and, at the same time, in the order they were set', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ delay: fc.nat(20), cancelled: fc.boolean() })), (timers) => {
        const clock = new SimulatedClock();
        const fired: number[] = [];
        const set = timers.map(({ delay }, index) => clock.after(delay, () => fired.push(index)));
        for (const [index, { cancelled }] of timers.entries()) if (cancelled) set[index]?.cancel();
        const expected = timers
          .map(({ delay, cancelled }, index) => ({ delay, cancelled, index }))
          .filter(({ cancelled }) => !cancelled)
          .toSorted((one, other) => one.delay - other.delay || one.index - other.index)
          .map(({ index }) => index);
        assert.equal(clock.pendingCount, expected.length);
        clock.advance(20);
        assert.deepEqual(fired, expected);
        assert.equal(clock.pendingCount, 0);
      }),
    );
  });

  it('fires what fired timers set while it moves, at their own time, and nothing that they cancel', () => {
    const clock = new SimulatedClock(1000);
    const log: string[] = [];
    const doomed = clock.after(30, () => log.push('never'));
    clock.after(10, () => {
      doomed.cancel();
      clock.after(5, () => log.push(`second at ${clock.monotonicMs()}, ${clock.wallMs()}`));
    });
    const later = clock.after(41, () => log.push('later'));
    clock.advance(40);
    assert.deepEqual(log, ['second at 15, 1015']);
    assert.deepEqual([clock.monotonicMs(), clock.nextDueMs, clock.pendingCount], [40, 41, 1]);
    later.cancel();
    later.cancel();
    assert.equal(clock.nextDueMs, undefined);
  });
});

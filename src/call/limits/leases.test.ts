import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SimulatedClock } from '../../../test/kit/simulated-clock.ts';
import { type Lease, Leases, leaseMs } from './leases.ts';

test('whatever is taken and given back, also twice, the count is that of the calls that hold one', () => {
  const step = fc.record({ take: fc.boolean(), subject: fc.integer({ min: 1, max: 3 }), which: fc.nat(20) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const leases = new Leases(new SimulatedClock());
      const taken: Lease[] = [];
      const held = new Set<Lease>();
      for (const [at, { take, subject, which }] of steps.entries()) {
        if (take) {
          const lease = leases.take(subject, `call ${at}`);
          taken.push(lease);
          held.add(lease);
        } else {
          const lease = taken[which % Math.max(1, taken.length)];
          lease?.release();
          if (lease !== undefined) held.delete(lease);
        }
        for (const each of [1, 2, 3]) {
          assert.equal(leases.inUse(each), [...held].filter((lease) => lease.subject === each).length);
        }
      }
      const owners = new Set([...held].map(({ owner }) => owner));
      const expected = [...held].map((lease) => ({ subject: lease.subject, owner: lease.owner }));
      const drift = leases.audit((callId) => owners.has(callId), expected);
      assert.deepEqual([leases.size, drift], [held.size, { orphans: 0, expired: 0, missing: 0 }]);
    }),
  );
});

test('a lease whose call is gone is told at once and taken back when it expires; one that is missing is told', () => {
  const clock = new SimulatedClock();
  const leases = new Leases(clock);
  leases.take(1, 'alive');
  leases.take(1, 'gone');
  const isCall = (callId: string): boolean => callId === 'alive';
  assert.deepEqual(leases.audit(isCall, [{ subject: 2, owner: 'alive' }]), { orphans: 1, expired: 0, missing: 1 });
  clock.advance(leaseMs);
  assert.deepEqual(leases.audit(isCall), { orphans: 1, expired: 1, missing: 0 });
  assert.equal(leases.inUse(1), 1);
});

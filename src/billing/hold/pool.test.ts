import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { MoneyLimit } from './money-limit.ts';
import { type Claim, LocalPool } from './pool.ts';

function limitOf(limitMicros: bigint, given: Partial<MoneyLimit> = {}): MoneyLimit {
  const origin = { accountId: 1, setBy: 'test', setAtMs: undefined };
  return { rule: 'maxdailycredit', mode: 'enforce', limitMicros, cuts: true, ...origin, ...given };
}

function claimOf(counter: string, amountMicros: bigint, limitMicros: bigint, postedMicros = 0n): Claim {
  return { counter, amountMicros, postedMicros, limits: [limitOf(limitMicros)] };
}

const request = { isRunning: false, isAhead: false };

describe('the pool of money that calls hold', () => {
  test('of thirty calls at once that want the last increment, one has it', () => {
    const pool = new LocalPool();
    const granted = Array.from({ length: 30 }, (_, index) => {
      return pool.hold({ ...request, holdId: `call ${index}`, claims: [claimOf('day', 10n, 100n, 90n)] }).granted;
    });
    assert.equal(granted.filter(Boolean).length, 1);
  });

  test('a vector is held on every counter, or on none', () => {
    const pool = new LocalPool();
    const claims = [claimOf('credit', 10n, 100n), claimOf('reseller', 8n, 100n), claimOf('carrier', 5n, 4n)];
    const outcome = pool.hold({ ...request, holdId: 'one', claims });
    assert.ok(!outcome.granted);
    assert.equal(outcome.exceeded.counter, 'carrier');
    assert.deepEqual([pool.heldOn('credit'), pool.heldOn('reseller'), pool.size], [0n, 0n, 0]);
  });

  test('the same request twice holds once, and a second release gives nothing back', () => {
    const pool = new LocalPool();
    const again = { ...request, holdId: 'one', claims: [claimOf('credit', 10n, 15n)] };
    assert.ok(pool.hold(again).granted);
    assert.ok(pool.hold(again).granted);
    pool.hold({ ...request, holdId: 'two', claims: [claimOf('credit', 5n, 15n)] });
    pool.release('one');
    pool.release('one');
    assert.equal(pool.heldOn('credit'), 5n);
  });

  test('what is held for seconds that have not begun is given back when another call would be refused', () => {
    const pool = new LocalPool();
    const giveBackSpare = (): void => {
      pool.hold({ ...request, holdId: 'one', claims: [claimOf('credit', 20n, 100n)] });
    };
    pool.hold({ ...request, holdId: 'one', claims: [claimOf('credit', 95n, 100n)], giveBackSpare });
    assert.ok(pool.hold({ ...request, holdId: 'two', claims: [claimOf('credit', 80n, 100n)] }).granted);
    assert.equal(pool.heldOn('credit'), 100n);
    assert.ok(!pool.hold({ ...request, holdId: 'three', claims: [claimOf('credit', 1n, 100n)] }).granted);
  });

  test('blocks ahead shrink to a part of the room that every holder could have', () => {
    const pool = new LocalPool();
    const ahead = { isRunning: true, isAhead: true };
    pool.hold({ ...request, holdId: 'one', claims: [claimOf('credit', 20n, 100n)] });
    assert.ok(!pool.hold({ ...ahead, holdId: 'one', claims: [claimOf('credit', 70n, 100n)] }).granted);
    assert.ok(pool.hold({ ...ahead, holdId: 'one', claims: [claimOf('credit', 40n, 100n)] }).granted);
  });

  test('no more holders give back than it takes, and of ten thousand a few hundred at most in one turn', () => {
    for (const [asked, most] of [
      [10n, 2],
      [100_000_000n, 300],
    ] as const) {
      const pool = new LocalPool();
      let gaveBack = 0;
      for (let at = 0; at < 10_000; at++) {
        const holdId = `call ${at}`;
        const giveBackSpare = (): void => {
          gaveBack++;
          pool.hold({ ...request, holdId, claims: [claimOf('server', 2n, 100_000n)] });
        };
        pool.hold({ ...request, holdId, claims: [claimOf('server', 10n, 100_000n)], giveBackSpare });
      }
      assert.equal(
        pool.hold({ ...request, holdId: 'new', claims: [claimOf('server', asked, 100_000n)] }).granted,
        asked === 10n,
      );
      assert.ok(gaveBack > 0 && gaveBack <= most, `${gaveBack} gave back`);
    }
  });

  test('whoever has nothing to spare any more keeps nobody from those who have', () => {
    const pool = new LocalPool();
    for (let at = 0; at < 1000; at++) {
      const spent = { holdId: `begun ${at}`, claims: [claimOf('server', 1n, 1010n)], giveBackSpare: () => {} };
      pool.hold({ ...request, ...spent });
    }
    const giveBackSpare = (): void => {
      pool.hold({ ...request, holdId: 'rich', claims: [claimOf('server', 1n, 1010n)] });
    };
    pool.hold({ ...request, holdId: 'rich', claims: [claimOf('server', 10n, 1010n)], giveBackSpare });
    assert.ok(pool.hold({ ...request, holdId: 'new', claims: [claimOf('server', 5n, 1010n)] }).granted);
  });

  test('a watched limit lets pass and is told; one that does not cut lets running calls on', () => {
    const pool = new LocalPool();
    const watched = { counter: 'day', amountMicros: 9n, postedMicros: 0n, limits: [limitOf(8n, { mode: 'observe' })] };
    const outcome = pool.hold({ ...request, holdId: 'one', claims: [watched] });
    assert.ok(outcome.granted);
    assert.equal(outcome.watched.length, 1);
    const atStart = { counter: 'day', amountMicros: 30n, postedMicros: 0n, limits: [limitOf(8n, { cuts: false })] };
    assert.ok(pool.hold({ ...request, holdId: 'one', isRunning: true, claims: [atStart] }).granted);
    assert.ok(!pool.hold({ ...request, holdId: 'two', claims: [atStart] }).granted);
  });

  test('whatever is asked in whatever order, no counter is over its limit and all of it comes back', () => {
    const step = fc.record({
      hold: fc.integer({ min: 0, max: 5 }),
      amounts: fc.array(fc.bigInt({ min: 0n, max: 40n }), { minLength: 3, maxLength: 3 }),
      action: fc.constantFrom('hold', 'hold', 'hold ahead', 'release'),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const pool = new LocalPool();
        const limits = [100n, 60n, 45n];
        for (const { hold, amounts, action } of steps) {
          const holdId = `call ${hold}`;
          if (action === 'release') pool.release(holdId);
          else {
            const claims = amounts.map((amount, index) => claimOf(`counter ${index}`, amount, limits[index] ?? 0n));
            pool.hold({ holdId, claims, isRunning: false, isAhead: action === 'hold ahead' });
          }
          for (const [index, limit] of limits.entries()) assert.ok(pool.heldOn(`counter ${index}`) <= limit);
        }
        for (let hold = 0; hold <= 5; hold++) pool.release(`call ${hold}`);
        assert.deepEqual([pool.size, pool.counters().size], [0, 0]);
      }),
      { numRuns: 300 },
    );
  });
});

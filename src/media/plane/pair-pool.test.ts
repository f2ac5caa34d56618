import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { seededRandom } from '../../../test/kit/seeded-random.ts';
import { PairPool, PortRange } from './pair-pool.ts';

function poolOf(start: number, end: number, ahead: number, drainMs = 5000): PairPool {
  const random = seededRandom(7);
  return new PairPool(new PortRange(start, end, random), ahead, drainMs, random);
}

function bindAll(pool: PairPool): readonly number[] {
  const ports = pool.topUp();
  for (const port of ports) pool.bound(port);
  return ports;
}

const ranges: readonly (readonly [number, number, readonly number[]])[] = [
  [10_000, 10_003, [10_000, 10_002]],
  [10_001, 10_005, [10_002, 10_004]],
  [10_000, 10_004, [10_000, 10_002]],
  [10_000, 10_000, []],
];
for (const [start, end, expected] of ranges) {
  test(`pairs from ${start} to ${end} begin at ${expected.join(', ') || 'no port'} [media.start-rtp-port-end-rtp-port]`, () => {
    assert.deepEqual(
      bindAll(poolOf(start, end, 10)).toSorted((one, other) => one - other),
      expected,
    );
  });
}

test('ports are chosen at random in the range [media.start-rtp-port-end-rtp-port]', () => {
  const ports = bindAll(poolOf(10_000, 20_000, 50));
  assert.equal(new Set(ports).size, 50);
  assert.notDeepEqual(
    ports,
    ports.toSorted((one, other) => one - other),
  );
});

test('the pool keeps its number of free pairs ahead, until the range is used up', () => {
  const pool = poolOf(10_000, 10_019, 4);
  bindAll(pool);
  const taken: (number | undefined)[] = [];
  for (let index = 0; index < 11; index++) {
    taken.push(pool.take());
    bindAll(pool);
  }
  assert.equal(new Set(taken.slice(0, 10)).size, 10);
  assert.equal(taken[10], undefined);
});

test('a pair is given out again only after it has rested', () => {
  const pool = poolOf(10_000, 10_001, 1);
  bindAll(pool);
  const port = pool.take();
  assert.equal(port, 10_000);
  pool.release(10_000, 1000);
  assert.deepEqual(pool.settle(5999), []);
  assert.equal(pool.take(), undefined);
  assert.equal(pool.nextReadyMs, 6000);
  pool.settle(6000);
  assert.equal(pool.take(), 10_000);
});

test('a port of another program is passed over, and tried again after a minute', () => {
  const pool = poolOf(10_000, 10_003, 2);
  const [first = 0, second = 0] = pool.topUp();
  pool.unusable(first, 0);
  pool.bound(second);
  assert.deepEqual(pool.topUp(), []);
  pool.settle(60_000);
  assert.deepEqual(pool.topUp(), [first]);
});

test('pairs beyond twice the number ahead are given back to the system', () => {
  const pool = poolOf(10_000, 10_099, 5);
  bindAll(pool);
  const used = Array.from({ length: 20 }, () => {
    const port = pool.take() ?? 0;
    bindAll(pool);
    return port;
  });
  for (const port of used) pool.release(port, 0);
  const surplus = pool.settle(5000);
  assert.equal(surplus.length, 15);
  assert.equal(pool.freeCount, 10);
});

test('whatever happens, no port is in two hands and none is lost', () => {
  const step = fc.constantFrom('take', 'release', 'settle', 'refuse');
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const pool = poolOf(10_000, 10_039, 4, 10);
      const used: number[] = [];
      let nowMs = 0;
      for (const what of steps) {
        nowMs += 3;
        const ports = pool.topUp();
        for (const port of ports) {
          if (what === 'refuse') pool.unusable(port, nowMs);
          else pool.bound(port);
        }
        const port = what === 'take' ? pool.take() : undefined;
        if (port !== undefined) used.push(port);
        const back = what === 'release' ? used.shift() : undefined;
        if (back !== undefined) pool.release(back, nowMs);
        if (what === 'settle') pool.settle(nowMs);
      }
      assert.equal(new Set(used).size, used.length);
      for (const port of used) pool.release(port, nowMs);
      pool.settle(nowMs + 60_000);
      const all = new Set<number>();
      for (bindAll(pool); ; bindAll(pool)) {
        const port = pool.take();
        if (port === undefined) break;
        all.add(port);
      }
      assert.equal(all.size, 20);
    }),
  );
});

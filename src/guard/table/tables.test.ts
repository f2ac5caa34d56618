import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { seededRandom } from '../../../test/kit/seeded-random.ts';
import { KeyedHash } from './keyed-hash.ts';
import { OctetRate } from './octet-rate.ts';
import { RecentTimes } from './recent-times.ts';
import { TokenBuckets } from './token-buckets.ts';
import { WindowCounts } from './window-counts.ts';

const minuteMs = 60_000;

describe('counts within a window', () => {
  test('39,001 within 3 minutes are counted to the last, however they lie from the first on [network.maxsubsmsperiod]', () => {
    for (const stepMs of [0, 1, 4.6]) {
      const counts = new WindowCounts(64);
      let count = 0;
      for (let message = 0; message <= 39_000; message++) count = counts.add(1, 1, 3 * minuteMs, message * stepMs);
      assert.equal(count, 39_001, `every ${stepMs} ms`);
    }
  });

  test('no count is ever higher than what the window held, and none misses more than an eighth of the window', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 400 }), { minLength: 1, maxLength: 300 }), (gaps) => {
        const counts = new WindowCounts(64);
        const times: number[] = [];
        let nowMs = 0;
        for (const gap of gaps) {
          nowMs += gap;
          times.push(nowMs);
          const count = counts.add(1, 1, 8000, nowMs);
          assert.ok(count <= times.filter((time) => nowMs - time < 8000).length);
          assert.ok(count >= times.filter((time) => nowMs - time < 7000).length);
        }
      }),
    );
  });

  test('a million keys of one event push out no key of many, and the memory stays', () => {
    const counts = new WindowCounts(4096);
    const hash = new KeyedHash(seededRandom(4));
    const before = counts.octets;
    for (let event = 0; event < 20; event++) counts.add(7, 7, minuteMs, 0);
    for (let source = 0; source < 1_000_000; source++) {
      hash.extend(source, source, 0);
      counts.add(hash.high, hash.low, minuteMs, 1 + source / 100_000);
    }
    assert.equal(counts.count(7, 7, minuteMs, 20), 20);
    assert.equal(counts.octets, before);
  });

  test('what is taken back is not counted any more', () => {
    const counts = new WindowCounts(64);
    for (let event = 0; event < 10; event++) counts.add(1, 2, 8000, event * 900);
    counts.subtract(1, 2, 4);
    assert.equal(counts.count(1, 2, 80_000, 8100), 6);
    counts.forget(1, 2);
    assert.equal(counts.count(1, 2, 80_000, 8100), 0);
  });
});

test('a bucket passes its burst at once, then its rate', () => {
  const buckets = new TokenBuckets(64);
  const passed = (nowMs: number): number => {
    let count = 0;
    while (buckets.take(1, 1, 10, 30, nowMs)) count++;
    return count;
  };
  assert.deepEqual([passed(0), passed(1000), passed(60_000)], [30, 10, 30]);
});

test('a source that has used up its bucket is not forgotten for a million that send once', () => {
  const buckets = new TokenBuckets(1024);
  const hash = new KeyedHash(seededRandom(2));
  while (buckets.take(7, 7, 0.001, 5, 0));
  for (let source = 0; source < 1_000_000; source++) {
    hash.extend(source, 1, 0);
    buckets.take(hash.high, hash.low, 0.001, 5, 1);
  }
  assert.equal(buckets.take(7, 7, 0.001, 5, 2), false);
});

test('the last times of the newest keys are known', () => {
  const times = new RecentTimes(64);
  times.set(1, 1, 500);
  assert.deepEqual([times.get(1, 1), times.get(1, 2)], [500, Number.NEGATIVE_INFINITY]);
  times.forget(1, 1);
  assert.equal(times.get(1, 1), Number.NEGATIVE_INFINITY);
});

test('octets within any one second never exceed the ceiling [network.maxnetworkspeed]', () => {
  const random = seededRandom(9);
  const rate = new OctetRate();
  const accepted: { readonly atMs: number; readonly octets: number }[] = [];
  let nowMs = 0;
  for (let packet = 0; packet < 20_000; packet++) {
    nowMs += random.below(3);
    const octets = 1 + random.below(1500);
    // 800 kbit/s are 100,000 octets a second; about ten times as many are offered.
    if (rate.take(octets, 800, nowMs)) accepted.push({ atMs: nowMs, octets });
  }
  let first = 0;
  let within = 0;
  for (const { atMs, octets } of accepted) {
    within += octets;
    while (atMs - (accepted[first]?.atMs ?? 0) >= 1000) within -= accepted[first++]?.octets ?? 0;
    assert.ok(within <= 100_000);
  }
  const perSecond = (accepted.reduce((sum, { octets }) => sum + octets, 0) * 1000) / nowMs;
  assert.ok(perSecond > 80_000, `${perSecond} of 100,000 octets were used`);
});

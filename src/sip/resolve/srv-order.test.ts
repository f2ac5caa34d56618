import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { seededRandom } from '../../../test/kit/seeded-random.ts';
import type { SrvRecord } from './records.ts';
import { orderSrv } from './srv-order.ts';

const draws = 20_000;

function srv(priority: number, weight: number, target: string): SrvRecord {
  return { type: 'SRV', priority, weight, port: 5060, target };
}

/** How often each target came first, of 20,000. */
function firsts(records: readonly SrvRecord[]): Readonly<Record<string, number>> {
  const random = seededRandom(77);
  const counts: Record<string, number> = {};
  for (let draw = 0; draw < draws; draw++) {
    const target = orderSrv(records, random)[0]?.target ?? '';
    counts[target] = (counts[target] ?? 0) + 1;
  }
  return counts;
}

interface Row {
  readonly what: string;
  readonly records: readonly SrvRecord[];
  /** Expected share of each target to come first, in per cent. */
  readonly shares: Readonly<Record<string, number>>;
}

// A draw is from 0 to the sum, both included: weights of 60, 20, 20 share 101 numbers.
const rows: readonly Row[] = [
  {
    what: 'weights of 60, 20 and 20 share the calls so',
    records: [srv(1, 60, 'a'), srv(1, 20, 'b'), srv(1, 20, 'c')],
    shares: { a: 60, b: 20, c: 20 },
  },
  {
    what: 'equal weights share the calls equally',
    records: [srv(1, 100, 'a'), srv(1, 100, 'b')],
    shares: { a: 50, b: 50 },
  },
  {
    what: 'weight 0 beside a weight gets a small share',
    records: [srv(1, 0, 'a'), srv(1, 99, 'b')],
    shares: { a: 1, b: 99 },
  },
  {
    what: 'a lower priority takes all calls, whatever the weights',
    records: [srv(2, 65_535, 'a'), srv(1, 1, 'b')],
    shares: { b: 100 },
  },
];

describe('the order of SRV records (RFC 2782)', () => {
  for (const { what, records, shares } of rows) {
    test(what, () => {
      const counts = firsts(records);
      assert.deepEqual(Object.keys(counts).toSorted(), Object.keys(shares).toSorted());
      for (const [name, share] of Object.entries(shares)) {
        const measured = ((counts[name] ?? 0) * 100) / draws;
        assert.ok(Math.abs(measured - share) < 1.5, `${name}: ${measured} % instead of ${share} %`);
      }
    });
  }

  test('the second choice is drawn among what is left, by weight', () => {
    const random = seededRandom(5);
    let second = 0;
    for (let draw = 0; draw < draws; draw++) {
      const [first, next] = orderSrv([srv(1, 50, 'a'), srv(1, 40, 'b'), srv(1, 10, 'c')], random);
      if (first?.target === 'a' && next?.target === 'b') second++;
    }
    assert.ok(Math.abs((second * 100) / draws - 40) < 1.5, `${(second * 100) / draws} % instead of 50 % * 80 %`);
  });

  test('every record is in the order once, lower priorities before higher ones', () => {
    const record = fc.record({ priority: fc.nat(3), weight: fc.nat(65_535) });
    fc.assert(
      fc.property(fc.array(record, { maxLength: 12 }), fc.nat(), (given, seed) => {
        const records = given.map(({ priority, weight }, at) => srv(priority, weight, `t${at}`));
        const ordered = orderSrv(records, seededRandom(seed));
        assert.deepEqual(
          ordered.map(({ target }) => target).toSorted(),
          records.map(({ target }) => target).toSorted(),
        );
        const priorities = ordered.map(({ priority }) => priority);
        assert.deepEqual(
          priorities,
          priorities.toSorted((one, other) => one - other),
        );
      }),
    );
  });
});

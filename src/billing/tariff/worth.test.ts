import assert from 'node:assert/strict';
import { test } from 'node:test';
import { blankAccount } from '../../accounts/blank-account.ts';
import { AccountDirectory } from '../../accounts/directory.ts';
import type { Account, Packet, Tariff } from '../../accounts/model.ts';
import type { PriceRow } from '../rating/price.ts';
import { freePriceRow } from '../seam.ts';
import { deckOfRecords } from './deck.ts';
import { PriceBook, type Pricing } from './price-book.ts';
import type { PriceList } from './price-list.ts';
import { lossOf, type NotBilledLevel, type NotProfitableLevel, notBilled } from './worth.ts';

const nowMs = Date.UTC(2026, 10, 23, 12);
const periods = { at: () => ({ period: 'peak' as const, untilMs: Number.MAX_SAFE_INTEGER }) };

function perMinute(micros: bigint, given: Partial<PriceRow> = {}): PriceRow {
  const prices = { peakPerMinuteMicros: micros, offPeakPerMinuteMicros: micros, weekendPerMinuteMicros: micros };
  return { ...freePriceRow, ...prices, tariff: 'any', ...given };
}

function routes(level: NotProfitableLevel, price: PriceRow | undefined, cost: PriceRow | undefined): string {
  const trade = { price, cost, startMs: nowMs, periods, meanDurationS: 0 };
  return lossOf(level, trade) === undefined ? 'route' : 'block';
}

test('BIL-1: a call that loses money is left out, by the strictness that is set [billing.blocknotprofitablecalls]', () => {
  const table: [price: bigint | undefined, cost: bigint | undefined, expected: readonly string[]][] = [
    [50_000n, 60_000n, ['route', 'block', 'block', 'block']],
    [50_000n, 50_000n, ['route', 'route', 'block', 'block']],
    [50_000n, undefined, ['route', 'route', 'route', 'block']],
    [60_000n, 50_000n, ['route', 'route', 'route', 'route']],
    [undefined, 50_000n, ['route', 'block', 'block', 'block']],
    [undefined, undefined, ['route', 'route', 'route', 'block']],
  ];
  for (const [price, cost, expected] of table) {
    const rows = [price, cost].map((micros) => (micros === undefined ? undefined : perMinute(micros)));
    assert.deepEqual(
      ([0, 1, 2, 3] as const).map((level) => routes(level, rows[0], rows[1])),
      expected,
      `price ${price}, cost ${cost}`,
    );
  }
});

test('a loss that increments, fees or short calls hide is found [billing.blocknotprofitablecalls]', () => {
  const price = perMinute(60_000n);
  assert.equal(routes(1, price, perMinute(50_000n, { firstIncrementS: 60, nextIncrementS: 60 })), 'block');
  assert.equal(routes(1, price, perMinute(10_000n, { connectFeeMicros: 2_000n })), 'block');
  assert.equal(routes(1, price, perMinute(10_000n, { attemptFeeMicros: 900n })), 'block');
  assert.equal(routes(1, price, perMinute(10_000n, { shortCallS: 6, shortCallSurchargeMicros: 5_000n })), 'block');
  const cheapStart = perMinute(60_000n, { freeSeconds: 100 });
  const trade = { price: cheapStart, cost: perMinute(1n), startMs: nowMs, periods, meanDurationS: 0 };
  assert.deepEqual(lossOf(1, trade), { durationS: 1, priceMicros: 0n, costMicros: 1n });
});

interface World {
  readonly tariffs: readonly Tariff[];
  readonly packets: readonly Packet[];
  readonly lists: readonly (readonly [number, PriceList])[];
}

function listOf(prices: Readonly<Record<string, string>>): PriceList {
  const list = deckOfRecords(Object.entries(prices).map(([prefix, price]) => ({ prefix, price })));
  assert.ok(list.ok);
  return list.value;
}

function pricing(world: World, account: Partial<Account>, digits: string, exact = false): Pricing {
  const { tariffs, packets } = world;
  const directory = new AccountDirectory({
    ...{ accounts: [], credentials: [], numbers: [], dialRules: [] },
    ...{ tariffs, packets, nextId: 1 },
  });
  const book = new PriceBook(directory, world.lists);
  const whole = { ...blankAccount(1, 'alice', 'enduser'), ...account };
  return book.price({ account: whole, digits, origin: '', atMs: nowMs, currency: 'USD', exact });
}

const called = '43664123456';
const retail: Tariff = { id: 10, name: 'retail', parentId: 11 };
const wholesale: Tariff = { id: 11, name: 'wholesale', parentId: undefined };
const packet: Packet = { id: 20, name: 'austria', tariffId: 10, prefixes: ['43'], audience: 'assigned' };

/** The corpus of the example: each call lacks one thing more than the next. */
const corpus: readonly { readonly name: string; readonly pricing: Pricing }[] = [
  { name: 'no packet', pricing: pricing({ tariffs: [], packets: [], lists: [] }, {}, called) },
  {
    name: 'catch-all packet',
    pricing: pricing(
      {
        tariffs: [retail, wholesale],
        packets: [{ ...packet, prefixes: [] }],
        lists: [
          [10, listOf({ 43: '0.05' })],
          [11, listOf({ 43: '0.02' })],
        ],
      },
      { packetIds: [20] },
      called,
    ),
  },
  {
    name: 'group packet',
    pricing: pricing(
      {
        tariffs: [retail, wholesale],
        packets: [{ ...packet, audience: 'endusers' }],
        lists: [
          [10, listOf({ 43: '0.05' })],
          [11, listOf({ 43: '0.02' })],
        ],
      },
      {},
      called,
    ),
  },
  {
    name: 'packet without tariff prefix',
    pricing: pricing(
      { tariffs: [retail, wholesale], packets: [packet], lists: [[11, listOf({ 43: '0.02' })]] },
      { packetIds: [20] },
      called,
    ),
  },
  {
    name: 'packet without parent tariff prefix',
    pricing: pricing(
      { tariffs: [retail, wholesale], packets: [packet], lists: [[10, listOf({ 43: '0.05' })]] },
      { packetIds: [20] },
      called,
    ),
  },
  {
    name: 'complete',
    pricing: pricing(
      {
        tariffs: [retail, wholesale],
        packets: [packet],
        lists: [
          [10, listOf({ 43: '0.05' })],
          [11, listOf({ 43: '0.02' })],
        ],
      },
      { packetIds: [20] },
      called,
    ),
  },
];

test('BIL-3: each value refuses what the value below refuses, and one kind of call more [billing.blocknotbilledcalls] [billing.block-in-routing-or-billing]', () => {
  for (const level of [0, 1, 2, 3, 4, 5] as const satisfies readonly NotBilledLevel[]) {
    const refused = corpus.filter((call) => notBilled(level, call.pricing) !== undefined).map(({ name }) => name);
    assert.deepEqual(
      refused,
      corpus.slice(0, level).map(({ name }) => name),
      `value ${level}`,
    );
  }
});

test('what a tariff has not is priced by its parent, and an assigned packet goes before one of everybody', () => {
  const world = {
    tariffs: [retail, wholesale],
    packets: [packet, { ...packet, id: 21, name: 'all', tariffId: 11, audience: 'everybody' as const, prefixes: [] }],
    lists: [
      [10, listOf({ 4366: '0.05' })],
      [11, listOf({ 43: '0.02', 49: '0.01' })],
    ] as const,
  };
  const own = { packetIds: [20] };
  assert.equal(pricing(world, own, called).row?.tariff, 'retail');
  assert.equal(pricing(world, own, '4312345').row?.tariff, 'wholesale');
  assert.equal(pricing(world, own, '4912345').packet?.name, 'all');
  assert.equal(
    pricing(world, { kind: 'sipserver' }, '4912345').packet,
    undefined,
    'a carrier has only its own packets',
  );
});

test('with exact match on, the price of a shorter prefix is not found where a list knows a longer one [billing.vgetpriceexactmatch]', () => {
  const world = {
    tariffs: [{ ...retail, parentId: undefined }, wholesale],
    packets: [packet],
    lists: [
      [10, listOf({ 43: '0.02', 4366: '0.05' })],
      [11, listOf({ 43664: '0.04' })],
    ] as const,
  };
  assert.equal(pricing(world, { packetIds: [20] }, '43664123456', true).row, undefined);
  assert.equal(pricing(world, { packetIds: [20] }, '43664123456', false).row?.prefix, '4366');
  assert.equal(pricing(world, { packetIds: [20] }, '43665123456', true).row?.prefix, '4366');
});

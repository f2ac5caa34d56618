import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Packet, Tariff } from '../../src/accounts/model.ts';
import { deckOfRecords } from '../../src/billing/tariff/deck.ts';
import type { PriceList } from '../../src/billing/tariff/price-list.ts';
import { movement } from '../kit/money.ts';
import { sdp } from './scripted-peer.ts';
import { Stage, type StageOptions, trunkAt } from './stage.ts';

interface Market {
  readonly settings?: StageOptions['settings'];
  /** Price per minute of the customer; undefined for none. */
  readonly price?: string;
  /** Cost per minute of each carrier in turn; undefined for none. */
  readonly costs: readonly (string | undefined)[];
}

function listOf(price: string): PriceList {
  const list = deckOfRecords([{ prefix: '43', price, firstincrement: '1', nextincrement: '1' }]);
  assert.ok(list.ok);
  return list.value;
}

async function open({ settings, price, costs }: Market): Promise<Stage> {
  const prices = [price, ...costs];
  const tariffs: Tariff[] = prices.map((_, at) => ({ id: 500 + at, name: `tariff ${at}`, parentId: undefined }));
  const packets: Packet[] = prices.map((_, at) => ({
    ...{ id: 600 + at, name: `packet ${at}`, tariffId: 500 + at, prefixes: ['43'] },
    audience: at === 0 ? 'endusers' : 'assigned',
  }));
  return Stage.open({
    settings: { home_country: '43', ...settings },
    accounts: costs.map((cost, at) => ({
      ...{ name: `carrier ${at}`, kind: 'sipserver', trunk: trunkAt(`192.0.2.${50 + at}`) },
      packetIds: cost === undefined ? [] : [601 + at],
    })),
    dialRules: [{ pattern: '0.', routes: costs.map((_, at) => ({ sipServerId: 3 + at, priority: at, weight: 1 })) }],
    // The caller has the money for any of them.
    postings: [movement(1, 1_000_000_000n)],
    tariffs,
    packets: price === undefined ? packets.slice(1) : packets,
    priceLists: prices.flatMap((one, at) => (one === undefined ? [] : [[500 + at, listOf(one)] as const])),
  });
}

/** The carriers that a call is tried at, each refusing it; or the rule that refused the call. */
async function tried(market: Market): Promise<string> {
  const stage = await open(market);
  const carriers = [];
  for (const at of market.costs.keys()) carriers.push(await stage.peer(`192.0.2.${50 + at}`));
  const alice = await stage.phone('alice', '192.0.2.21');
  await stage.invite(alice, 'alice', 'sip:0664123456@server.example');
  const names: string[] = [];
  for (const [at, carrier] of carriers.entries()) {
    const [invite] = carrier.requests('INVITE');
    if (invite === undefined) continue;
    names.push(`carrier ${at}`);
    carrier.respond(invite, 503);
    await stage.run(20);
  }
  const [decision] = stage.decisions;
  return names.length > 0 ? names.join(', ') : `${decision?.rule} ${decision?.sipStatus}`;
}

describe('prices decide where a call goes', () => {
  test('SIP servers over which the call would lose money are skipped, and it fails when none is left [billing.blocknotprofitablecalls]', async () => {
    assert.equal(await tried({ price: '0.05', costs: ['0.06', '0.04'] }), 'carrier 1');
    assert.equal(await tried({ price: '0.05', costs: ['0.06', '0.07'] }), 'blocknotprofitablecalls 403');
    assert.equal(await tried({ costs: ['0.06'] }), 'blocknotprofitablecalls 403', 'a call without price');
    const off = { blocknotprofitablecalls: 0 as const };
    assert.equal(await tried({ settings: off, price: '0.05', costs: ['0.06', '0.04'] }), 'carrier 0, carrier 1');
  });

  test('BIL-2: cost above the highest one is left out, and another route is used [billing.blockhighcostcalls]', async () => {
    const market = (blockhighcostcalls: string, ...costs: string[]): Market => {
      return { settings: { blockhighcostcalls, blocknotprofitablecalls: 0 }, price: '4', costs };
    };
    assert.equal(await tried(market('0', '4.99')), 'carrier 0');
    assert.equal(await tried(market('1.00', '1.00')), 'carrier 0');
    assert.equal(await tried(market('1.00', '1.01')), 'blockhighcostcalls 403');
    assert.equal(await tried(market('1.00', '1.01', '0.90')), 'carrier 1');
  });

  test('nothing is dialled above the ceiling, whatever the settings say', async () => {
    const settings = { blocknotprofitablecalls: 0 as const };
    assert.equal(await tried({ settings, price: '6', costs: ['5.01'] }), 'ceiling 403');
    assert.equal(await tried({ settings, price: '5', costs: ['5'] }), 'carrier 0');
  });

  test('a call that could not be billed is refused from the value that says so [billing.blocknotbilledcalls]', async () => {
    assert.equal(await tried({ settings: { blocknotbilledcalls: 0 }, costs: [undefined] }), 'carrier 0');
    assert.equal(await tried({ settings: { blocknotbilledcalls: 1 }, costs: [undefined] }), 'blocknotbilledcalls 403');
    const group = { price: '0.05', costs: ['0.01'] };
    assert.equal(await tried({ ...group, settings: { blocknotbilledcalls: 2 } }), 'carrier 0');
    assert.equal(await tried({ ...group, settings: { blocknotbilledcalls: 3 } }), 'blocknotbilledcalls 403');
  });

  test('a refusal for price or number names who set the rule [billing.blockhighcostcalls] [fraud.disable-unwanted-directions]', async () => {
    const table: readonly (readonly [string, StageOptions['settings'], string])[] = [
      ['blockhighcostcalls', { blockhighcostcalls: '0.01' }, 'anna'],
      ['blocknotprofitablecalls', {}, 'default'],
      ['blocknotprofitablecalls', { blocknotprofitablecalls: 2 }, 'anna'],
      ['blocknotbilledcalls', { blocknotbilledcalls: 3 }, 'anna'],
      ['directions', { blocked_directions: ['43'] }, 'anna'],
      ['directions', { allowed_directions: ['49'] }, 'anna'],
      ['fix_blacklist', { fix_blacklist: ['43664123456'] }, 'anna'],
    ];
    for (const [rule, settings, by] of table) {
      const stage = await open({ settings, price: '0.05', costs: ['0.06'] });
      const alice = await stage.phone('alice', '192.0.2.21');
      await stage.invite(alice, 'alice', 'sip:0664123456@server.example');
      const [decision] = stage.decisions;
      assert.deepEqual([decision?.rule, decision?.setBy], [rule, by]);
    }
    const stage = await open({ price: '0.05', costs: ['0.01'] });
    stage.change('alice', { directions: { allowed: ['49'], blocked: [] } }, ['alloweddirections']);
    const alice = await stage.phone('alice', '192.0.2.21');
    await stage.invite(alice, 'alice', 'sip:0664123456@server.example');
    assert.equal(stage.decisions[0]?.setBy, 'anna');
  });

  test('a rule that is only observed lets the call go and leaves a decision', async () => {
    const settings = { 'mode.blocknotprofitablecalls': 'observe' as const };
    const stage = await open({ settings, price: '0.05', costs: ['0.06'] });
    const carrier = await stage.peer('192.0.2.50');
    const alice = await stage.phone('alice', '192.0.2.21');
    await stage.invite(alice, 'alice', 'sip:0664123456@server.example');
    carrier.request('INVITE');
    assert.deepEqual(
      stage.decisions.map(({ rule, outcome, measured, limit }) => [rule, outcome, measured, limit]),
      [['blocknotprofitablecalls', 'would refuse', '0.001', '0.000834']],
    );
  });

  test('a route that has become too dear is not tried when its turn comes [billing.blockhighcostcalls]', async () => {
    const stage = await open({ price: '0.05', costs: ['0.01', '0.04'] });
    const [first, second] = [await stage.peer('192.0.2.50'), await stage.peer('192.0.2.51')];
    const alice = await stage.phone('alice', '192.0.2.21');
    await stage.invite(alice, 'alice', 'sip:0664123456@server.example');
    stage.settings = { ...stage.settings, blockhighcostcalls: '0.02' };
    first.respond(first.request('INVITE'), 503);
    await stage.run(20);
    assert.deepEqual([second.requests('INVITE').length, alice.statuses('INVITE').at(-1)], [0, 503]);
  });

  for (const [notbilledcallerr, expected] of [
    [0, ['warn', undefined]],
    [1, ['error', false]],
    [2, ['error', true]],
  ] as const) {
    test(`a finished call without a price is an event, ${expected.join(' ')} at ${notbilledcallerr} [billing.notbilledcallerr]`, async () => {
      const stage = await open({ settings: { notbilledcallerr }, costs: [undefined] });
      const carrier = await stage.peer('192.0.2.50');
      const alice = await stage.phone('alice', '192.0.2.21');
      const invite = await stage.invite(alice, 'alice', 'sip:0664123456@server.example');
      carrier.respond(carrier.request('INVITE'), 200, { body: sdp('192.0.2.50') });
      await stage.run(20);
      alice.ack(invite, alice.response('INVITE', 200));
      await stage.run(2000);
      const told: unknown[] = [];
      stage.onLog((level, message, fields) => {
        if (message === 'a finished call had no price') told.push([level, fields?.['critical']]);
      });
      stage.server.calls.endAll();
      await stage.run(40_000);
      assert.deepEqual(told, [expected]);
    });
  }
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { seededRandom } from '../../../test/kit/seeded-random.ts';
import { SimulatedClock } from '../../../test/kit/simulated-clock.ts';
import { readAddressWords } from '../../base/net/address-words.ts';
import { KeyedHash } from '../table/keyed-hash.ts';
import { type Ban, type BanAction, banKey, type BanScope } from './ban.ts';
import { BanList, type Standing } from './ban-list.ts';
import { PlaceIndex } from './place-index.ts';

const words = new Uint32Array(4);

function entry(scope: BanScope, subject: string, action: BanAction = 'ban', untilMs?: number): Ban {
  const said = { rule: 'manual', reason: '', evidence: '', count: 1, by: 'root', atMs: 0, untilMs };
  return { key: banKey(scope, subject), action, scope, subject, ...said };
}

function standing(bans: BanList, address: string, port = 5060, nowMs = 0): Standing {
  assert.ok(readAddressWords(address, words));
  return bans.standingOf(words, port, nowMs);
}

test('each scope holds what it names and nothing beside it', () => {
  const bans = new BanList(new SimulatedClock(), new KeyedHash(seededRandom(1)));
  for (const one of [
    entry('address', '203.0.113.9'),
    entry('prefix', '198.51.100.0/24'),
    entry('prefix', '2001:db8::/64'),
    entry('address and port', '203.0.113.77:5070'),
    entry('address and port', '[2001:db8:9::1]:5070'),
    entry('address', '192.0.2.50', 'shed'),
  ])
    bans.put(one);
  const rows: readonly [string, number, Standing][] = [
    ['203.0.113.9', 5060, 'ban'],
    ['203.0.113.9', 40000, 'ban'],
    ['203.0.113.10', 5060, 'none'],
    ['198.51.100.200', 5060, 'ban'],
    ['198.51.101.1', 5060, 'none'],
    ['2001:db8::5:6', 5060, 'ban'],
    ['2001:db8:0:1::5', 5060, 'none'],
    ['203.0.113.77', 5070, 'ban'],
    ['203.0.113.77', 5071, 'none'],
    ['2001:db8:9::1', 5070, 'ban'],
    ['2001:db8:9::1', 5060, 'none'],
    ['192.0.2.50', 5060, 'shed'],
  ];
  for (const [address, port, expected] of rows) assert.equal(standing(bans, address, port), expected, address);
});

test('an allowed address is held by no ban, whichever came first', () => {
  const bans = new BanList(new SimulatedClock(), new KeyedHash(seededRandom(1)));
  bans.put(entry('prefix', '198.51.100.0/24'));
  bans.put(entry('address', '198.51.100.7', 'allow'));
  assert.deepEqual([standing(bans, '198.51.100.7'), standing(bans, '198.51.100.8')], ['none', 'ban']);
  bans.remove(banKey('address', '198.51.100.7'));
  assert.equal(standing(bans, '198.51.100.7'), 'ban');
});

test('an entry ends at its time, and is taken out then', () => {
  const clock = new SimulatedClock();
  const bans = new BanList(clock, new KeyedHash(seededRandom(1)));
  bans.put(entry('address', '203.0.113.9', 'ban', clock.wallMs() + 1000));
  clock.advance(999);
  assert.equal(standing(bans, '203.0.113.9', 5060, clock.monotonicMs()), 'ban');
  clock.advance(1);
  assert.equal(standing(bans, '203.0.113.9', 5060, clock.monotonicMs()), 'none');
  assert.deepEqual([bans.takeExpired().length, bans.size], [1, 0]);
});

test('an index of places holds what a map holds after any sets and deletes', () => {
  const step = fc.record({ key: fc.integer({ min: 0, max: 40 }), value: fc.option(fc.nat(1000)) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const index = new PlaceIndex();
      const model = new Map<number, number>();
      for (const { key, value } of steps) {
        if (value === null) {
          index.delete(key % 7, key);
          model.delete(key);
        } else {
          index.set(key % 7, key, value);
          model.set(key, value);
        }
      }
      for (let key = 0; key <= 40; key++) assert.equal(index.get(key % 7, key), model.get(key) ?? -1);
      assert.equal(index.size, model.size);
    }),
  );
});

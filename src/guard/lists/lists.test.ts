import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { ScriptedLists } from '../../../test/kit/scripted-lists.ts';
import { seededRandom } from '../../../test/kit/seeded-random.ts';
import { SimulatedClock } from '../../../test/kit/simulated-clock.ts';
import { silentLog } from '../../base/log/log.ts';
import { readAddressWords } from '../../base/net/address-words.ts';
import { parsePrefix } from '../../base/net/prefix.ts';
import { profileValues } from '../../settings/index.ts';
import { readApibanBatch } from './apiban.ts';
import { BlockLists, shownSource } from './block-lists.ts';
import { ListedSources } from './listed-sources.ts';
import type { CutOff } from './ports.ts';
import { holderOf, type PrefixSet, textsOf } from './prefix-set.ts';
import { readList } from './read-list.ts';

function finish<T>(work: Generator<unknown, T>): T {
  for (let step = work.next(); ; step = work.next()) if (step.done === true) return step.value;
}

function read(
  text: string,
  maxEntries = 100,
): ReturnType<typeof readList> extends Generator<unknown, infer R> ? R : never {
  return finish(readList(text, { maxEntries, own: ['203.0.113.5', '2001:db8:1::5'] }));
}

function prefixes(...entries: readonly string[]): PrefixSet {
  const list = finish(readList(entries.join('\n'), { maxEntries: 1000, own: [] }));
  assert.ok(list.ok, list.ok ? '' : list.error);
  return list.value.prefixes;
}

function holds(sources: ListedSources, address: string): boolean {
  const words = new Uint32Array(4);
  assert.ok(readAddressWords(address, words));
  return sources.holds(words);
}

describe('reading a block list', () => {
  test('addresses, ranges, comments, empty lines, either line end and repetitions are taken, each once', () => {
    const list = read(
      '# head\r\n198.51.100.7\r\n\n198.51.100.7 # again\n9.9.0.0/16 ; SBL1\n2a00:DB8::/32 // six\n1.2.3.4/24\n2001:db8:9::1\n',
    );
    assert.ok(list.ok);
    const expected = ['1.2.3.0/24', '9.9.0.0/16', '198.51.100.7', '2001:db8:9::1', '2a00:db8::/32'];
    assert.deepEqual(finish(textsOf(list.value.prefixes)), expected);
  });

  const refused: readonly (readonly [line: string, why: RegExp])[] = [
    ['9.0.0.0/8', /^line 2: '9\.0\.0\.0\/8' covers too much: nothing wider than \/16/],
    ['9.0.0.0/15', /nothing wider than \/16/],
    ['0.0.0.0/0', /nothing wider than \/16/],
    ['2001::/31', /nothing wider than \/32/],
    ['::/0', /nothing wider than \/32/],
    ['198.51.100.7/33', /a number up to 32/],
    ['198.51.100.7/-1', /a number up to 32/],
    ['198.51.100.7/255.255.0.0', /a number up to 32/],
    ['2001:db8::1/129', /a number up to 128/],
    ['::ffff:198.51.100.7', /write it as IPv4/],
    ['198.51.100', /is no address or CIDR block/],
    ['198.51.100.07', /is no address or CIDR block/],
    ['198.51.100.7,', /is no address or CIDR block/],
    ['198.51.100.7 198.51.100.8', /is no address or CIDR block/],
    ['fe80::1%eth0', /is no address or CIDR block/],
    ['<!DOCTYPE html>', /is no address or CIDR block/],
    [`${'9'.repeat(5000)}`, /^line 2: '9{60}\.\.\.' is no address/],
  ];
  for (const [line, why] of refused) {
    test(`the line '${line.slice(0, 30)}' refuses the whole list, with its number`, () => {
      const list = read(`198.51.100.7\n${line}\n`);
      assert.ok(!list.ok);
      assert.match(list.error, why);
    });
  }

  test('a list of more entries than there is room for is refused', () => {
    const list = read('9.9.9.1\n9.9.9.2\n9.9.9.3', 2);
    assert.deepEqual(list, { ok: false, error: 'line 3: more than 2 entries; take a shorter list' });
  });

  test('entries that cover private addresses or this server are left out and named', () => {
    const harmful = [
      ...['10.1.0.0/16', '172.31.255.1', '192.168.0.0/16', '100.64.3.0/24', '127.0.0.1', '169.254.169.254', '0.0.0.1'],
      ...['224.0.0.5', '255.255.255.255', '::1', 'fd00::1', 'fe80::1', 'ff02::1', '203.0.113.0/24', '2001:db8:1::/48'],
    ];
    const list = read([...harmful, '198.51.100.7'].join('\n'));
    assert.ok(list.ok);
    assert.deepEqual(finish(textsOf(list.value.prefixes)), ['198.51.100.7']);
    assert.equal(list.value.leftOut.count, harmful.length);
    assert.equal(list.value.leftOut.first[0], "line 1: '10.1.0.0/16' is private, or no address of a single host");
  });
});

describe('looking an address up', () => {
  test('the merged ranges and each list hold exactly what its entries hold, in both families', () => {
    const v4 = fc
      .tuple(fc.nat(3), fc.nat(255), fc.integer({ min: 16, max: 32 }))
      .map(([b, c, bits]) => `9.9.${b}.${c}/${bits}`);
    const v6 = fc
      .tuple(fc.nat(3), fc.nat(255), fc.integer({ min: 32, max: 128 }))
      .map(([b, c, bits]) => `2001:db8:${b}::${c.toString(16)}/${bits}`);
    const address = fc.oneof(
      fc.tuple(fc.nat(4), fc.nat(255)).map(([b, c]) => `9.9.${b}.${c}`),
      fc.tuple(fc.nat(4), fc.nat(255)).map(([b, c]) => `2001:db8:${b}::${c.toString(16)}`),
    );
    fc.assert(
      fc.property(
        fc.array(fc.oneof(v4, v6), { maxLength: 30 }),
        fc.array(address, { maxLength: 20 }),
        (entries, asked) => {
          const sets = [prefixes(...entries.slice(0, 10)), prefixes(...entries.slice(10))];
          const sources = finish(ListedSources.of(sets));
          for (const one of asked) {
            const expected = entries.some((entry) => {
              const parsed = parsePrefix(entry);
              return parsed.ok && parsed.value.contains(one);
            });
            assert.equal(holds(sources, one), expected, `${one} in ${entries.join(' ')}`);
            assert.equal(
              sets.some((set) => holderOf(set, one) !== undefined),
              expected,
              one,
            );
          }
        },
      ),
      { numRuns: 200 },
    );
  });

  test('the last addresses of the space are found, and what touches becomes one range', () => {
    const sources = finish(ListedSources.of([prefixes('198.51.100.0/25', '198.51.100.128/25', '223.255.255.255')]));
    assert.deepEqual(
      ['198.51.99.255', '198.51.100.0', '198.51.100.255', '198.51.101.0', '223.255.255.255'].map((each) =>
        holds(sources, each),
      ),
      [false, true, true, false, true],
    );
    assert.equal(sources.octets, 16);
  });
});

describe('batches of APIBAN', () => {
  const rows: readonly (readonly [text: string, expected: unknown])[] = [
    ['{"ipaddress":["1.2.3.4","1.2.3.5"],"ID":"987"}', { addresses: ['1.2.3.4', '1.2.3.5'], nextId: '987' }],
    ['{"ipaddress":["no new bans"],"ID":"none"}', { addresses: [], nextId: undefined }],
    ['{"ipaddress":"no new bans","ID":"none"}', { addresses: [], nextId: undefined }],
    ['{"ipaddress":"none","ID":"unauthorized"}', 'APIBAN sent no list: none'],
    ['{"ipaddress":"rate limit exceeded","ID":"unauthorized"}', 'APIBAN sent no list: rate limit exceeded'],
    ['{"ipaddress":["1.2.3.4\\n0.0.0.0/1"],"ID":"987"}', 'entry 1 of a batch of APIBAN is no address'],
    ['{"ipaddress":["1.2.3.4"],"ID":"../x"}', 'APIBAN sent an ID that is none'],
    ['<html>', 'the answer is no JSON, which APIBAN would send'],
    ['null', 'APIBAN sent no list'],
  ];
  for (const [text, expected] of rows) {
    test(`${text} is ${JSON.stringify(expected)}`, () => {
      const batch = readApibanBatch(text);
      assert.deepEqual(batch.ok ? batch.value : batch.error, expected);
    });
  }
});

const url = 'https://lists.example/bad.txt';
const nobody: CutOff = { bindings: [], calls: [], peers: [] };

function many(count: number, from = 0): string {
  return Array.from({ length: count }, (_, index) => `9.9.${(from + index) >> 8}.${(from + index) & 255}`).join('\n');
}

class Bench {
  readonly clock = new SimulatedClock(Date.parse('2026-11-21T12:00:00Z'));
  readonly scripted = new ScriptedLists();
  cutOff: (sources: ListedSources) => CutOff = () => nobody;
  changes = 0;
  lists = this.start();

  start(): BlockLists {
    const { clock, scripted } = this;
    const lists = new BlockLists({
      ...{ clock, random: seededRandom(4), settings: () => profileValues('default'), log: silentLog },
      ...{ store: scripted.store, fetcher: scripted.fetcher, nextTurn: scripted.nextTurn, audit: scripted.audit },
      ownAddresses: () => ['203.0.113.5'],
      cutOffBy: (sources) => this.cutOff(sources),
      onChange: () => this.changes++,
    });
    lists.start(scripted.stored());
    return lists;
  }

  /** Adds the list `bad`, and waits for its first copy. */
  async add(text: string, source = url): Promise<void> {
    this.scripted.sources.set(source, text);
    const added = this.lists.add({ name: 'bad', source, format: 'plain', allowsHttp: false, by: 'root' });
    assert.ok(added.ok, added.ok ? '' : added.error);
    await added.value;
  }

  async refresh(text: string | { fault: string }): Promise<void> {
    this.scripted.sources.set(url, text);
    await this.lists.refresh('bad');
  }

  state() {
    const [state] = this.lists.states();
    assert.ok(state);
    return state;
  }
}

describe('a block list', () => {
  test('is in effect once it was fetched, with its actor in the audit, and out of it when it is removed [blacklist.dynamic-ip-block-list]', async () => {
    const bench = new Bench();
    await bench.add('198.51.100.0/24\n198.51.100.9');
    assert.ok(holds(bench.lists.sources, '198.51.100.77'));
    assert.deepEqual(
      bench.lists.concerning('198.51.100.77').map(({ record, entry }) => `${record.name} ${entry}`),
      ['bad 198.51.100.0/24'],
    );
    assert.equal(await bench.lists.remove('bad', 'root'), true);
    assert.equal(holds(bench.lists.sources, '198.51.100.77'), false);
    assert.deepEqual(
      [await bench.lists.remove('bad', 'root'), bench.scripted.records.size, bench.changes],
      [false, 0, 2],
    );
    assert.deepEqual(bench.scripted.audited, [
      `root: add block list bad (${url})`,
      'list bad: take block list bad (2 added, 0 removed)',
      'root: remove block list bad (2 entries)',
    ]);
  });

  test('is asked for again after blocklist_refresh, and sooner after a failure [own.blocklist-refresh]', async () => {
    const bench = new Bench();
    await bench.add(many(10));
    bench.clock.advance(3_599_000);
    assert.equal(bench.scripted.asked.length, 1);
    bench.scripted.sources.set(url, { fault: 'no such host' });
    bench.clock.advance(362_000);
    await new Promise(setImmediate);
    assert.equal(bench.scripted.asked.length, 2);
    bench.clock.advance(661_000);
    await new Promise(setImmediate);
    assert.equal(bench.scripted.asked.length, 3);
  });

  const changes: readonly (readonly [what: string, before: string, after: string, entries: number, why: string])[] = [
    ['an unchanged list stays', many(100), many(100), 100, ''],
    ['20 % more is taken', many(100), many(120), 120, ''],
    ['21 % more waits', many(100), many(121), 100, 'it changes 21 % of the list'],
    ['10 % other entries are taken', many(100), many(100, 10), 100, ''],
    ['11 % other entries wait', many(100), many(100, 11), 100, 'it changes 22 % of the list'],
    ['an empty list waits', many(100), '# nothing\n', 100, 'it changes 100 % of the list'],
  ];
  for (const [what, before, after, entries, why] of changes) {
    test(`${what} [blacklist.dynamic-ip-block-list]`, async () => {
      const bench = new Bench();
      await bench.add(before);
      await bench.refresh(after);
      assert.deepEqual([bench.state().entries, bench.state().record.heldWhy], [entries, why]);
    });
  }

  test('that would cut off somebody known waits, tells whom, and is taken when the operator says yes', async () => {
    const bench = new Bench();
    bench.cutOff = (sources) =>
      holds(sources, '9.9.0.3') ? { bindings: ['alice'], calls: [], peers: ['carrier'] } : nobody;
    await bench.add(many(10));
    assert.equal(bench.state().record.heldWhy, 'it would cut off 1 phones, 1 SIP servers or traffic senders');
    assert.equal(holds(bench.lists.sources, '9.9.0.4'), false);
    const preview = await bench.lists.preview('bad');
    assert.deepEqual(
      [preview?.added, preview?.removed, preview?.addedShown[0], preview?.cutOff.bindings],
      [10, 0, '9.9.0.0', ['alice']],
    );
    assert.equal(await bench.lists.accept('bad', 'root'), true);
    assert.ok(holds(bench.lists.sources, '9.9.0.4'));
    assert.deepEqual([await bench.lists.preview('bad'), await bench.lists.accept('bad', 'root')], [null, false]);
    assert.equal(bench.scripted.audited.at(-1), 'root: take block list bad (10 added, 0 removed)');
  });

  test('whose source was wrong for an hour mends itself: what waits is dropped when the source is as before', async () => {
    const bench = new Bench();
    await bench.add(many(100));
    await bench.refresh(many(3));
    assert.equal(bench.state().heldEntries, 3);
    await bench.refresh(many(101));
    assert.deepEqual([bench.state().entries, bench.state().heldEntries, bench.state().record.heldAtMs], [101, 0, 0]);
  });

  test('that cannot be fetched or read keeps its last good copy, and says why and how old it is', async () => {
    const bench = new Bench();
    await bench.add(many(10));
    const fetchedAtMs = bench.clock.wallMs();
    for (const [broken, why] of [
      [{ fault: 'no such host' }, /no such host/],
      [`${many(10)}\n0.0.0.0/0`, /^line 11: .* covers too much/],
    ] as const) {
      bench.clock.advance(60_000);
      await bench.refresh(broken);
      const { record, entries } = bench.state();
      assert.match(record.fault, why);
      assert.deepEqual([entries, record.checkedAtMs, record.takenAtMs], [10, fetchedAtMs, fetchedAtMs]);
    }
    await bench.refresh(many(10));
    assert.deepEqual([bench.state().record.fault, bench.state().record.checkedAtMs > fetchedAtMs], ['', true]);
  });

  test('is asked for again also after a refresh that broke in our own hands', async () => {
    const bench = new Bench();
    await bench.add(many(10));
    bench.cutOff = () => {
      throw new Error('nobody thought of this');
    };
    await bench.refresh(many(11));
    assert.match(bench.state().record.fault, /nobody thought of this/);
    bench.cutOff = () => nobody;
    await bench.refresh(many(11));
    assert.deepEqual([bench.state().entries, bench.state().record.fault], [11, '']);
  });

  test('outlives a restart with its age, what waits for a yes, and its source unasked', async () => {
    const bench = new Bench();
    await bench.add(many(10));
    await bench.refresh(many(100));
    const before = bench.state();
    bench.lists.stop();
    bench.clock.advance(86_400_000);
    const asked = bench.scripted.asked.length;
    const lists = bench.start();
    assert.ok(holds(lists.sources, '9.9.0.9'));
    assert.deepEqual(lists.states()[0]?.record, before.record);
    assert.deepEqual(
      [lists.states()[0]?.entries, lists.states()[0]?.heldEntries, bench.scripted.asked.length],
      [10, 100, asked],
    );
  });

  test('is refused with the reason where name, source or number are not possible', () => {
    const { lists } = new Bench();
    const add = (name: string, source: string, allowsHttp = false): string => {
      const added = lists.add({ name, source, format: 'plain', allowsHttp, by: 'root' });
      return added.ok ? 'ok' : added.error;
    };
    assert.match(add('../x', url), /is no name of a list/);
    assert.match(add('a', 'http://lists.example/bad.txt'), /use https, or say --allow-http/);
    assert.equal(add('a', 'http://lists.example/bad.txt', true), 'ok');
    for (const source of ['ftp://lists.example/', 'javascript:1', 'bad.txt', 'file://host/etc/bad.txt']) {
      assert.match(add('b', source), /a block list comes from a URL such as/, source);
    }
    assert.match(add('a', url), /there is a block list 'a' already/);
    for (let list = 1; list < 16; list++) assert.equal(add(`l${list}`, url), 'ok');
    assert.match(add('z', url), /there are 16 block lists already/);
  });

  test('never shows a key of the operator that its URL holds', () => {
    const rows = [
      [{ source: 'https://apiban.org/api/SECRET/banned', format: 'apiban' }, 'https://apiban.org/...'],
      [{ source: 'https://lists.example/bad?key=SECRET', format: 'plain' }, 'https://lists.example/...'],
      [{ source: 'https://me:SECRET@lists.example/bad', format: 'plain' }, 'https://lists.example/...'],
      [{ source: url, format: 'plain' }, url],
    ] as const;
    for (const [record, shown] of rows) assert.equal(shownSource(record), shown);
  });

  test('shares the room for entries with the others', async () => {
    const bench = new Bench();
    await bench.add(many(60_000));
    bench.scripted.sources.set(
      'https://other.example/',
      Array.from({ length: 50_000 }, (_, at) => `8.${at >> 16}.${(at >> 8) & 255}.${at & 255}`).join('\n'),
    );
    const added = bench.lists.add({
      name: 'other',
      source: 'https://other.example/',
      format: 'plain',
      allowsHttp: false,
      by: 'root',
    });
    assert.ok(added.ok);
    const done = await added.value;
    assert.match(done.ok ? '' : done.error, /line 40001: more than 40000 entries/);
  });
});

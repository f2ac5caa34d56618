import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { deckOfRecords, parseDeck, printDeck } from './deck.ts';
import { type DeckRow, PriceList } from './price-list.ts';

const head = 'prefix,name,price,connectfee,firstincrement,nextincrement,validfrom,validuntil,origins,free';
const nowMs = Date.UTC(2026, 10, 21);

function listOf(...lines: string[]): PriceList {
  const list = parseDeck([head, ...lines].join('\n'));
  assert.ok(list.ok, list.ok ? '' : list.error.join('\n'));
  return list.value;
}

function found(list: PriceList, digits: string, atMs = nowMs, origin = ''): string {
  const at = list.find(digits, origin, atMs);
  return at < 0 ? 'none' : `${list.rowAt(at).prefix} ${list.rowAt(at).peakPerMinuteMicros}`;
}

test('the longest prefix of a number has its price', () => {
  const list = listOf('43,Austria,0.02', '4366,Austria mobile,0.05', '436641,one network,0.06', '1,America,0.01');
  assert.equal(found(list, '436641234567'), '436641 60000');
  assert.equal(found(list, '436651234567'), '4366 50000');
  assert.equal(found(list, '4312345'), '43 20000');
  assert.equal(found(list, '4'), 'none');
  assert.equal(found(list, '12125551234'), '1 10000');
  assert.equal(found(listOf(',everywhere,0.5', '43,Austria,0.02'), '491'), ' 500000');
});

test('a price holds from its day to its end, and a newer one takes its place', () => {
  const list = listOf(
    '43,Austria,0.02,,,,2026-01-01',
    '43,Austria,0.03,,,,2026-12-01 06:00',
    '44,UK,0.04,,,,2026-01-01,2026-11-01',
    '4,zone,0.9',
  );
  assert.equal(found(list, '431'), '43 20000');
  assert.equal(found(list, '431', Date.UTC(2026, 11, 1, 6) - 1), '43 20000');
  assert.equal(found(list, '431', Date.UTC(2026, 11, 1, 6)), '43 30000');
  assert.equal(found(list, '431', Date.UTC(2025, 11, 31)), '4 900000', 'before its day the shorter prefix holds');
  assert.equal(found(list, '441'), '4 900000', 'after its end too');
});

test('a price for certain callers goes before the one for all', () => {
  const list = listOf('43,Austria,0.02', '43,Austria from Europe,0.01,,,,,,43 49');
  assert.equal(found(list, '431', nowMs, '49301234'), '43 10000');
  assert.equal(found(list, '431', nowMs, '12125551234'), '43 20000');
  assert.equal(found(list, '431', nowMs, ''), '43 20000');
});

test('look-ups equal a search through all rows', () => {
  const prefix = fc.stringMatching(/^[1-9][0-9]{0,6}$/);
  const rows = fc.uniqueArray(prefix, { minLength: 1, maxLength: 60 });
  fc.assert(
    fc.property(rows, fc.array(fc.stringMatching(/^[1-9][0-9]{3,14}$/), { minLength: 1 }), (prefixes, numbers) => {
      const list = listOf(...prefixes.map((one, at) => `${one},,0.${at + 1}`));
      for (const number of numbers) {
        const longest = prefixes
          .filter((one) => number.startsWith(one))
          .toSorted((one, other) => other.length - one.length)[0];
        const at = list.find(number, '', nowMs);
        assert.equal(at < 0 ? undefined : list.rowAt(at).prefix, longest);
      }
    }),
  );
});

test('what is printed is read again as the same list', () => {
  const cell = fc.stringMatching(/^[ -~]{0,20}$/).map((text) => text.trim());
  const row = fc.record({
    prefix: fc.stringMatching(/^[1-9][0-9]{0,14}$/),
    name: cell,
    price: fc.bigInt(1n, 10n ** 12n),
  });
  const unique = fc.uniqueArray(row, { selector: ({ prefix }) => prefix, minLength: 1 });
  fc.assert(
    fc.property(unique, (rows) => {
      const list = PriceList.of(rows.map(({ prefix, name, price }) => deckRow(prefix, name, price)));
      const again = parseDeck(printDeck(list));
      assert.ok(again.ok);
      assert.deepEqual([...again.value.rows()], [...list.rows()]);
    }),
  );
});

test('faults are told by row, all of them, and nothing is taken', () => {
  const list = parseDeck(
    [
      head,
      '43,Austria,0.02',
      '0043,Germany,0.02',
      '49,Germany,abc',
      '49,Germany,0',
      '39,Italy,0,,,,,,,yes',
      '44,UK,-1',
      '45,Denmark',
      '46,Sweden,0.01,,0',
      '47,Norway,0.01,,,,31.12.2026',
      '43,Austria again,0.03',
      '"48,Poland,0.01',
      '50,x,1,1,1,1,,,,,1',
    ].join('\r\n'),
  );
  assert.ok(!list.ok);
  assert.deepEqual(
    list.error.map((sentence) => sentence.replace(/;.*/, '')),
    [
      "row 3: prefix '0043' is not a prefix in international form, such as 4366",
      "row 4: price 'abc' is not an amount such as 0.05",
      'row 5: price is 0',
      "row 7: price '-1' is not between 0.00 and 1000000000.00",
      'row 8: price is missing',
      "row 9: firstincrement '0' is not whole seconds from 1 to 3600",
      "row 10: validfrom '31.12.2026' is not a day such as 2026-12-31 or a time such as 2026-12-31 06:00 (UTC)",
      'row 11: prefix 43 is there twice from the same day',
      'row 12: a quotation mark is not closed',
      'row 13: has more values than columns',
    ],
  );
});

test('columns have the names of carriers, and unknown ones are refused', () => {
  const list = parseDeck(
    'Dial Code;Destination;Rate;Connection Fee;Effective Date\n43;"Austria; all";0.02;0.01;2026-01-01',
  );
  assert.ok(list.ok);
  assert.equal(list.value.rowAt(0).name, 'Austria; all');
  const unknown = parseDeck('prefix,price,colour\n43,1,red');
  assert.match(
    unknown.ok ? '' : unknown.error.join(),
    /row 1: the column 'colour' is unknown; there are prefix, name, /,
  );
  assert.deepEqual(parseDeck('name,price\nx,1'), { ok: false, error: ['row 1: the column prefix is missing'] });
});

test('records of an import document make the same list', () => {
  const list = deckOfRecords([{ prefix: '+43', price: '0.02', 'connect fee': '0.01' }]);
  assert.ok(list.ok);
  assert.equal(list.value.rowAt(0).connectFeeMicros, 10_000n);
  const wrong = deckOfRecords([{ prefix: '43', prize: '0.02' }]);
  assert.match(wrong.ok ? '' : wrong.error.join(), /price 1: 'prize' is unknown/);
});

function deckRow(prefix: string, name: string, price: bigint): DeckRow {
  const list = deckOfRecords([{ prefix, price: '1' }]);
  assert.ok(list.ok);
  const prices = { peakPerMinuteMicros: price, offPeakPerMinuteMicros: price, weekendPerMinuteMicros: price };
  return { ...list.value.rowAt(0), name, ...prices };
}

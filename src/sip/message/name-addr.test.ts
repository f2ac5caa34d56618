import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  displayText,
  formatNameAddr,
  HeaderList,
  parseContacts,
  parseNameAddr,
  parseNameAddrList,
  toOctets,
} from './index.ts';

type Row = readonly [string, string, string, readonly (readonly [string, string])[]];

const readable: readonly Row[] = [
  ['<sip:a@example.com>', '', 'sip:a@example.com', []],
  ['sip:a@example.com', '', 'sip:a@example.com', []],
  ['sip:a@example.com;tag=1', '', 'sip:a@example.com', [['tag', '1']]],
  ['<sip:a@example.com;lr>;tag=1', '', 'sip:a@example.com;lr', [['tag', '1']]],
  ['Alice <sip:a@example.com>', 'Alice', 'sip:a@example.com', []],
  ['Alice Bob<sip:a@example.com>', 'Alice Bob', 'sip:a@example.com', []],
  ['"Bell, \\"A\\" \\\\" <sip:a@example.com>', 'Bell, "A" \\', 'sip:a@example.com', []],
  ['"a <sip:b@example.com>" <sip:a@example.com>', 'a <sip:b@example.com>', 'sip:a@example.com', []],
  [
    '<sip:a@b> ; TAG = x ; q=0.5',
    '',
    'sip:a@b',
    [
      ['tag', 'x'],
      ['q', '0.5'],
    ],
  ],
  ['<sip:a@b>;+sip.instance="<urn:uuid:1>"', '', 'sip:a@b', [['+sip.instance', '<urn:uuid:1>']]],
  [
    '<sip:a@b>;flag;p="a;b,c"',
    '',
    'sip:a@b',
    [
      ['flag', ''],
      ['p', 'a;b,c'],
    ],
  ],
  ['<tel:+431>', '', 'tel:+431', []],
  ['<sip:a@b>;tag=a@b/c', '', 'sip:a@b', [['tag', 'a@b/c']]],
  ['<sip:a@b>;__proto__=x', '', 'sip:a@b', [['__proto__', 'x']]],
];

for (const [value, displayName, uri, params] of readable) {
  test(`the address ${value} is read as RFC 3261 §20.10 says`, () => {
    const expected = { displayName, uri, params: new Map(params) };
    assert.deepEqual(parseNameAddr(value), { ok: true, value: expected });
    assert.deepEqual(parseNameAddr(formatNameAddr(expected)), { ok: true, value: expected });
  });
}

const refused: readonly (readonly [string, string])[] = [
  ['', 'empty'],
  ['<>', 'no URI'],
  ['<sip:a@b', 'not closed'],
  ['"Alice <sip:a@b>', 'quote not closed'],
  ['"Alice" sip:a@b', 'quoted name without <'],
  ['Bell, A <sip:a@b>', 'comma in unquoted name'],
  ['< sip:a@b >', 'spaces within <>'],
  ['Alice', 'no URI at all'],
  ['sip:a@b?to=x', 'question mark outside <>'],
  ['<sip:a@b>;', 'empty parameter'],
  ['<sip:a@b>;tag=1;Tag=2', 'parameter twice'],
  ['<sip:a@b>;tag=', 'empty value'],
  ['<sip:a@b>;p="x', 'quoted value not closed'],
  ['<sip:a@b> x', 'octets behind'],
  ['<sip:a@b>,<sip:c@d>', 'two addresses'],
];

for (const [value, why] of refused) {
  test(`the address ${value} is refused: ${why}`, () => {
    assert.equal(parseNameAddr(value).ok, false);
  });
}

test('a list is split at commas outside quotes and angle brackets, over several lines', () => {
  const read = parseNameAddrList(['"a, b" <sip:a@x;p=1,2> , sip:c@x;q=1', '<sip:d@x>']);
  assert.ok(read.ok);
  assert.deepEqual(
    read.value.map((address) => address.uri),
    ['sip:a@x;p=1,2', 'sip:c@x', 'sip:d@x'],
  );
});

test('a list with an empty place or with too many addresses is refused', () => {
  assert.equal(parseNameAddrList(['<sip:a@x>,']).ok, false);
  assert.equal(parseNameAddrList([Array(64).fill('<sip:a@x>').join(',')]).ok, true);
  assert.equal(parseNameAddrList([Array(65).fill('<sip:a@x>').join(',')]).ok, false);
});

test('Contact * is accepted alone and refused beside another', () => {
  assert.deepEqual(parseContacts(new HeaderList().append('contact', '*')), { ok: true, value: '*' });
  const mixed = new HeaderList().append('contact', '*').append('contact', '<sip:a@x>');
  assert.equal(parseContacts(mixed).ok, false);
  assert.deepEqual(parseContacts(new HeaderList()), { ok: true, value: [] });
});

test('a display name that we write cannot end its quotes, and UTF-8 in it survives', () => {
  const displayName = toOctets('Zoë "\r\nEvil: 1');
  const text = formatNameAddr({ displayName, uri: 'sip:a@x', params: new Map() });
  assert.equal(displayText(text), '"Zoë \\"Evil: 1" <sip:a@x>');
  assert.throws(() => formatNameAddr({ displayName: '', uri: 'sip:a@x>;tag=1', params: new Map() }));
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import ipaddr from 'ipaddr.js';
import { maskWords, readAddressWords } from './address-words.ts';

const words = new Uint32Array(4);

function read(text: string): string | undefined {
  if (!readAddressWords(text, words)) return undefined;
  return [...words].map((word) => word.toString(16).padStart(8, '0')).join('');
}

test('any address is read as ipaddr.js reads it, in its long and its short form', () => {
  const octets = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => {
    // Zeroes make the short forms interesting.
    return bytes.map((byte, index) => ((bytes[index >> 1] ?? 0) % 3 === 0 ? 0 : byte));
  });
  fc.assert(
    fc.property(octets, (bytes) => {
      const address = new ipaddr.IPv6([...bytes]);
      const expected = Buffer.from(bytes).toString('hex');
      if (!address.isIPv4MappedAddress()) {
        assert.equal(read(address.toString()), expected, address.toString());
        assert.equal(read(address.toNormalizedString()), expected);
      }
      const four = new ipaddr.IPv4([...bytes.slice(0, 4)]);
      const mapped = `00000000000000000000ffff${Buffer.from(bytes.slice(0, 4)).toString('hex')}`;
      assert.equal(read(four.toString()), mapped);
      assert.equal(read(`::ffff:${four.toString()}`), mapped);
    }),
    { numRuns: 2000 },
  );
});

test('what is no address is refused', () => {
  for (const text of ['', '192.0.2', '192.0.2.256', 'host', '1:2:3', '1::2::3', '12345::', '1:2:3:4:5:6:7:8:9'])
    assert.equal(read(text), undefined, text);
  assert.equal(read('fe80::1%eth0'), read('fe80::1'));
});

test('a mask keeps the first bits', () => {
  const rows = [
    [128, '20010db8000000010000000000000005'],
    [64, '20010db8000000010000000000000000'],
    [56, '20010db8000000000000000000000000'],
    [0, '00000000000000000000000000000000'],
  ] as const;
  for (const [bits, expected] of rows) {
    readAddressWords('2001:db8:0:1::5', words);
    maskWords(words, bits);
    assert.equal([...words].map((word) => word.toString(16).padStart(8, '0')).join(''), expected);
  }
});

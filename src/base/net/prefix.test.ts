import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parsePrefix } from './prefix.ts';

const rows: readonly { text: string; address: string; contains: boolean }[] = [
  { text: '192.168.1.143/255.255.255.255', address: '192.168.1.143', contains: true },
  { text: '192.168.1.143/255.255.255.255', address: '192.168.1.144', contains: false },
  { text: '192.168.1.0/255.255.255.0', address: '192.168.1.77', contains: true },
  { text: '192.168.1.0/24', address: '192.168.2.1', contains: false },
  { text: '192.0.2.1', address: '192.0.2.1', contains: true },
  { text: '192.0.2.1', address: '::ffff:192.0.2.1', contains: true },
  { text: '2001:db8::/32', address: '2001:db8:1::5', contains: true },
  { text: '2001:db8::/32', address: '192.0.2.1', contains: false },
  { text: '0.0.0.0/0', address: '203.0.113.9', contains: true },
];

describe('address ranges', () => {
  for (const { text, address, contains } of rows) {
    test(`${text} ${contains ? 'contains' : 'does not contain'} ${address}`, () => {
      const prefix = parsePrefix(text);
      assert.ok(prefix.ok);
      assert.equal(prefix.value.contains(address), contains);
    });
  }

  for (const text of [
    '',
    'example.com',
    '10.1',
    '192.0.2.1/33',
    '192.0.2.0/255.0.255.0',
    '2001:db8::/129',
    '1.2.3.4/x',
  ]) {
    test(`'${text}' is refused`, () => assert.equal(parsePrefix(text).ok, false));
  }
});

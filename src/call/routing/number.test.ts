import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readDialled } from './number.ts';

const plan = { homeCountry: '43', internationalPrefix: '00', nationalPrefix: '0' };

const rows: readonly { uri: string; expect: string }[] = [
  { uri: 'sip:alice@h', expect: 'name alice' },
  { uri: 'sip:200@h', expect: 'number 200 200 internal' },
  { uri: 'sip:+493012345@h', expect: 'number 00493012345 493012345 international' },
  { uri: 'sip:00493012345@h', expect: 'number 00493012345 493012345 international' },
  { uri: 'sip:01234567@h', expect: 'number 01234567 431234567 domestic' },
  { uri: 'sip:+43(1)234-56.7@h', expect: 'number 00431234567 431234567 domestic' },
  { uri: 'sip:%2B493012345@h', expect: 'number 00493012345 493012345 international' },
  { uri: 'sip:+493012345;phone-context=example.com;rn=+1900@h', expect: 'number 00493012345 493012345 international' },
  { uri: 'tel:+49-30-12345;ext=7', expect: 'number 00493012345 493012345 international' },
  { uri: 'sip:@h', expect: 'nothing' },
  { uri: 'sip:a%00b@h', expect: 'nothing' },
  { uri: `sip:${'1'.repeat(65)}@h`, expect: 'nothing' },
];

describe('what was dialled', () => {
  for (const { uri, expect } of rows) {
    test(`${uri.slice(0, 60)} is read as ${expect}`, () => {
      const dialled = readDialled(uri, plan);
      const read =
        dialled === undefined
          ? 'nothing'
          : dialled.kind === 'name'
            ? `name ${dialled.name}`
            : `number ${dialled.digits} ${dialled.canonical} ${dialled.numberClass}`;
      assert.equal(read, expect);
    });
  }

  test('a tech prefix is stripped before the number is read [auth.techprefix]', () => {
    const dialled = readDialled('sip:8812345600493012345@h', plan, 8);
    assert.ok(dialled?.kind === 'number');
    assert.equal(dialled.canonical, '493012345');
  });
});

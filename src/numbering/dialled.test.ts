import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readDialled } from './dialled.ts';

const plan = { homeCountry: '43', homeRegion: '', internationalPrefix: '00', nationalPrefix: '0' };

const rows: readonly { uri: string; expect: string }[] = [
  { uri: 'sip:alice@h', expect: 'name alice' },
  { uri: 'sip:200@h', expect: 'number 200 200' },
  { uri: 'sip:+493012345@h', expect: 'number 00493012345 493012345 global' },
  { uri: 'sip:00493012345@h', expect: 'number 00493012345 493012345' },
  { uri: 'sip:01234567@h', expect: 'number 01234567 431234567' },
  { uri: 'sip:+43(1)234-56.7@h', expect: 'number 00431234567 431234567 global' },
  { uri: 'sip:%2B493012345@h', expect: 'number 00493012345 493012345 global' },
  { uri: 'sip:%2b49%33012345@h', expect: 'number 00493012345 493012345 global' },
  { uri: 'sip:%252B493012345@h', expect: 'nothing' },
  {
    uri: 'sip:+493012345;phone-context=example.com;rn=+1900@h',
    expect: 'number 00493012345 493012345 global',
  },
  { uri: 'sip:+493012345;npdi;rn=+19005551234@h;user=phone', expect: 'number 00493012345 493012345 global' },
  { uri: 'tel:+49-30-12345;ext=7', expect: 'number 00493012345 493012345 global' },
  { uri: 'tel:+493012345;postd=pp19005551234', expect: 'number 00493012345 493012345 global' },
  { uri: 'tel:6641234567;phone-context=+43', expect: 'number 00436641234567 436641234567 global' },
  { uri: 'tel:9005551234;phone-context=+1', expect: 'nothing' },
  { uri: 'tel:123456;phone-context=example.com', expect: 'nothing' },
  { uri: 'sip:9005551234;phone-context=+1@h;user=phone', expect: 'nothing' },
  { uri: 'sip:9005551234;PHONE-CONTEXT=+1@h', expect: 'nothing' },
  { uri: 'sip:@h', expect: 'nothing' },
  { uri: 'sip:a%00b@h', expect: 'nothing' },
  { uri: `sip:${'1'.repeat(65)}@h`, expect: 'nothing' },
];

describe('what was dialled', () => {
  for (const { uri, expect } of rows) {
    test(`${uri.slice(0, 60)} is read as ${expect}`, () => {
      const dialled = readDialled(uri, plan);
      assert.equal(dialled === undefined ? 'nothing' : shown(dialled), expect);
    });
  }

  test('a tech prefix is stripped before the number is read [auth.techprefix]', () => {
    const dialled = readDialled('sip:8812345600493012345@h', plan, 8);
    assert.ok(dialled?.kind === 'number');
    assert.equal(dialled.canonical, '493012345');
  });
});

function shown(dialled: NonNullable<ReturnType<typeof readDialled>>): string {
  if (dialled.kind === 'name') return `name ${dialled.name}`;
  return `number ${dialled.digits} ${dialled.canonical}${dialled.global ? ' global' : ''}`;
}

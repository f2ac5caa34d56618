import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { bindingUri } from './contact-uri.ts';

const rows: readonly (readonly [string, string])[] = [
  ['sip:bob@192.0.2.1', 'sip:bob@192.0.2.1'],
  ['sip:bob@192.0.2.1:5062;transport=tcp;ob;X-Odd=%41b', 'sip:bob@192.0.2.1:5062;transport=tcp;ob;X-Odd=%41b'],
  ['SIP:Bob@Phone.Example;OB', 'SIP:Bob@Phone.Example;OB'],
  ['sip:bob@192.0.2.1?Subject=hi', 'sip:bob@192.0.2.1'],
  ['sip:bob@192.0.2.1;method=BYE', 'sip:bob@192.0.2.1'],
  ['sip:bob@192.0.2.1;line=a;Method=REGISTER;ob?Route=%3Csip:x%3E&Alert-Info=y', 'sip:bob@192.0.2.1;line=a;ob'],
  ['sip:bob@192.0.2.1;m%65thod=BYE;lr', 'sip:bob@192.0.2.1;lr'],
  ['sip:b;method=x?y@192.0.2.1;method=BYE?a=b', 'sip:b;method=x?y@192.0.2.1'],
  ['sip:[2001:db8::1]:5060;method=BYE', 'sip:[2001:db8::1]:5060'],
  ['tel:+4312345;method=x', 'tel:+4312345;method=x'],
];

describe('a contact is kept as it was written, without headers and method', () => {
  for (const [written, kept] of rows) {
    test(`${written} is kept as ${kept}`, () => {
      assert.equal(bindingUri(written), kept);
    });
  }
});

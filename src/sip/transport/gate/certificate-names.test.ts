import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { certificateIsFor, certificateNames } from './certificate-names.ts';

const subject = { C: '', ST: '', L: '', O: '', OU: '', CN: 'common.example.com' };

describe('the names that a certificate proves (RFC 5922 §7.1)', () => {
  const table: readonly (readonly [string | undefined, readonly string[]])[] = [
    ['DNS:a.example.com, DNS:B.example.com', ['a.example.com', 'b.example.com']],
    ['DNS:a.example.com, IP Address:192.0.2.1', ['a.example.com', '192.0.2.1']],
    ['URI:sip:proven.example.com, DNS:a.example.com', ['proven.example.com']],
    ['URI:sip:alice@a.example.com, DNS:a.example.com', ['a.example.com']],
    ['URI:https://a.example.com', []],
    ['email:x@a.example.com', []],
    // A value that feigns a second entry comes quoted, and is no host name.
    ['DNS:"a.example.com\\u002c DNS:victim.example.com"', []],
    ['othername:<unsupported>, DNS:a.example.com', ['a.example.com']],
    [undefined, ['common.example.com']],
  ];
  for (const [subjectaltname, names] of table) {
    it(`${subjectaltname ?? 'no alternative name'}: ${names.join(', ') || 'none'}`, () => {
      const certificate = subjectaltname === undefined ? { subject } : { subject, subjectaltname };
      assert.deepEqual(certificateNames(certificate as Parameters<typeof certificateNames>[0]), names);
    });
  }
});

describe('whether a certificate is for a name', () => {
  const subjectaltname = 'DNS:sip.example.com, DNS:*.example.com, IP Address:2001:DB8:0:0:0:0:0:1';
  const table = [
    ['sip.example.com', true],
    ['SIP.example.com.', true],
    ['common.example.com', false],
    ['other.example.com', false],
    ['*.example.com', true],
    ['2001:db8::1', true],
    ['2001:db8::2', false],
    ['192.0.2.1', false],
  ] as const;
  for (const [name, fits] of table) {
    it(`${name}: ${fits ? 'yes' : 'no'}`, () => {
      assert.equal(certificateIsFor(name, { subject, subjectaltname }), fits);
    });
  }
});

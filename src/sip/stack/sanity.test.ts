import assert from 'node:assert/strict';
import { test } from 'node:test';
import { requestOf } from '../../../test/kit/transaction-bench.ts';
import { callRefusalOf } from './index.ts';

const contact = 'Contact: <sip:100@198.51.100.1>';
const contactOf = (value: string): readonly string[] => [`Contact: ${value}`];

/** What an INVITE that begins a call says, and what it is refused with; 0 where it is not. */
const rows: readonly (readonly [what: string, headers: readonly string[], body: string, status: number])[] = [
  ['no body', [contact], '', 0],
  ['SDP', [contact, 'Content-Type: Application/SDP ;charset=utf-8'], 'x', 0],
  ['several parts', [contact, 'Content-Type: multipart/mixed;boundary=b'], 'x', 0],
  [
    'a body that may be passed over',
    [contact, 'Content-Type: a/b', 'Content-Disposition: x;handling=optional'],
    'x',
    0,
  ],
  ['another body', [contact, 'Content-Type: application/foo'], 'x', 415],
  ['a body without type', [contact], 'x', 415],
  ['no Contact', [], '', 400],
  ['Contact *', contactOf('*'), '', 400],
  ['a telephone as Contact', contactOf('<tel:+431>'), '', 400],
  ['two Contacts', contactOf('<sip:a@b>, <sip:c@d>'), '', 400],
  ['an impossible Contact', contactOf('<sip:a@b:99999>'), '', 400],
];

for (const [what, headers, body, status] of rows) {
  test(`an INVITE with ${what} is ${status === 0 ? 'served' : `answered ${status}`} (RFC 3261 §8.1.1.8, §8.2.3)`, () => {
    const refusal = callRefusalOf(requestOf('INVITE', { headers, body }));
    assert.equal(refusal?.status ?? 0, status);
    assert.equal(refusal?.headers.get('accept'), status === 415 ? 'application/sdp' : undefined);
  });
}

test('a caller of RFC 2543, whose branch has no magic cookie, needs no Contact', () => {
  assert.equal(callRefusalOf(requestOf('INVITE', { branch: '7' })), undefined);
});

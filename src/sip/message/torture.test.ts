import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Expected,
  readRfc4475,
  readRfc5118,
  rfc4475,
  rfc5118,
  type Vector,
  vectorFiles,
} from '../../../test/vectors/vectors.ts';
import {
  createResponse,
  defaultParseLimits,
  parseContacts,
  parseMessage,
  type SipRequest,
  serialise,
} from './index.ts';

const cases: readonly (readonly [Vector, string])[] = [
  ...rfc4475.map((vector) => [vector, readRfc4475(vector.file)] as const),
  ...rfc5118.map((vector) => [vector, readRfc5118(vector.file)] as const),
];

for (const [vector, octets] of cases) {
  test(`[protocol.malformed-packet-drop] ${vector.file} is ${outcomeText(vector.expected)}: ${vector.why}`, () => {
    const read = parseMessage(octets, defaultParseLimits);
    const seen: Expected = read.ok
      ? { outcome: read.value.kind }
      : { outcome: 'refused', status: read.error.status, isAnswered: read.error.respondTo !== undefined };
    assert.deepEqual(seen, vector.expected, read.ok ? '' : read.error.reason);
  });
}

test('the tables name every vector file once', () => {
  assert.deepEqual(rfc4475.map((vector) => vector.file).toSorted(), vectorFiles('rfc4475'));
  assert.deepEqual(rfc5118.map((vector) => vector.file).toSorted(), vectorFiles('rfc5118'));
});

test('the answer to a refused request repeats Via, From, To, Call-ID and CSeq octet for octet, as far as they came', () => {
  for (const [vector, octets] of cases) {
    const read = parseMessage(octets, defaultParseLimits);
    if (read.ok || read.error.respondTo === undefined) continue;
    const answer = serialise(createResponse(read.error.respondTo, read.error.status));
    assert.match(answer, new RegExp(`^SIP/2.0 ${read.error.status} `, 'u'), vector.file);
    for (const name of ['Via', 'From', 'To', 'Call-ID', 'CSeq']) {
      const sent = new RegExp(`^${name} *: *(.*?)\r$`, 'imu').exec(octets)?.[1];
      const line = sent === undefined ? `\r\n${name}:` : `\r\n${name}: ${sent}\r\n`;
      assert.equal(answer.includes(line), sent !== undefined, `${vector.file} ${name}`);
    }
  }
});

test('the folded INVITE of RFC 4475 §3.1.1.1 reads as if it had no folds', () => {
  const request = accepted('wsinv.dat');
  assert.equal(request.toTag, '1918181833n');
  assert.equal(request.from.displayName, 'J Rosenberg \\"');
  assert.equal(request.fromTag, '98asjd8');
  assert.equal(request.maxForwards, 68);
  assert.deepEqual(request.cseq, { seq: 9, method: 'INVITE' });
  assert.equal(request.topVia.host, '192.0.2.2');
  assert.equal(request.topVia.branch, '390skdjuw');
  assert.equal(request.headers.get('newfangledheader'), 'newfangled value continued newfangled value');
  assert.equal(request.headers.get('subject'), '');
  const contacts = parseContacts(request.headers);
  assert.ok(contacts.ok && contacts.value !== '*');
  assert.deepEqual(
    contacts.value.map((contact) => [contact.displayName, ...contact.params]),
    [['Quoted string ""', ['newparam', 'newvalue'], ['secondparam', ''], ['q', '0.33']]],
  );
});

test('the unusual octets of RFC 4475 §3.1.1.2 are kept, and control octets kept out of display names', () => {
  const request = accepted('intmeth.dat');
  assert.equal(request.to.displayName, 'BEL: NUL: DEL:');
  assert.equal(request.from.displayName, "token1~` token2'+_ token3*%!.-");
  assert.equal(request.fromTag, "_token~1'+`*%!-.");
  const uri = request.requestUri;
  assert.ok(uri?.scheme === 'sip');
  assert.equal(uri.password, "&it+has=1,weird!*pas$wo~d_too.(doesn't-it)");
  assert.equal(uri.host, 'example.com');
});

test('the Contact that needs angle brackets is refused when it is read', () => {
  assert.equal(parseContacts(accepted('regbadct.dat').headers).ok, false);
});

function accepted(file: string): SipRequest {
  const read = parseMessage(readRfc4475(file), defaultParseLimits);
  assert.ok(read.ok && read.value.kind === 'request', file);
  return read.value;
}

function outcomeText(expected: Expected): string {
  if (expected.outcome !== 'refused') return `read as a ${expected.outcome}`;
  return `refused with ${expected.status}${expected.isAnswered ? '' : ', without an answer'}`;
}

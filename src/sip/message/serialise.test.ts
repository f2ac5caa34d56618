import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  createResponse,
  defaultParseLimits,
  HeaderList,
  parseMessage,
  reasonPhrase,
  SipRequest,
  SipResponse,
  serialise,
  withToTag,
} from './index.ts';

test('names are written long and in their usual capitals, Content-Length right and last', () => {
  const headers = new HeaderList()
    .append('v', 'SIP/2.0/UDP 192.0.2.1')
    .append('content-length', '999')
    .append('call-id', 'c1')
    .append('cseq', '1 OPTIONS')
    .append('www-authenticate', 'Digest')
    .append('x-some-thing', '1');
  assert.equal(
    serialise(new SipRequest('OPTIONS', 'sip:b@x', headers, 'a\u00ff')),
    'OPTIONS sip:b@x SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1\r\nCall-ID: c1\r\nCSeq: 1 OPTIONS\r\nWWW-Authenticate: Digest\r\n' +
      'X-Some-Thing: 1\r\nContent-Length: 2\r\n\r\na\u00ff',
  );
});

test('no value can start a header or a line of its own', () => {
  const headers = new HeaderList();
  // U+010A would be written as LF, because only its low octet goes out.
  for (const value of ['a\r\nEvil: 1', 'a\nb', 'a\rb', 'a\u010ab', '\u0416']) {
    assert.throws(() => headers.append('x', value));
    assert.throws(() => headers.prepend('x', value));
    assert.throws(() => headers.set('x', value));
    assert.throws(() => headers.append(`x${value}`, 'a'));
    assert.throws(() => serialise(new SipResponse(200, value, headers, '')));
    assert.throws(() => serialise(new SipRequest('OPTIONS', `sip:${value}`, headers, '')));
    assert.throws(() => serialise(new SipRequest(value, 'sip:b@x', headers, '')));
  }
  assert.throws(() => serialise(new SipRequest('OPTIONS', 'sip:b@x SIP/2.0', headers, '')));
  assert.throws(() => serialise(new SipResponse(99, 'x', headers, '')));
});

test('a header list keeps order, replaces in place and clones apart', () => {
  const list = new HeaderList().append('route', '1').append('via', 'v').append('Route', '2');
  list.set('route', '3').prepend('via', 'top').replaceFirst('via', 'first').append('k', 'timer');
  const copy = list.clone();
  copy.delete('via');
  const entries = [...list.entries()];
  assert.deepEqual(entries, [
    ['via', 'first'],
    ['route', '3'],
    ['via', 'v'],
    ['supported', 'timer'],
  ]);
  assert.deepEqual(list.getAll('via'), ['first', 'v']);
  assert.deepEqual([list.count('via'), list.has('route'), list.has('to'), list.get('to')], [2, true, false, undefined]);
  assert.deepEqual([...copy.entries()].length, 2);
});

test('typed views follow the headers when these change', () => {
  const request = parsed('INVITE');
  assert.deepEqual([request.toTag, request.topVia.host, request.maxForwards], [undefined, 'a', 70]);
  request.headers
    .set('to', '<sip:b@x>;tag=2')
    .prepend('via', 'SIP/2.0/TCP c;branch=z9hG4bKc')
    .set('max-forwards', '69');
  assert.deepEqual([request.toTag, request.topVia.host, request.maxForwards], ['2', 'c', 69]);
});

test('a response takes over what RFC 3261 §8.2.6 says, Record-Route only where a dialog may begin', () => {
  const names = (status: number, method: string): string[] =>
    [...createResponse(parsed(method), status).headers.entries()].map(([name]) => name);
  const always = ['via', 'via', 'from', 'to', 'call-id', 'cseq'];
  assert.deepEqual(names(100, 'INVITE'), [...always, 'timestamp']);
  assert.deepEqual(names(180, 'INVITE'), [...always, 'record-route', 'record-route']);
  assert.deepEqual(names(200, 'INVITE'), [...always, 'record-route', 'record-route']);
  assert.deepEqual(names(486, 'INVITE'), always);
  assert.deepEqual(names(200, 'OPTIONS'), always);
});

test('a To tag is added once, and the first response stays without', () => {
  const response = createResponse(parsed('INVITE'), 180);
  const tagged = withToTag(response, 'mine');
  assert.equal(response.toTag, undefined);
  assert.equal(tagged.toTag, 'mine');
  assert.equal(withToTag(tagged, 'other').toTag, 'mine');
  assert.equal(tagged.reason, 'Ringing');
});

test('every status has a phrase', () => {
  assert.deepEqual([200, 480, 299, 499, 699, 800].map(reasonPhrase), [
    'OK',
    'Temporarily Unavailable',
    'OK',
    'Bad Request',
    'Global Failure',
    'Unknown',
  ]);
});

function parsed(method: string): SipRequest {
  const read = parseMessage(
    [
      `${method} sip:b@x SIP/2.0`,
      ...['Via: SIP/2.0/UDP a', 'Record-Route: <sip:p1>', 'Via: SIP/2.0/UDP b', 'Record-Route: <sip:p2>'],
      ...['From: <sip:a@x>;tag=1', 'To: <sip:b@x>', 'Call-ID: c1', `CSeq: 1 ${method}`, 'Max-Forwards: 70'],
      ...['Timestamp: 54', 'Contact: <sip:a@a>', '', ''],
    ].join('\r\n'),
    defaultParseLimits,
  );
  assert.ok(read.ok && read.value.kind === 'request');
  return read.value;
}

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeMedia } from './media-description.ts';
import { answerFits, rebase, rejectedAnswer } from './rebase.ts';
import { sdpBody } from './sdp-body.ts';
import { parseSdp, type Sdp } from './session-description.ts';

function sdpOf(...lines: readonly string[]): Sdp {
  const parsed = parseSdp([...lines, ''].join('\r\n'));
  assert.ok(parsed.ok, parsed.ok ? '' : parsed.error);
  return parsed.value;
}

const pair = { address: '203.0.113.5', rtp: 12_000, rtcp: 12_001 };
const own = { address: '203.0.113.5', sessionId: '77', sessionVersion: 3, ports: [pair] };
const head = ['v=0', 'o=alice 1 2 IN IP4 10.1.1.1', 's=secret project', 'c=IN IP4 10.1.1.1', 't=0 0'];

test('the other leg sees our origin, address and ports, and unknown lines in their order', () => {
  const offer = sdpOf(
    ...['v=0', 'o=alice 1 2 IN IP4 10.1.1.1', 's=secret', 'e=alice@example.org', 'c=IN IP4 10.1.1.1', 'b=AS:80'],
    ...['t=0 0', 'a=x-first:1', 'a=group:BUNDLE a', 'a=ice-ufrag:abc', 'm=audio 4000/2 RTP/AVP 0 101'],
    ...['c=IN IP4 10.1.1.2', 'a=rtpmap:101 telephone-event/8000', 'a=fmtp:101 0-16', 'a=rtcp:4009 IN IP4 10.1.1.1'],
    ...['a=candidate:1 1 UDP 1 10.1.1.1 4000 typ host', 'a=crypto:1 AES x', 'a=ssrc:5 cname:alice@10.1.1.1'],
    ...['a=rtcp-mux', 'y=unknown', 'a=x-last'],
  );
  assert.deepEqual(rebase(offer, own).split('\r\n'), [
    ...['v=0', 'o=- 77 3 IN IP4 203.0.113.5', 's=-', 'c=IN IP4 203.0.113.5', 'b=AS:80', 't=0 0', 'a=x-first:1'],
    ...['m=audio 12000 RTP/AVP 0 101', 'a=rtpmap:101 telephone-event/8000', 'a=fmtp:101 0-16'],
    ...['a=rtcp:12001 IN IP4 203.0.113.5', 'a=rtcp-mux', 'y=unknown', 'a=x-last', ''],
  ]);
});

const leaks: readonly (readonly [string, readonly string[], readonly string[]])[] = [
  ['an RTCP address of the session', ['a=rtcp:53 IN IP4 198.51.100.7'], []],
  ['the same with capitals', ['a=RTCP:53 IN IP4 198.51.100.7'], []],
  ['a title of the media', [], ['i=camera in the office of 198.51.100.7']],
  ['links and addresses in the media', [], ['u=http://198.51.100.7/', 'e=a@198.51.100.7', 'p=+198.51.100.7']],
];
for (const [what, session, media] of leaks) {
  test(`${what} does not reach the other leg`, () => {
    const sent = rebase(sdpOf(...head, ...session, 'm=audio 4000 RTP/AVP 0', ...media), own);
    assert.doesNotMatch(sent, /198\.51\.100\.7/);
  });
}

test('telephone-event passes unchanged, so that RFC 4733 digits work end to end [media.dtmf-mode]', () => {
  const sent = rebase(sdpOf(...head, 'm=audio 4000 RTP/AVP 8 96', 'a=rtpmap:96 telephone-event/8000'), own);
  assert.match(sent, /m=audio 12000 RTP\/AVP 8 96\r\n/);
  assert.match(sent, /a=rtpmap:96 telephone-event\/8000\r\n/);
});

test('an IPv6 address of ours is written as IP6', () => {
  const sent = rebase(sdpOf(...head, 'm=audio 4000 RTP/AVP 0'), { ...own, address: '2001:db8::5' });
  assert.match(sent, /o=- 77 3 IN IP6 2001:db8::5\r\n/);
  assert.match(sent, /c=IN IP6 2001:db8::5\r\n/);
});

const refused: readonly (readonly [string, string])[] = [
  ['SRTP', 'm=audio 4000 RTP/SAVP 0'],
  ['DTLS-SRTP', 'm=audio 4000 UDP/TLS/RTP/SAVPF 0'],
  ['fax over TCP', 'm=image 4000 tcp t38'],
  ['a stream that its sender refused', 'm=audio 0 RTP/AVP 0'],
];
for (const [what, line] of refused) {
  test(`${what} keeps its m-line, with port 0`, () => {
    const parsed = parseSdp(rebase(sdpOf(...head, line), own));
    assert.ok(parsed.ok);
    assert.equal(describeMedia(parsed.value)[0]?.port, 0);
  });
}

test('what we write reads again, and writing it twice gives the same text', () => {
  const once = rebase(sdpOf(...head, 'm=audio 4000 RTP/AVP 0 8', 'a=sendonly', 'm=video 4002 RTP/AVP 99'), own);
  const parsed = parseSdp(once);
  assert.ok(parsed.ok);
  assert.equal(rebase(parsed.value, own), once);
});

test('a rejected answer fits its offer and refuses every stream', () => {
  const offer = sdpOf(...head, 'm=audio 4000 RTP/AVP 0', 'm=video 4002 RTP/AVP 99');
  const answer = parseSdp(rejectedAnswer(offer, own));
  assert.ok(answer.ok);
  assert.deepEqual(answerFits(offer, answer.value), { ok: true, value: undefined });
  assert.deepEqual(
    answer.value.media.map((media) => media.port),
    [0, 0],
  );
});

const offers = sdpOf(...head, 'm=audio 4000 RTP/AVP 0', 'm=video 0 RTP/AVP 99');
const answers: readonly (readonly [string, readonly string[], RegExp])[] = [
  ['one m-line too few', ['m=audio 1 RTP/AVP 0'], /1 media lines, the offer 2/],
  ['another kind', ['m=video 1 RTP/AVP 0', 'm=video 0 RTP/AVP 99'], /is video in the answer/],
  ['a refused stream accepted', ['m=audio 1 RTP/AVP 0', 'm=video 2 RTP/AVP 99'], /media line 2 was refused/],
  ['another transport', ['m=audio 1 RTP/SAVP 0', 'm=video 0 RTP/AVP 99'], /RTP\/SAVP in the answer/],
];
for (const [what, lines, error] of answers) {
  test(`an answer with ${what} does not fit its offer`, () => {
    const fits = answerFits(offers, sdpOf(...head, ...lines));
    assert.match(fits.ok ? '' : fits.error, error);
  });
}

const mixed =
  'preamble\r\n--b1\r\nContent-Type: application/pidf+xml\r\n\r\n<x/>\r\n--b1\r\ncontent-type: application/SDP;a=b\r\n' +
  'Content-Disposition: session\r\n\r\nv=0\r\ns=-\r\n--b1--\r\n';
const bodies: readonly (readonly [string, string | undefined, string, string | undefined])[] = [
  ['a plain body', 'application/sdp', 'v=0\r\n', 'v=0\r\n'],
  ['another case and parameters', 'Application/SDP ; charset=utf-8', 'v=0\r\n', 'v=0\r\n'],
  ['a multipart body', 'multipart/mixed;boundary="b1"', mixed, 'v=0\r\ns=-'],
  ['a plain boundary', 'multipart/related; type=x; boundary=b1', mixed, 'v=0\r\ns=-'],
  ['the wrong boundary', 'multipart/mixed;boundary=b2', mixed, undefined],
  ['no boundary', 'multipart/mixed', mixed, undefined],
  ['another type', 'text/plain', 'v=0', undefined],
  ['no type', undefined, 'v=0', undefined],
];
for (const [what, contentType, body, expected] of bodies) {
  test(`the session description in ${what} is ${expected === undefined ? 'not found' : 'found'}`, () => {
    assert.equal(sdpBody(contentType, body), expected);
  });
}

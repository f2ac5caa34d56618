import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { describeMedia } from './media-description.ts';
import { parseSdp, type Sdp } from './session-description.ts';

const head = ['v=0', 'o=alice 1 2 IN IP4 198.51.100.7', 's=call', 'c=IN IP4 198.51.100.7', 't=0 0'];

function sdpOf(lines: readonly string[], end = '\r\n'): Sdp {
  const parsed = parseSdp([...lines, ''].join(end));
  assert.ok(parsed.ok, parsed.ok ? '' : parsed.error);
  return parsed.value;
}

test('an SDP reads the same with CRLF and with LF line ends', () => {
  const lines = [...head, 'm=audio 4000 RTP/AVP 0 101', 'a=rtpmap:101 telephone-event/8000', 'a=x-unknown:7'];
  assert.deepEqual(sdpOf(lines), sdpOf(lines, '\n'));
});

const wrong: readonly (readonly [string, readonly string[], RegExp])[] = [
  ['no version', head.slice(1), /line 1 is not 'v=0'/],
  ['an origin of five fields', ['v=0', 'o=- 1 2 IN IP4'], /line 2 /],
  ['a line without equals sign', [...head, 'm=audio 1 RTP/AVP 0', 'nonsense', 'a=x'], /line 7 /],
  ['an empty line inside', [...head, '', 'm=audio 1 RTP/AVP 0'], /line 6 /],
  ['a NUL', [...head, 'a=x\0y'], /line 6 /],
  ['a CR inside', [...head, 'a=x\ry'], /line 6 /],
  ['a port beyond 65535', [...head, 'm=audio 65536 RTP/AVP 0'], /line 6 .*media line/],
  ['no formats', [...head, 'm=audio 4000 RTP/AVP'], /line 6 /],
  ['a connection that is no address', ['v=0', 'o=- 1 2 IN IP4 a', 'c=ATM x'], /line 3 .*connection/],
  ['media without a connection', ['v=0', 'o=- 1 2 IN IP4 a', 'm=audio 4000 RTP/AVP 0'], /media line 1 has no conn/],
  ['too many media lines', [...head, ...Array<string>(17).fill('m=audio 4000 RTP/AVP 0')], /line 22: more than 16/],
  ['too many lines', [...head, ...Array<string>(500).fill('a=x')], /more than 500 lines/],
  ['too many octets', [...head, `a=${'x'.repeat(17_000)}`], /longer than 16384 octets/],
];
for (const [what, lines, error] of wrong) {
  test(`an SDP with ${what} is refused and the place is named`, () => {
    const parsed = parseSdp([...lines, ''].join('\r\n'));
    assert.equal(parsed.ok, false);
    assert.match(parsed.ok ? '' : parsed.error, error);
  });
}

test('the description gives address, RTCP, direction, codecs and packet time in effect for each m-line', () => {
  const media = describeMedia(
    sdpOf([
      ...head,
      'a=sendonly',
      'm=audio 4000 RTP/AVP 0 8 101',
      'a=rtpmap:101 telephone-event/8000',
      'a=ptime:30',
      'm=video 5000/2 RTP/AVP 99',
      'c=IN IP6 2001:db8::9',
      'a=rtpmap:99 H264/90000',
      'a=rtcp:5555 IN IP6 2001:db8::a',
      'a=rtcp-mux',
      'a=sendrecv',
      'm=image 0 udptl t38',
    ]),
  );
  assert.deepEqual(media[0], {
    kind: 'audio',
    port: 4000,
    protocol: 'RTP/AVP',
    formats: ['0', '8', '101'],
    address: '198.51.100.7',
    rtcp: { address: '198.51.100.7', port: 4001 },
    rtcpMux: false,
    direction: 'sendonly',
    codecs: [
      { payloadType: 0, name: 'PCMU', clockRate: 8000 },
      { payloadType: 8, name: 'PCMA', clockRate: 8000 },
      { payloadType: 101, name: 'telephone-event', clockRate: 8000 },
    ],
    ptimeMs: 30,
  });
  assert.equal(media[1]?.address, '2001:db8::9');
  assert.deepEqual(media[1]?.rtcp, { address: '2001:db8::a', port: 5555 });
  assert.equal(media[1]?.rtcpMux, true);
  assert.equal(media[1]?.direction, 'sendrecv');
  assert.equal(media[2]?.port, 0);
  assert.equal(media[2]?.rtcp, undefined);
});

const holds: readonly (readonly [string, string, string])[] = [
  ['0.0.0.0', 'a=sendrecv', 'sendonly'],
  ['0.0.0.0', 'a=recvonly', 'inactive'],
  ['198.51.100.7', 'a=inactive', 'inactive'],
  ['198.51.100.7', 'a=recvonly', 'recvonly'],
];
for (const [address, line, direction] of holds) {
  test(`connection ${address} with ${line} is in effect ${direction}`, () => {
    const sdp = sdpOf(['v=0', 'o=- 1 2 IN IP4 x', 's=-', `c=IN IP4 ${address}`, 'm=audio 4000 RTP/AVP 0', line]);
    assert.equal(describeMedia(sdp)[0]?.direction, direction);
  });
}

test('any octets are read or refused, and never throw', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 400 }), fc.boolean(), (text, withHead) => {
      const parsed = parseSdp(withHead ? `${head.join('\r\n')}\r\n${text}` : text);
      if (parsed.ok) describeMedia(parsed.value);
    }),
  );
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  isRtcp,
  isRtcpCompound,
  rtpHeaderOctets,
  rtpPayload,
  sequenceNumber,
  ssrcOf,
  timestamp,
  writeRtp,
} from './packet.ts';

const hex = (text: string): Uint8Array => Buffer.from(text.replaceAll(' ', ''), 'hex');
const fixed = '0000 0001 00000002 00000003';

const headers: readonly (readonly [string, string, number])[] = [
  ['a plain header', `80${fixed.slice(2)}`, 12],
  ['two CSRCs', `82${fixed.slice(2)} 00000004 00000005`, 20],
  ['an extension of one word', `90${fixed.slice(2)} bede 0001 00000000 ff`, 20],
  ['padding of two', `a0${fixed.slice(2)} ff 00 02`, 12],
  ['eleven octets', `80${fixed.slice(2)}`.slice(0, -2), -1],
  ['version 1', `40${fixed.slice(2)}`, -1],
  ['version 0, as in STUN', `00${fixed.slice(2)}`, -1],
  ['a CSRC that is not there', `81${fixed.slice(2)}`, -1],
  ['an extension without its header', `90${fixed.slice(2)} bede`, -1],
  ['an extension longer than the packet', `90${fixed.slice(2)} bede 0002 00000000`, -1],
  ['padding longer than the packet', `a0${fixed.slice(2)} ff 04`, -1],
  ['padding of zero', `a0${fixed.slice(2)} ff 00`, -1],
  ['nothing', '', -1],
];
for (const [what, packet, octets] of headers) {
  test(`an RTP packet with ${what} ${octets === -1 ? 'is malformed' : `has a header of ${octets} octets`}`, () => {
    assert.equal(rtpHeaderOctets(hex(packet)), octets);
  });
}

const compounds: readonly (readonly [string, string, boolean])[] = [
  ['a receiver report', '80c90001 00000001', true],
  ['a report and BYE', '80c90001 00000001 81cb0001 00000001', true],
  ['a length beyond the datagram', '80c90002 00000001', false],
  ['octets after the last packet', '80c90001 00000001 00', false],
  ['a second packet of version 1', '80c90001 00000001 41cb0001 00000001', false],
  ['a second packet that is RTP', '80c90001 00000001 80000001 00000001', false],
  ['only four octets', '80c90000', false],
];
for (const [what, packet, valid] of compounds) {
  test(`RTCP with ${what} is ${valid ? 'well formed' : 'malformed'}`, () => {
    assert.equal(isRtcpCompound(hex(packet)), valid);
  });
}

test('RTP and RTCP on one port are told apart by the second octet', () => {
  assert.equal(isRtcp(hex('80c80001')), true);
  assert.equal(isRtcp(hex('80800001')), false);
  assert.equal(isRtcp(hex('80e00001')), false);
});

test('what is written is read back', () => {
  const uint32 = fc.nat(0xffffffff);
  fc.assert(
    fc.property(
      fc.nat(127),
      fc.nat(65_535),
      uint32,
      uint32,
      fc.uint8Array({ maxLength: 40 }),
      (type, seq, ts, ssrc, load) => {
        const fields = { payloadType: type, marker: true, sequenceNumber: seq, timestamp: ts, ssrc };
        const packet = writeRtp(fields, load);
        assert.deepEqual([sequenceNumber(packet), timestamp(packet), ssrcOf(packet)], [seq, ts, ssrc]);
        assert.deepEqual(rtpPayload(packet), load);
      },
    ),
  );
});

test('any octets are judged without throwing, and a header never exceeds its packet', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (packet) => {
      isRtcpCompound(packet);
      assert.ok(rtpHeaderOctets(packet) <= packet.length);
    }),
  );
});

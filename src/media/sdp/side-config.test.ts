import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Prefix, parsePrefix } from '../../base/net/prefix.ts';
import { describeMedia, type MediaDescription } from './media-description.ts';
import { parseSdp } from './session-description.ts';
import { type SideOptions, sideConfigOf, targetRefusal } from './side-config.ts';

function media(address: string, ...lines: readonly string[]): MediaDescription {
  const rest = lines.length === 0 ? ['m=audio 4000 RTP/AVP 0 101'] : lines;
  const family = address.includes(':') ? 'IP6' : 'IP4';
  const parsed = parseSdp(['v=0', 'o=- 1 1 IN IP4 x', 's=-', `c=IN ${family} ${address}`, ...rest, ''].join('\r\n'));
  assert.ok(parsed.ok, parsed.ok ? '' : parsed.error);
  const [first] = describeMedia(parsed.value);
  assert.ok(first !== undefined);
  return first;
}

function prefix(text: string): Prefix {
  const parsed = parsePrefix(text);
  assert.ok(parsed.ok);
  return parsed.value;
}

const server: SideOptions = {
  party: 'server',
  signallingAddress: '198.51.100.1',
  allowedNetworks: [],
  ownAddresses: ['203.0.113.5', '2001:db8:5::1'],
  ownPorts: [10_000, 20_000],
};
const enduser: SideOptions = { ...server, party: 'enduser' };

const refusals: readonly string[] = [
  ...['127.0.0.1', '127.1', '0x7f.0.0.1', '169.254.1.1', '224.0.0.5', '255.255.255.255', '10.1.1.1', '192.168.1.1'],
  ...['100.64.0.1', '203.0.113.5', '::1', 'fe80::1', 'ff02::1', 'fd00::1', '::ffff:127.0.0.1', '2001:DB8:5:0::1'],
  ...['media.example.org', '64:ff9b::a00:1'],
];
for (const address of refusals) {
  test(`media of a server to ${address} is refused with a reason`, () => {
    const side = sideConfigOf(media(address), server);
    assert.equal(side.target, undefined);
    assert.match(targetRefusal(media(address), server) ?? '', /\S/);
    assert.deepEqual(side.learnFrom, []);
  });
}

test('media to a public address is accepted, and RTCP to the next port', () => {
  const side = sideConfigOf(media('198.51.100.9'), server);
  assert.deepEqual(side.target, { address: '198.51.100.9', port: 4000 });
  assert.deepEqual(side.rtcpTarget, { address: '198.51.100.9', port: 4001 });
  assert.deepEqual(side.learnFrom, ['198.51.100.9']);
  assert.equal(targetRefusal(media('198.51.100.9'), server), undefined);
});

test('a declared network opens private and loopback addresses, not multicast and not our own media ports', () => {
  const declared = { ...server, allowedNetworks: [prefix('0.0.0.0/0')], ownAddresses: ['127.0.0.1'] };
  assert.equal(targetRefusal(media('10.1.1.1'), declared), undefined);
  assert.equal(targetRefusal(media('127.0.0.1'), declared), undefined);
  assert.match(targetRefusal(media('224.0.0.5'), declared) ?? '', /multicast/);
  assert.match(targetRefusal(media('127.0.0.1', 'm=audio 12000 RTP/AVP 0'), declared) ?? '', /our own relay/);
});

test('a phone behind a NAT has no target but is learnt from the address of its signalling', () => {
  const side = sideConfigOf(media('192.168.1.20'), enduser);
  assert.equal(side.target, undefined);
  assert.equal(targetRefusal(media('192.168.1.20'), enduser), undefined);
  assert.deepEqual(side.learnFrom, ['198.51.100.1']);
});

test('a phone that names a loopback address is refused all the same', () => {
  assert.match(targetRefusal(media('127.0.0.1'), enduser) ?? '', /loopback/);
});

test('an enduser is learnt from its SDP address and from the address of its signalling', () => {
  assert.deepEqual(sideConfigOf(media('198.51.100.9'), enduser).learnFrom, ['198.51.100.9', '198.51.100.1']);
});

test('RTCP to another address than RTP is not sent', () => {
  const line = 'a=rtcp:9 IN IP4 192.0.2.77';
  assert.equal(sideConfigOf(media('198.51.100.9', 'm=audio 4000 RTP/AVP 0', line), server).rtcpTarget, undefined);
});

test('telephone-event and the other side’s payload types may be sent [media.dtmf-mode]', () => {
  const side = sideConfigOf(media('198.51.100.9'), { ...server, otherPayloadTypes: [0, 96] });
  assert.deepEqual(side.payloadTypes, [0, 101, 96]);
});

const rates: readonly (readonly [string, readonly string[], number])[] = [
  ['audio of 20 ms', ['m=audio 4000 RTP/AVP 0'], 150],
  ['audio of 10 ms', ['m=audio 4000 RTP/AVP 0', 'a=ptime:10'], 225],
  ['audio that claims 1 ms', ['m=audio 4000 RTP/AVP 0', 'a=ptime:1'], 375],
  ['video', ['m=video 4000 RTP/AVP 99', 'a=rtpmap:99 H264/90000'], 2000],
];
for (const [what, lines, expected] of rates) {
  test(`${what} may come at ${expected} packets a second [media.rtp-rtcp-flood-protection]`, () => {
    assert.equal(sideConfigOf(media('198.51.100.9', ...lines), server).maxPacketsPerSecond, expected);
  });
}

test('a side on hold has no target and is not expected to send', () => {
  const side = sideConfigOf(media('0.0.0.0'), server);
  assert.equal(side.target, undefined);
  assert.equal(targetRefusal(media('0.0.0.0'), server), undefined);
  assert.equal(side.expectsMedia, false);
  assert.equal(sideConfigOf(media('198.51.100.9', 'm=audio 4 RTP/AVP 0', 'a=inactive'), server).expectsMedia, false);
});

const muxes: readonly (readonly [boolean | undefined, boolean, number | undefined])[] = [
  [undefined, true, undefined],
  [true, true, undefined],
  [false, false, 4001],
];
for (const [otherRtcpMux, rtcpMux, rtcpPort] of muxes) {
  test(`a side with rtcp-mux that was told ${otherRtcpMux} of it gets RTCP on ${rtcpPort ?? 'its RTP port'}`, () => {
    const described = media('198.51.100.9', 'm=audio 4000 RTP/AVP 0', 'a=rtcp-mux');
    const side = sideConfigOf(described, { ...server, ...(otherRtcpMux === undefined ? {} : { otherRtcpMux }) });
    assert.equal(side.rtcpMux, rtcpMux);
    assert.equal(side.rtcpTarget?.port, rtcpPort);
  });
}

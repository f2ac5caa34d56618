import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SideConfig } from '../plane/ports.ts';
import { writeRtp } from '../rtp/packet.ts';
import { SessionRelay } from './session-relay.ts';

const limits = { silenceMs: 60_000, holdSilenceMs: 600_000 };

function config(address: string, expectsMedia = true): SideConfig {
  return {
    target: { address, port: 4000 },
    rtcpTarget: undefined,
    rtcpMux: true,
    learnFrom: [address],
    sourceCheck: 2,
    relay: true,
    payloadTypes: [0],
    framing: 'rtp',
    clockRateHz: 8000,
    maxPacketsPerSecond: 150,
    expectsMedia,
  };
}

const packet = writeRtp({ payloadType: 0, marker: false, sequenceNumber: 1, timestamp: 0, ssrc: 1 }, new Uint8Array(9));

function callAt(nowMs: number): SessionRelay {
  const session = new SessionRelay(limits, nowMs);
  session.addStream(nowMs);
  session.configure(0, 'a', config('198.51.100.1'), nowMs);
  session.configure(0, 'b', config('198.51.100.2'), nowMs);
  return session;
}

test('a call without RTP is reported silent once, after its limit', () => {
  const session = callAt(1000);
  assert.equal(session.silence(60_999), undefined);
  assert.equal(session.silence(61_000), 60_000);
  assert.equal(session.silence(90_000), undefined);
});

test('media from one side is enough, and a new silence is reported again', () => {
  const session = new SessionRelay(limits, 0);
  const stream = session.addStream(0);
  session.configure(0, 'a', config('198.51.100.1'), 0);
  session.configure(0, 'b', config('198.51.100.2'), 0);
  assert.equal(session.silence(60_000), 60_000);
  stream.receive('a', 'rtp', packet, '198.51.100.1', 4000, 70_000);
  assert.equal(session.silence(129_999), undefined);
  assert.equal(session.silence(130_000), 60_000);
});

test('packets of strangers do not keep a call alive', () => {
  const session = new SessionRelay(limits, 0);
  const stream = session.addStream(0);
  session.configure(0, 'a', config('198.51.100.1'), 0);
  session.configure(0, 'b', config('198.51.100.2'), 0);
  stream.receive('a', 'rtp', packet, '192.0.2.66', 4000, 50_000);
  assert.equal(session.silence(60_000), 60_000);
});

test('on hold the longer limit counts, from the change on', () => {
  const session = callAt(0);
  session.configure(0, 'a', config('198.51.100.1', false), 30_000);
  assert.equal(session.silence(629_999), undefined);
  assert.equal(session.silence(630_000), 600_000);
});

test('a refused second stream does not make the call one on hold', () => {
  const session = callAt(0);
  session.addStream(0);
  session.configure(1, 'a', config('198.51.100.1', false), 0);
  session.configure(1, 'b', config('198.51.100.2', false), 0);
  assert.equal(session.silence(60_000), 60_000);
});

test('a call that only one side has described is not silent, and a limit of 0 never is', () => {
  const ringing = new SessionRelay(limits, 0);
  ringing.addStream(0);
  ringing.configure(0, 'a', config('198.51.100.1'), 0);
  assert.equal(ringing.silence(999_999), undefined);
  const unlimited = new SessionRelay({ silenceMs: 0, holdSilenceMs: 0 }, 0);
  unlimited.addStream(0);
  unlimited.configure(0, 'a', config('198.51.100.1'), 0);
  unlimited.configure(0, 'b', config('198.51.100.2'), 0);
  assert.equal(unlimited.silence(999_999), undefined);
});

test('the paid time holds for all streams, also for one that is added later', () => {
  const session = new SessionRelay(limits, 0);
  const first = session.addStream(0);
  session.setPaidUntil(1000, 500);
  const second = session.addStream(600);
  assert.deepEqual([first.paidUntilMs, second.paidUntilMs], [1500, 1500]);
  session.setPaidUntil(undefined, 700);
  assert.equal(second.paidUntilMs, Number.POSITIVE_INFINITY);
});

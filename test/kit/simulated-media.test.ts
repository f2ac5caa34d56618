import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type SideConfig, writeRtp } from '../../src/media/index.ts';
import { SimulatedClock } from './simulated-clock.ts';
import { SimulatedMediaPlane } from './simulated-media.ts';

const options = {
  streamCount: 1,
  silenceMs: 60_000,
  holdSilenceMs: 0,
  addressA: '203.0.113.5',
  addressB: '203.0.113.5',
};

function config(address: string): SideConfig {
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
    expectsMedia: true,
  };
}

test('the simulated plane relays by the real rules, reports silence, and names what was left open', async () => {
  const clock = new SimulatedClock();
  const plane = new SimulatedMediaPlane(clock, 10_000, 2);
  const events: string[] = [];
  const session = plane.openSession({ ...options, onEvent: (event) => events.push(event.kind) });
  assert.ok(session !== undefined);
  assert.equal(plane.openSession({ ...options, onEvent: () => {} }), undefined);
  session.configure(0, 'a', config('198.51.100.1'));
  session.configure(0, 'b', config('198.51.100.2'));
  const fields = { payloadType: 0, marker: false, sequenceNumber: 1, timestamp: 0, ssrc: 1 };
  const packet = writeRtp(fields, new Uint8Array(160));
  const at = { address: '203.0.113.5', port: session.ports(0, 'a').rtp };
  assert.deepEqual(plane.deliver(packet, { address: '198.51.100.1', port: 4000 }, at), {
    to: { address: '198.51.100.2', port: 4000 },
    fromPort: 10_002,
  });
  assert.equal(plane.deliver(packet, { address: '192.0.2.66', port: 4000 }, at), undefined);
  clock.advance(60_000);
  plane.checkSilence();
  assert.deepEqual(events, ['silent']);
  assert.deepEqual(plane.leaks(), ['203.0.113.5:10000 203.0.113.5:10002']);
  assert.equal((await session.close())[0]?.a.packets, 1);
  assert.deepEqual(plane.leaks(), []);
  assert.equal(plane.capacity().free, 2);
});

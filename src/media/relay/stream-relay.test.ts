import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Side, SideConfig } from '../plane/ports.ts';
import { writeRtp } from '../rtp/packet.ts';
import { StreamRelay } from './stream-relay.ts';

const addressA = '198.51.100.1';
const addressB = '198.51.100.2';
const stranger = '192.0.2.66';

function config(address: string | undefined, change: Partial<SideConfig> = {}): SideConfig {
  return {
    target: address === undefined ? undefined : { address, port: 4000 },
    rtcpTarget: address === undefined ? undefined : { address, port: 4001 },
    rtcpMux: false,
    learnFrom: address === undefined ? [] : [address],
    sourceCheck: 2,
    relay: true,
    payloadTypes: [0, 101],
    framing: 'rtp',
    clockRateHz: 8000,
    maxPacketsPerSecond: 150,
    expectsMedia: true,
    ...change,
  };
}

/** A stream between two sides, in which the test is both of them; time goes on 20 ms with each packet of a side. */
class Wire {
  readonly relay = new StreamRelay(0);
  nowMs = 0;
  #sequence = 65_530;

  constructor(a: Partial<SideConfig> = {}, b: Partial<SideConfig> = {}) {
    this.relay.configure('a', config(addressA, a), 0);
    this.relay.configure('b', config(addressB, b), 0);
  }

  /** Sends packets of one source; returns where each one went, '' for the dropped. */
  send(
    from: Side,
    address: string,
    port: number,
    count: number,
    fields: { ssrc?: number; type?: number } = {},
  ): string[] {
    return Array.from({ length: count }, () => {
      this.nowMs += 20;
      this.#sequence = (this.#sequence + 1) & 65_535;
      const { ssrc = port, type = 0 } = fields;
      const header = { payloadType: type, marker: false, sequenceNumber: this.#sequence, timestamp: 0, ssrc };
      return this.raw(from, 'rtp', writeRtp(header, new Uint8Array(160)), address, port);
    });
  }

  raw(from: Side, channel: 'rtp' | 'rtcp', packet: Uint8Array, address: string, port: number): string {
    const departure = this.relay.receive(from, channel, packet, address, port, this.nowMs);
    return departure === undefined ? '' : `${departure.channel} ${departure.address}:${departure.port}`;
  }
}

const toB = `rtp ${addressB}:4000`;
const times = (count: number, text: string): string[] => Array<string>(count).fill(text);
const receiverReport = (ssrc: number): Uint8Array => {
  const packet = Buffer.from('80c9000100000000', 'hex');
  packet.writeUInt32BE(ssrc, 4);
  return packet;
};

test('a good call loses no packet from the first on, across the wrap of the sequence number', () => {
  const wire = new Wire();
  assert.deepEqual(wire.send('a', addressA, 4000, 20), times(20, toB));
  assert.equal(wire.relay.stats().a.packets, 20);
  assert.equal(wire.relay.stats().a.lost, 0);
});

test('a phone behind a NAT is learnt from its signalling address, and gets media where it sends from', () => {
  const wire = new Wire({ target: undefined, rtcpTarget: undefined, learnFrom: [addressA] });
  assert.deepEqual(wire.send('b', addressB, 4000, 1), ['']);
  assert.deepEqual(wire.send('a', addressA, 61_234, 1), [toB]);
  assert.deepEqual(wire.send('b', addressB, 4000, 1), [`rtp ${addressA}:61234`]);
});

test('a source that differs from the SDP target in its port is where media goes once it is locked', () => {
  const wire = new Wire();
  wire.send('a', addressA, 5555, 4);
  assert.deepEqual(wire.send('b', addressB, 4000, 1), [`rtp ${addressA}:4000`]);
  wire.send('a', addressA, 5555, 1);
  assert.deepEqual(wire.send('b', addressB, 4000, 1), [`rtp ${addressA}:5555`]);
});

test('with 2 a foreign address is dropped and counted, and does not move the media path [media.checkrtpaddr]', () => {
  const wire = new Wire();
  assert.deepEqual(wire.send('a', stranger, 4000, 20), times(20, ''));
  wire.send('a', addressA, 4000, 10);
  assert.deepEqual(wire.send('a', stranger, 4000, 20), times(20, ''));
  assert.deepEqual(wire.send('b', addressB, 4000, 1), [`rtp ${addressA}:4000`]);
  assert.equal(wire.relay.stats().a.foreign, 40);
});

test('with 2 the same address with another port is dropped after the lock [media.checkrtpaddr]', () => {
  const wire = new Wire();
  wire.send('a', addressA, 4000, 10);
  assert.deepEqual(wire.send('a', addressA, 4002, 5), times(5, ''));
});

test('with 0 a late stream from a foreign address is accepted [media.checkrtpaddr]', () => {
  const wire = new Wire({ sourceCheck: 0 });
  wire.send('a', addressA, 4000, 10);
  assert.deepEqual(wire.send('a', stranger, 7000, 3), times(3, toB));
  assert.equal(wire.relay.stats().a.foreign, 0);
});

test('with 1 a foreign address is accepted and counted [media.checkrtpaddr]', () => {
  const wire = new Wire({ sourceCheck: 1 });
  wire.send('a', addressA, 4000, 10);
  assert.deepEqual(wire.send('a', stranger, 7000, 3), times(3, toB));
  assert.equal(wire.relay.stats().a.foreign, 3);
});

const relocks: readonly (readonly [string, number, string, number, boolean])[] = [
  ['after 2 s, same address, same SSRC', 2000, addressA, 4000, true],
  ['after 1.9 s', 1900, addressA, 4000, false],
  ['after 3 s with another SSRC', 3000, addressA, 4711, false],
  ['after 3 s from another address', 3000, stranger, 4000, false],
];
for (const [what, silentMs, address, ssrc, follows] of relocks) {
  test(`a NAT that changes the port ${what} is ${follows ? 'followed' : 'not followed'} [media.checkrtpaddr]`, () => {
    const wire = new Wire();
    wire.send('a', addressA, 4000, 10, { ssrc: 4000 });
    wire.nowMs += silentMs - 20;
    assert.deepEqual(wire.send('a', address, 9999, 1, { ssrc }), [follows ? toB : '']);
    wire.send('b', addressB, 4000, 6);
    assert.deepEqual(wire.send('b', addressB, 4000, 1), [`rtp ${addressA}:${follows ? 9999 : 4000}`]);
  });
}

test('a packet of the same SSRC far out of sequence does not take over a silent stream', () => {
  const wire = new Wire();
  wire.send('a', addressA, 4000, 10, { ssrc: 1 });
  wire.nowMs += 5000;
  const header = { payloadType: 0, marker: false, sequenceNumber: 30_000, timestamp: 0, ssrc: 1 };
  assert.equal(wire.raw('a', 'rtp', writeRtp(header, new Uint8Array(9)), addressA, 9999), '');
});

test('a rival from a learnable address does not win over the source that the SDP names', () => {
  const wire = new Wire({ learnFrom: [addressA, stranger] });
  for (let index = 0; index < 10; index++) {
    wire.send('a', stranger, 4000, 1, { ssrc: 1 });
    const header = { payloadType: 0, marker: false, sequenceNumber: index, timestamp: 0, ssrc: 2 };
    wire.raw('a', 'rtp', writeRtp(header, new Uint8Array(9)), addressA, 4000);
  }
  assert.deepEqual(wire.send('b', addressB, 4000, 1), [`rtp ${addressA}:4000`]);
  assert.deepEqual(wire.send('a', stranger, 4000, 1), ['']);
});

test('an unexpected payload type is locked too, after ten packets', () => {
  const wire = new Wire();
  assert.deepEqual(wire.send('a', addressA, 5555, 9, { type: 97 }), times(9, toB));
  assert.deepEqual(wire.send('b', addressB, 4000, 1), [`rtp ${addressA}:4000`]);
  wire.send('a', addressA, 5555, 1, { type: 97 });
  assert.deepEqual(wire.send('b', addressB, 4000, 1), [`rtp ${addressA}:5555`]);
});

test('a new target by signalling opens the learning again', () => {
  const wire = new Wire();
  wire.send('a', addressA, 4000, 10);
  const moved = { target: { address: stranger, port: 8000 }, learnFrom: [stranger] };
  wire.relay.configure('a', config(addressA, moved), wire.nowMs);
  assert.deepEqual(wire.send('b', addressB, 4000, 1), [`rtp ${stranger}:8000`]);
  assert.deepEqual(wire.send('a', stranger, 8000, 5), times(5, toB));
  assert.deepEqual(wire.send('a', addressA, 4000, 1), ['']);
});

test('late packets of the old port do not win the learning after a change of target', () => {
  const wire = new Wire();
  wire.send('a', addressA, 4000, 10);
  wire.relay.configure('a', config(addressA, { target: { address: addressA, port: 6000 } }), wire.nowMs);
  assert.deepEqual(wire.send('a', addressA, 4000, 12), times(12, toB));
  assert.deepEqual(wire.send('a', addressA, 6000, 5), times(5, toB));
  assert.deepEqual(wire.send('b', addressB, 4000, 1), [`rtp ${addressA}:6000`]);
  assert.deepEqual(wire.send('a', addressA, 4000, 1), ['']);
});

test('the same description again keeps the lock', () => {
  const wire = new Wire();
  wire.send('a', addressA, 5555, 10);
  wire.relay.configure('a', config(addressA), wire.nowMs);
  assert.deepEqual(wire.send('b', addressB, 4000, 1), [`rtp ${addressA}:5555`]);
});

test('a target that has sent nothing gets at most 50 packets a second, and none after 5 s', () => {
  const wire = new Wire({ maxPacketsPerSecond: 1000 });
  const relayed = new Map<number, number>();
  for (let index = 0; index < 1000; index++) {
    wire.nowMs -= 10;
    const [went] = wire.send('a', addressA, 4000, 1);
    const second = Math.floor((wire.nowMs - 10) / 1000);
    if (went !== '') relayed.set(second, (relayed.get(second) ?? 0) + 1);
  }
  assert.deepEqual([...relayed.values()], [50, 50, 50, 50, 50]);
  wire.send('b', addressB, 4000, 1);
  assert.deepEqual(wire.send('a', addressA, 4000, 1), [toB]);
});

test('a flood of ten times the rate is cut to the bound, and counted [media.rtp-rtcp-flood-protection]', () => {
  const wire = new Wire();
  wire.send('b', addressB, 4000, 10);
  let relayed = 0;
  for (let index = 0; index < 5000; index++) {
    wire.nowMs -= 18;
    if (wire.send('a', addressA, 4000, 1)[0] !== '') relayed++;
  }
  assert.ok(relayed >= 1500 && relayed <= 1650, `${relayed} in 10 s`);
  assert.equal(wire.relay.stats().a.overRate, 5000 - relayed);
});

test('a flood into one stream leaves another alone [network.per-stream-rate-limit]', () => {
  const flooded = new Wire();
  const calm = new Wire();
  for (let index = 0; index < 1000; index++) flooded.send('a', addressA, 4000, 1);
  assert.deepEqual(calm.send('a', addressA, 4000, 50), times(50, toB));
});

test('RTCP is held to its own bound [media.rtp-rtcp-flood-protection]', () => {
  const wire = new Wire();
  wire.send('a', addressA, 4000, 10);
  wire.send('b', addressB, 4000, 10);
  const went = Array.from({ length: 200 }, () => wire.raw('a', 'rtcp', receiverReport(4000), addressA, 4001));
  assert.equal(went.filter((place) => place !== '').length, 50);
});

test('RTCP goes from RTCP port to RTCP port, and only from the address of RTP', () => {
  const wire = new Wire();
  wire.send('a', addressA, 4000, 10);
  wire.send('b', addressB, 4000, 10);
  assert.equal(wire.raw('a', 'rtcp', receiverReport(1), stranger, 4001), '');
  assert.equal(wire.raw('a', 'rtcp', receiverReport(1), addressA, 4009), `rtcp ${addressB}:4001`);
  assert.equal(wire.raw('b', 'rtcp', receiverReport(1), addressB, 4001), `rtcp ${addressA}:4009`);
  assert.equal(wire.raw('a', 'rtcp', receiverReport(1), addressA, 4011), '');
});

test('RTCP moves to another port of the address only after silence, with the SSRC of the stream', () => {
  const wire = new Wire();
  wire.send('a', addressA, 4000, 10);
  wire.raw('a', 'rtcp', receiverReport(4000), addressA, 4001);
  wire.nowMs += 2500;
  assert.equal(wire.raw('a', 'rtcp', receiverReport(77), addressA, 4011), '');
  assert.equal(wire.raw('a', 'rtcp', receiverReport(4000), addressA, 4011), `rtcp ${addressB}:4001`);
});

test('a side with rtcp-mux sends and gets RTCP on its RTP port, the other side on its own', () => {
  const wire = new Wire({ rtcpMux: true, rtcpTarget: undefined });
  wire.send('a', addressA, 4000, 10);
  wire.send('b', addressB, 4000, 10);
  assert.equal(wire.raw('a', 'rtp', receiverReport(1), addressA, 4000), `rtcp ${addressB}:4001`);
  assert.equal(wire.raw('b', 'rtcp', receiverReport(1), addressB, 4001), `rtp ${addressA}:4000`);
});

test('an RTCP BYE is relayed and ends nothing', () => {
  const wire = new Wire();
  wire.send('a', addressA, 4000, 10);
  const bye = Buffer.from('80c9000100000fa081cb000100000fa0', 'hex');
  assert.equal(wire.raw('a', 'rtcp', bye, addressA, 4001), `rtcp ${addressB}:4001`);
  assert.deepEqual(wire.send('a', addressA, 4000, 1), [toB]);
});

const junk: readonly (readonly [string, 'rtp' | 'rtcp', string])[] = [
  ['version 1', 'rtp', '40000001000000020000000300'],
  ['a STUN request', 'rtp', '000100002112a442000000000000000000000000'],
  ['a header cut short', 'rtp', '8000000100000002'],
  ['RTCP with a length beyond the datagram', 'rtcp', '80c9000900000001'],
  ['RTP on the RTCP port', 'rtcp', '800000010000000200000003'],
  ['nothing', 'rtp', ''],
];
for (const [what, channel, octets] of junk) {
  test(`${what} is dropped and counted as malformed`, () => {
    const wire = new Wire();
    wire.send('a', addressA, 4000, 10);
    const went = wire.raw('a', channel, Buffer.from(octets, 'hex'), addressA, channel === 'rtp' ? 4000 : 4001);
    assert.equal(went, '');
    assert.equal(wire.relay.stats().a.malformed, 1);
  });
}

test('telephone-event packets pass like voice [media.dtmf-mode]', () => {
  const wire = new Wire();
  wire.send('a', addressA, 4000, 10);
  assert.deepEqual(wire.send('a', addressA, 4000, 3, { type: 101 }), times(3, toB));
});

for (const [when, learnt] of [
  ['while its source is being learnt', 0],
  ['when its source is known and silent', 10],
] as const) {
  test(`a packet from port 0 is refused, counted and never learnt, ${when}`, () => {
    const wire = new Wire({ target: undefined, rtcpTarget: undefined, rtcpMux: true });
    wire.send('a', addressA, 5555, learnt);
    wire.nowMs += 10_000;
    assert.deepEqual(wire.send('a', addressA, 0, 20, { ssrc: 5555 }), times(20, ''));
    for (const channel of ['rtp', 'rtcp'] as const) {
      assert.equal(wire.raw('a', channel, receiverReport(5555), addressA, 0), '');
    }
    assert.equal(wire.relay.stats().a.malformed, 22);
    assert.equal(wire.relay.stats().a.packets, learnt);
    assert.deepEqual(wire.send('b', addressB, 4000, 1), [learnt === 0 ? '' : `rtp ${addressA}:5555`]);
  });
}

test('a muted side is heard by nobody but still counted, and its source still learnt', () => {
  const wire = new Wire({ relay: false });
  assert.deepEqual(wire.send('a', addressA, 5555, 6), times(6, ''));
  assert.equal(wire.relay.stats().a.packets, 6);
  assert.deepEqual(wire.send('b', addressB, 4000, 1), [`rtp ${addressA}:5555`]);
});

test('nothing passes once the paid time is over, until it is extended', () => {
  const wire = new Wire();
  wire.relay.paidUntilMs = 200;
  assert.deepEqual(wire.send('a', addressA, 4000, 12), [...times(9, toB), ...times(3, '')]);
  wire.relay.paidUntilMs = 1000;
  assert.deepEqual(wire.send('a', addressA, 4000, 1), [toB]);
});

test('before signalling has described a side, nothing of it is relayed', () => {
  const relay = new StreamRelay(0);
  const header = { payloadType: 0, marker: false, sequenceNumber: 1, timestamp: 0, ssrc: 1 };
  assert.equal(relay.receive('a', 'rtp', writeRtp(header, new Uint8Array(9)), addressA, 4000, 1), undefined);
});

test('a refused stream is not sent to any more', () => {
  const wire = new Wire();
  wire.send('a', addressA, 4000, 10);
  wire.send('b', addressB, 4000, 10);
  wire.relay.configure('b', config(undefined), wire.nowMs);
  assert.deepEqual(wire.send('a', addressA, 4000, 1), ['']);
});

test('whatever strangers send, media of a locked stream goes to its own peer only', () => {
  const packet = fc.tuple(
    fc.constantFrom<Side>('a', 'b'),
    fc.constantFrom('rtp' as const, 'rtcp' as const),
    fc.constantFrom(stranger, '203.0.113.9'),
    fc.integer({ min: 0, max: 65_535 }),
    fc.uint8Array({ maxLength: 40 }),
    fc.integer({ min: 0, max: 3000 }),
  );
  fc.assert(
    fc.property(fc.array(packet, { maxLength: 60 }), (packets) => {
      const wire = new Wire();
      wire.send('a', addressA, 4000, 10);
      wire.send('b', addressB, 4000, 10);
      for (const [side, channel, address, port, octets, pauseMs] of packets) {
        wire.nowMs += pauseMs;
        const framed = octets.length > 12 ? Uint8Array.from([0x80, 0, ...octets]) : octets;
        assert.equal(wire.raw(side, channel, framed, address, port), '');
      }
      assert.deepEqual(wire.send('a', addressA, 4000, 1), [toB]);
      assert.deepEqual(wire.send('b', addressB, 4000, 1), [`rtp ${addressA}:4000`]);
    }),
    { numRuns: 200 },
  );
});

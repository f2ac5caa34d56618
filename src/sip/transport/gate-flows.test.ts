import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HandGate } from '../../../test/kit/hand-gate.ts';
import { seededRandom } from '../../../test/kit/seeded-random.ts';
import { SimulatedClock } from '../../../test/kit/simulated-clock.ts';
import { SimulatedNetwork } from '../../../test/kit/simulated-network.ts';
import { defaultTransportLimits, type TransportLimits } from './limits.ts';
import { TransportLayer } from './transport-layer.ts';

const server = { address: '192.0.2.1', port: 5061 };
const phone = { address: '198.51.100.7', port: 40_000 };
const carrier = { address: '203.0.113.5', port: 5061 };
const carrierA = { name: 'a.example.com', trust: 'public' } as const;

function message(method: string, headers: readonly string[] = []): string {
  return [
    `${method} sip:example.com SIP/2.0`,
    'Via: SIP/2.0/WSS x;branch=z9hG4bK1',
    'From: <sip:a@x>;tag=1',
    'To: <sip:b@x>',
    'Call-ID: c1',
    `CSeq: 1 ${method}`,
    'Max-Forwards: 70',
    ...headers,
    '',
    '',
  ].join('\r\n');
}

async function rig(limits: Partial<TransportLimits> = {}): Promise<{
  readonly layer: TransportLayer;
  readonly gate: HandGate;
  readonly seen: string[];
}> {
  const clock = new SimulatedClock();
  const gate = new HandGate();
  const seen: string[] = [];
  const network = new SimulatedNetwork(clock, seededRandom(1));
  const layer = new TransportLayer(
    network,
    clock,
    { ...defaultTransportLimits, ...limits },
    {
      admit: () => 'serve',
      onRequest: ({ method }, flow) => seen.push(`${method} over ${flow.transport}`),
      onResponse: () => {},
      onMalformed: ({ status }) => seen.push(`malformed ${status}`),
      onKeepAlive: () => seen.push('keep-alive'),
      onConnectionClosed: () => seen.push('closed'),
    },
    gate,
  );
  for (const transport of ['tls', 'ws', 'wss'] as const) await layer.listen(transport, server);
  return { layer, gate, seen };
}

describe('a WebSocket', () => {
  for (const transport of ['ws', 'wss'] as const) {
    it(`carries one message a frame over ${transport.toUpperCase()}, also without Content-Length (RFC 7118 §5)`, async () => {
      const { gate, seen } = await rig();
      const stream = gate.arrive(transport, phone);
      stream.onData(message('OPTIONS'));
      stream.onData(`${message('MESSAGE', ['Content-Type: text/plain'])}hello`);
      stream.onData('no SIP at all');
      stream.onData(message('OPTIONS'));
      assert.deepEqual(seen, [
        `OPTIONS over ${transport}`,
        `MESSAGE over ${transport}`,
        'malformed 400',
        `OPTIONS over ${transport}`,
      ]);
    });
  }

  it('answers the double CRLF with one, and the single with nothing (RFC 5626 §3.5.1)', async () => {
    const { gate, seen } = await rig();
    const stream = gate.arrive('wss', phone);
    stream.onData('\r\n\r\n');
    stream.onData('\r\n');
    assert.deepEqual([stream.written, seen], [['\r\n'], ['keep-alive']]);
  });

  it('is never opened by us: what its phone is to get goes over the one that it opened', async () => {
    const { layer, gate } = await rig();
    const stream = gate.arrive('wss', phone);
    layer.flowTo('wss', phone)?.send('x');
    assert.deepEqual(stream.written, ['x']);
    assert.equal(layer.flowTo('wss', { ...phone, port: 1 }), undefined);
    stream.destroy();
    assert.equal(layer.flowTo('wss', phone), undefined);
  });
});

describe('a TLS connection', () => {
  it('answers the double CRLF of a phone, as TCP does (RFC 5626 §3.5.1)', async () => {
    const { gate } = await rig();
    const stream = gate.arrive('tls', phone);
    stream.onData('\r\n\r\n');
    assert.deepEqual(stream.written, ['\r\n']);
  });

  it('is opened only to a peer that has something to prove', async () => {
    const { layer, gate } = await rig();
    assert.equal(layer.flowTo('tls', carrier), undefined);
    assert.ok(layer.flowTo('tls', carrier, undefined, carrierA) !== undefined);
    assert.deepEqual(gate.opened[0]?.peer, carrierA);
  });

  it('is used again for the name that it was opened for, and for no other at the same address', async () => {
    const { layer, gate } = await rig();
    const first = layer.flowTo('tls', carrier, undefined, carrierA);
    assert.equal(layer.flowTo('tls', carrier, undefined, carrierA), first);
    layer.flowTo('tls', carrier, undefined, { ...carrierA, name: 'b.example.com' });
    layer.flowTo('tls', carrier, undefined, { ...carrierA, trust: 'insecure' });
    assert.equal(gate.opened.length, 3);
  });

  it('that somebody opened from the address of a carrier is not taken for one to the carrier', async () => {
    const { layer, gate } = await rig();
    gate.arrive('tls', carrier);
    layer.flowTo('tls', carrier, undefined, carrierA);
    assert.equal(gate.opened.length, 1);
  });

  it('is used for requests to a name that its certificate proves, once the peer offers it (RFC 5923 §5)', async () => {
    const { layer, gate } = await rig();
    const proven = gate.arrive('tls', { ...carrier, port: 33_333 }, ['a.example.com']);
    const unproven = gate.arrive('tls', { ...carrier, port: 44_444 });
    layer.alias(2, 'a.example.com', 5061);
    layer.flowTo('tls', carrier, undefined, carrierA)?.send('x');
    layer.alias(1, 'b.example.com', 5061);
    assert.deepEqual([unproven.written, proven.written, gate.opened.length], [[], [], 1]);
    layer.alias(1, 'a.example.com', 5061);
    layer.flowTo('tls', carrier, undefined, carrierA)?.send('y');
    assert.deepEqual([proven.written, gate.opened.length], [['y'], 1]);
    proven.destroy();
    layer.flowTo('tls', carrier, undefined, carrierA)?.send('z');
    assert.deepEqual(gate.opened[0]?.written, ['x', 'z']);
  });

  it('counts among the connections of its source, whatever their transport', async () => {
    const { layer, gate } = await rig({ maxConnectionsPerSource: 2 });
    const streams = (['tls', 'wss', 'ws'] as const).map((transport, at) =>
      gate.arrive(transport, { ...phone, port: 1000 + at }),
    );
    assert.deepEqual(
      streams.map(({ isOpen }) => isOpen),
      [true, true, false],
    );
    assert.equal(layer.stats().connectionsRefused, 1);
  });

  it('is lost when its peer does not take what it is sent', async () => {
    const { layer, gate, seen } = await rig();
    const stream = gate.arrive('tls', phone);
    stream.waiting = defaultTransportLimits.maxUntrustedPendingOctets + 1;
    layer.flowTo('tls', phone)?.send('x');
    assert.deepEqual([stream.isOpen, seen], [false, ['closed']]);
  });
});

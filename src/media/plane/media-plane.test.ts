import assert from 'node:assert/strict';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { systemRandom } from '../../base/random/random.ts';
import { systemClock } from '../../base/time/system-clock.ts';
import { SimulatedClock } from '../../../test/kit/simulated-clock.ts';
import { writeRtp } from '../rtp/packet.ts';
import { createMediaPlane, type MediaPlaneOptions } from './media-plane.ts';
import type { MediaEvent, MediaPlane, MediaSession, PortPair, RefusedSource, SideConfig } from './ports.ts';

// An address of this process alone, and ports below those that the kernel gives out: nothing else on the machine takes them.
const loopback = `127.${64 + (process.pid % 128)}.${Math.floor(process.pid / 128) % 256}.1`;

async function withPlane(change: Partial<MediaPlaneOptions>, use: (plane: MediaPlane) => Promise<void>): Promise<void> {
  const plane = await createMediaPlane({
    portStart: 26_000,
    portEnd: 26_999,
    addresses: [loopback],
    poolAhead: 8,
    drainMs: 5000,
    workers: 1,
    random: systemRandom(),
    clock: systemClock,
    onFailure: (error) => assert.fail(error),
    ...change,
  });
  try {
    await use(plane);
  } finally {
    await plane.close();
  }
}

function open(plane: MediaPlane, onEvent: (event: MediaEvent) => void = () => {}, silenceMs = 0): MediaSession {
  const addresses = { addressA: loopback, addressB: loopback };
  const session = plane.openSession({ streamCount: 1, silenceMs, holdSilenceMs: 0, onEvent, ...addresses });
  assert.ok(session !== undefined);
  return session;
}

/** A phone on loopback. */
class Phone {
  readonly #socket: Socket;
  #sequence = 100;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  static async start(): Promise<Phone> {
    const socket = createSocket('udp4');
    socket.bind(0, loopback);
    await once(socket, 'listening');
    return new Phone(socket);
  }

  config(change: Partial<SideConfig> = {}): SideConfig {
    return {
      target: { address: loopback, port: this.#socket.address().port },
      rtcpTarget: undefined,
      rtcpMux: true,
      learnFrom: [loopback],
      sourceCheck: 2,
      relay: true,
      payloadTypes: [0],
      framing: 'rtp',
      clockRateHz: 8000,
      maxPacketsPerSecond: 150,
      expectsMedia: true,
      ...change,
    };
  }

  send(pair: PortPair, payload: string): void {
    const fields = { payloadType: 0, marker: false, sequenceNumber: this.#sequence++, timestamp: 0, ssrc: 9 };
    this.#socket.send(writeRtp(fields, Buffer.from(payload)), pair.rtp, pair.address);
  }

  async hear(): Promise<{ text: string; port: number }> {
    const [packet, source] = await once(this.#socket, 'message');
    assert.ok(Buffer.isBuffer(packet));
    return { text: packet.toString('latin1', 12), port: source.port };
  }

  close(): void {
    this.#socket.close();
  }
}

test('two phones hear each other through the relay, from the port that each was told', async () => {
  await withPlane({}, async (plane) => {
    const [alice, bob] = [await Phone.start(), await Phone.start()];
    const session = open(plane);
    session.configure(0, 'a', alice.config());
    session.configure(0, 'b', bob.config());
    await session.stats();
    const atBob = bob.hear();
    alice.send(session.ports(0, 'a'), 'from alice');
    assert.deepEqual(await atBob, { text: 'from alice', port: session.ports(0, 'b').rtp });
    const atAlice = alice.hear();
    bob.send(session.ports(0, 'b'), 'from bob');
    assert.deepEqual(await atAlice, { text: 'from bob', port: session.ports(0, 'a').rtp });
    const [stream] = await session.close();
    assert.equal(stream?.a.packets, 1);
    assert.equal(stream?.b.octets, 12 + 'from bob'.length);
    alice.close();
    bob.close();
  });
});

test('ports are even and odd pairs in the range, and each session has its own [media.start-rtp-port-end-rtp-port]', async () => {
  await withPlane({}, async (plane) => {
    const sessions = Array.from({ length: 4 }, () => open(plane));
    const pairs = sessions.flatMap((session) => [session.ports(0, 'a'), session.ports(0, 'b')]);
    assert.equal(new Set(pairs.map((pair) => pair.rtp)).size, 8);
    for (const pair of pairs) {
      assert.equal(pair.rtp % 2, 0);
      assert.equal(pair.rtcp, pair.rtp + 1);
      assert.ok(pair.rtp >= 26_000 && pair.rtcp <= 26_999);
    }
  });
});

test('an empty pool refuses a session at once and takes nothing', async () => {
  await withPlane({ portStart: 27_000, portEnd: 27_005 }, async (plane) => {
    assert.deepEqual(plane.capacity(), { free: 3, total: 3 });
    const options = { silenceMs: 0, holdSilenceMs: 0, addressA: loopback, addressB: loopback, onEvent: () => {} };
    assert.equal(plane.openSession({ ...options, streamCount: 2 }), undefined);
    assert.equal(plane.capacity().free, 3);
    const session = plane.openSession({ ...options, streamCount: 1 });
    assert.equal(session?.addStream(), false);
    assert.equal(plane.capacity().free, 1);
  });
});

test('a port pair rests after its call before another gets it', async () => {
  const clock = new SimulatedClock();
  await withPlane({ portStart: 27_010, portEnd: 27_013, clock }, async (plane) => {
    const closed = open(plane).close();
    assert.equal(plane.capacity().free, 0);
    clock.advance(4999);
    await closed;
    assert.equal(plane.capacity().free, 0);
    clock.advance(1);
    assert.equal(plane.capacity().free, 2);
  });
});

test('a port that another program holds is passed over', async () => {
  const other = createSocket('udp4');
  other.bind(27_021, loopback);
  await once(other, 'listening');
  await withPlane({ portStart: 27_020, portEnd: 27_023, clock: new SimulatedClock() }, async (plane) => {
    assert.equal(plane.capacity().free, 1);
  });
  other.close();
});

test('a range without a free port is an error that names range and address', async () => {
  const other = createSocket('udp4');
  other.bind(27_030, loopback);
  await once(other, 'listening');
  const starting = withPlane({ portStart: 27_030, portEnd: 27_031, clock: new SimulatedClock() }, async () => {});
  await assert.rejects(starting, new RegExp(`27030 to 27031 .* ${loopback.replaceAll('.', '\\.')}`));
  other.close();
});

test('an IPv4 leg talks to an IPv6 leg', async () => {
  await withPlane({ addresses: [loopback, '::1'] }, async (plane) => {
    const options = { streamCount: 1, silenceMs: 0, holdSilenceMs: 0, onEvent: () => {} };
    const session = plane.openSession({ ...options, addressA: loopback, addressB: '::1' });
    assert.ok(session !== undefined);
    const alice = await Phone.start();
    const bob = createSocket('udp6');
    bob.bind(0, '::1');
    await once(bob, 'listening');
    session.configure(0, 'a', alice.config());
    const target = { address: '::1', port: bob.address().port };
    session.configure(0, 'b', alice.config({ target, learnFrom: ['::1'] }));
    await session.stats();
    const heard = once(bob, 'message');
    alice.send(session.ports(0, 'a'), 'six');
    assert.match(String((await heard)[0]), /six$/);
    alice.close();
    bob.close();
  });
});

test('silence is an event of the session', async () => {
  await withPlane({}, async (plane) => {
    const phone = await Phone.start();
    const event = await new Promise<MediaEvent>((resolve) => {
      const session = open(plane, resolve, 20);
      session.configure(0, 'a', phone.config());
      session.configure(0, 'b', phone.config());
    });
    assert.equal(event.kind, 'silent');
    assert.ok(event.silentMs >= 20);
    phone.close();
  });
});

test('a stream ends by itself when its paid time is over', async () => {
  await withPlane({}, async (plane) => {
    const [alice, bob] = [await Phone.start(), await Phone.start()];
    const session = open(plane);
    session.configure(0, 'a', alice.config());
    session.configure(0, 'b', bob.config());
    session.setPaidUntil(0);
    await session.stats();
    alice.send(session.ports(0, 'a'), 'unpaid');
    while ((await session.stats())[0]?.a.packets !== 1);
    session.setPaidUntil(undefined);
    await session.stats();
    const heard = bob.hear();
    alice.send(session.ports(0, 'a'), 'paid');
    assert.equal((await heard).text, 'paid');
    alice.close();
    bob.close();
  });
});

test('two workers share the range, and closing the plane answers whoever still waits', async () => {
  await withPlane({ workers: 2 }, async (plane) => {
    const sessions = [open(plane), open(plane), open(plane)];
    assert.equal((await Promise.all(sessions.map((session) => session.stats()))).length, 3);
    const waiting = open(plane).stats();
    await plane.close();
    assert.deepEqual(await waiting, []);
    assert.equal(plane.capacity().free, 0);
  });
});

for (const [how, reason] of [
  ['throw', /told to throw/],
  ['exit', /ended by itself with code 0/],
] as const) {
  const title = `a media worker that dies by ${how} is replaced: its calls are told, its ports come back, new calls have media`;
  test(title, { timeout: 30_000 }, async () => {
    const clock = new SimulatedClock();
    const workerUrl = new URL('../../../test/kit/mortal-relay-worker.ts', import.meta.url);
    const failures: string[] = [];
    const onFailure = (error: Error): void => void failures.push(error.message);
    const ports = { portStart: 27_040, portEnd: 27_047 };
    await withPlane({ ...ports, clock, workerUrl, onFailure }, async (plane) => {
      const orders = new BroadcastChannel('mortal media workers');
      const lost = Promise.withResolvers<MediaEvent>();
      const call = open(plane, lost.resolve);
      // This pair has rested at a moment when no worker runs, and must come back too.
      const rested = open(plane).close();
      clock.advance(4500);
      await rested;
      orders.postMessage(how);
      assert.deepEqual(await lost.promise, { kind: 'lost' });
      orders.close();
      assert.equal(failures.length, 1);
      assert.match(failures[0] ?? '', reason);
      assert.deepEqual([await call.stats(), await call.close()], [[], []]);
      assert.equal(plane.capacity().free, 0);

      clock.advance(600);
      await setImmediate();
      clock.advance(400);
      clock.advance(5000);
      // Commands wait 20 ms for company.
      clock.advance(20);
      while (plane.capacity().free < 4) await setImmediate();
      const [alice, bob] = [await Phone.start(), await Phone.start()];
      const next = open(plane);
      next.configure(0, 'a', alice.config());
      next.configure(0, 'b', bob.config());
      await next.stats();
      const heard = bob.hear();
      alice.send(next.ports(0, 'a'), 'after the death');
      assert.equal((await heard).text, 'after the death');
      assert.equal(failures.length, 1);
      alice.close();
      bob.close();
    });
  });
}

test('the sources of what is dropped are told within two seconds, and all of it is counted', async () => {
  await withPlane({}, async (plane) => {
    const [alice, bob, stranger] = [await Phone.start(), await Phone.start(), await Phone.start()];
    const session = open(plane);
    session.configure(0, 'a', alice.config({ learnFrom: ['192.0.2.1'], target: undefined }));
    session.configure(0, 'b', bob.config());
    await session.stats();
    const told = new Promise<readonly RefusedSource[]>((resolve) => plane.watchRefused(resolve));
    for (let sent = 0; sent < 30; sent++) stranger.send(session.ports(0, 'a'), 'x');
    const [source] = await told;
    assert.deepEqual([source?.address, source?.fault, source?.packets], [loopback, 'foreign', 30]);
    assert.deepEqual(plane.refused, { foreign: 30, 'over rate': 0, malformed: 0, 'no call': 0 });
    for (const phone of [alice, bob, stranger]) phone.close();
  });
});

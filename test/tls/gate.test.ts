import assert from 'node:assert/strict';
import { createPublicKey, X509Certificate } from 'node:crypto';
import { connect as connectTcp, createServer } from 'node:net';
import { afterEach, describe, it } from 'node:test';
import { type ConnectionOptions, connect, createServer as createTlsServer, type TLSSocket } from 'node:tls';
import { systemRandom } from '../../src/base/random/random.ts';
import { systemClock } from '../../src/base/time/system-clock.ts';
import { makeSelfSigned } from '../../src/tls/self-signed.ts';
import type { GateTransportName, OctetStream } from '../../src/sip/transport/ports.ts';
import type { GateLimits, TlsMaterial } from '../../src/sip/transport/gate/messages.ts';
import { WorkerGate } from '../../src/sip/transport/gate/worker-gate.ts';
import { WebSocket } from 'ws';

const loopback = { address: '127.0.0.1', port: 0 };
const nowMs = Date.now();

function newMaterial(names: readonly string[] = ['sip.example.com', '127.0.0.1']): TlsMaterial {
  return { ...makeSelfSigned(names, systemRandom(), nowMs), root: '', selfSigned: true };
}

const limits: GateLimits = {
  maxConnections: 50,
  maxConnectionsPerSource: 40,
  maxHandshakes: 10,
  handshakeTimeoutMs: 1000,
  strangerHandshakesPerSecond: 100,
  maxMessageOctets: 16_384,
  webSocketPingMs: 60_000,
  maxPendingOctets: 262_144,
};

const undo: (() => void)[] = [];
afterEach(() => {
  for (const step of undo.splice(0).toReversed()) step();
});

interface Bench {
  readonly gate: WorkerGate;
  readonly port: number;
  readonly streams: OctetStream[];
  readonly failures: Error[];
  readonly refusals: string[];
}

/** A gate with one listener that answers everything with what it got, in capitals. */
async function openGate(
  transport: GateTransportName = 'tls',
  changes: { readonly limits?: Partial<GateLimits>; readonly material?: TlsMaterial } = {},
): Promise<Bench> {
  const failures: Error[] = [];
  const refusals: string[] = [];
  const gate = new WorkerGate({
    clock: systemClock,
    limits: { ...limits, ...changes.limits },
    material: changes.material ?? newMaterial(),
    onFailure: (error) => failures.push(error),
    onRefused: (peer, _, reason) => refusals.push(`${peer}: ${reason}`),
  });
  undo.push(() => gate.close());
  const streams: OctetStream[] = [];
  const { local } = await gate.listen(transport, loopback, (stream) => {
    streams.push(stream);
    stream.onData = (octets) => stream.write(octets.toUpperCase());
  });
  return { gate, port: local.port, streams, failures, refusals };
}

function dial(port: number, options: ConnectionOptions = {}): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...options }, () => resolve(socket));
    undo.push(() => socket.destroy());
    socket.once('error', reject);
  });
}

function heardBy(socket: TLSSocket, text: string): Promise<void> {
  let heard = '';
  return new Promise((resolve) => {
    socket.on('data', (chunk: Buffer) => {
      heard += chunk.toString('latin1');
      if (heard.includes(text)) resolve();
    });
  });
}

async function eventually(what: string, holds: () => boolean): Promise<void> {
  const deadline = performance.now() + 5000;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`not within 5 s: ${what}`);
    await new Promise((resolve) => {
      setTimeout(resolve, 5);
    });
  }
}

describe('TLS through the gate', () => {
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    it(`is spoken in ${version}, and octets come and go unchanged [tls.usetls]`, async () => {
      const { port, streams } = await openGate();
      const socket = await dial(port, { minVersion: version, maxVersion: version });
      assert.equal(socket.getProtocol(), version);
      const heard = heardBy(socket, 'HELLO \xd6');
      socket.write(Buffer.from('hello \xd6', 'latin1'));
      await heard;
      assert.deepEqual(streams[0]?.remote, { address: '127.0.0.1', port: socket.localPort });
      assert.equal(streams[0]?.transport, 'tls');
      const closed = Promise.withResolvers<void>();
      if (streams[0] !== undefined) streams[0].onClose = () => closed.resolve();
      socket.end();
      await closed.promise;
    });
  }

  it('is refused in TLS 1.1, and in ciphers without forward secrecy [tls.usetls]', async () => {
    const { port } = await openGate();
    await assert.rejects(dial(port, { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }));
    await assert.rejects(dial(port, { maxVersion: 'TLSv1.2', ciphers: 'AES128-GCM-SHA256' }));
  });

  it('goes on from an earlier session without a whole handshake', async () => {
    const { gate, port } = await openGate();
    const first = await dial(port, { maxVersion: 'TLSv1.2' });
    const session = first.getSession();
    first.end();
    assert.ok(session !== undefined);
    const second = await dial(port, { maxVersion: 'TLSv1.2', session });
    assert.ok(second.isSessionReused());
    await eventually('the gate counts it', () => gate.counts.resumed === 1);
  });

  it('shows a changed certificate to new connections, and keeps those that stand [tls.reload-or-restart-after-tls-change]', async () => {
    const before = newMaterial();
    const after = newMaterial(['new.example.com']);
    const { gate, port } = await openGate('tls', { material: before });
    const standing = await dial(port);
    gate.useMaterial(after);
    const fingerprints = async (): Promise<string> => {
      const socket = await dial(port);
      const { fingerprint256 } = socket.getPeerCertificate();
      socket.destroy();
      return fingerprint256;
    };
    const wanted = new X509Certificate(after.cert).fingerprint256;
    let shown = await fingerprints();
    for (let tries = 0; tries < 50 && shown !== wanted; tries++) shown = await fingerprints();
    assert.equal(shown, wanted);
    const heard = heardBy(standing, 'STILL HERE');
    standing.write('still here');
    await heard;
  });

  it('names a peer by the certificate that our root signed, and only then (RFC 5923 §5)', async () => {
    const peer = newMaterial(['carrier.example.com']);
    const stranger = newMaterial(['carrier.example.com']);
    const { port, streams } = await openGate('tls', { material: { ...newMaterial(), root: peer.cert } });
    await dial(port, { cert: peer.cert, key: peer.key });
    await dial(port, { cert: stranger.cert, key: stranger.key });
    await dial(port);
    await eventually('three connections', () => streams.length === 3);
    assert.deepEqual(
      streams.map(({ verifiedNames }) => verifiedNames),
      [['carrier.example.com'], undefined, undefined],
    );
  });

  it('comes back after its thread died, and never in clear text [tls.tlsproxy]', async () => {
    const { gate, port, streams, failures } = await openGate();
    await dial(port);
    await eventually('a connection', () => streams.length === 1);
    const closed = Promise.withResolvers<void>();
    const [stream] = streams;
    assert.ok(stream !== undefined);
    stream.onClose = () => closed.resolve();
    gate.endThread();
    await closed.promise;
    assert.equal(failures.length, 1);
    await assert.rejects(dial(port));
    let socket: TLSSocket | undefined;
    for (let tries = 0; tries < 100 && socket === undefined; tries++) {
      socket = await dial(port).catch(() => undefined);
      if (socket === undefined) await new Promise((resolve) => setTimeout(resolve, 50));
    }
    assert.ok(socket?.encrypted);
  });
});

describe('strangers at the gate', () => {
  it('have a budget for handshakes each, and one all together; known sources have their own', async () => {
    const { gate, port } = await openGate('tls', { limits: { maxHandshakes: 100, maxConnectionsPerSource: 1000 } });
    const tries = async (count: number): Promise<number> => {
      const outcomes = await Promise.allSettled(Array.from({ length: count }, () => dial(port)));
      for (const outcome of outcomes) if (outcome.status === 'fulfilled') outcome.value.destroy();
      return outcomes.filter(({ status }) => status === 'fulfilled').length;
    };
    const strange = await tries(40);
    assert.ok(strange >= 20 && strange < 40, `${strange} of 40`);
    await eventually('the refused are counted', () => gate.counts.refused >= 40 - strange);
    gate.knowSource('127.0.0.1');
    // Whoever listens is told in the same order, so that the gate knows when it says so.
    await gate.listen('tls', loopback, () => {});
    assert.equal(await tries(40), 40);
  });

  it('lose a connection on which no handshake comes to an end', async () => {
    const { gate, port } = await openGate('tls', { limits: { handshakeTimeoutMs: 100 } });
    const closed = Promise.withResolvers<void>();
    const socket = connectTcp(port, '127.0.0.1', () => socket.write('\x16\x03\x01'));
    socket.on('error', () => {});
    socket.on('close', () => closed.resolve());
    await closed.promise;
    await eventually('it is counted', () => gate.counts.failed === 1);
  });

  it('cannot hold more connections than one source may, nor than there are in all', async () => {
    const { port, streams } = await openGate('tls', { limits: { maxConnectionsPerSource: 3 } });
    for (let at = 0; at < 3; at++) await dial(port);
    await assert.rejects(dial(port));
    await eventually('three are there', () => streams.length === 3);
    streams[0]?.destroy();
    let socket: TLSSocket | undefined;
    for (let tries = 0; tries < 50 && socket === undefined; tries++) socket = await dial(port).catch(() => undefined);
    assert.ok(socket !== undefined);
  });

  it('lose a connection when they do not take what they are sent, and nobody else does', async () => {
    const { port, streams } = await openGate('tls');
    const slow = await dial(port);
    const other = await dial(port);
    slow.pause();
    await eventually('two connections', () => streams.length === 2);
    const ofSlow = streams.find(({ remote }) => remote.port === slow.localPort);
    assert.ok(ofSlow !== undefined);
    const closed = Promise.withResolvers<void>();
    ofSlow.onClose = () => closed.resolve();
    const told: number[] = [];
    for (let at = 0; at < 400; at++) {
      ofSlow.write('x'.repeat(16_384));
      if (at % 20 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
      told.push(ofSlow.pendingOctets());
    }
    await closed.promise;
    assert.ok(Math.max(...told) > 0, 'what waits is told to the signalling thread');
    const heard = heardBy(other, 'FINE');
    other.write('fine');
    await heard;
  });
});

describe('TLS that we open', () => {
  async function carrier(material: TlsMaterial): Promise<number> {
    const server = createTlsServer({ cert: material.cert, key: material.key }, (socket) => {
      socket.on('error', () => {});
      socket.on('data', (octets: Buffer) => socket.write(octets));
    });
    undo.push(() => server.close());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const bound = server.address();
    return bound === null || typeof bound === 'string' ? 0 : bound.port;
  }

  const table = [
    {
      what: 'to the name of a certificate that our root signed',
      name: 'sip.example.com',
      trust: 'root',
      told: 'hello',
    },
    { what: 'to the address of a certificate that our root signed', name: '127.0.0.1', trust: 'root', told: 'hello' },
    { what: 'to another name', name: 'other.example.com', trust: 'root', told: /not for other\.example\.com/ },
    {
      what: 'to the same name, checked by public authorities and our root',
      name: 'sip.example.com',
      trust: 'public',
      told: 'hello',
    },
    { what: 'to anybody, when nothing is to be proven', name: 'other.example.com', trust: 'insecure', told: 'hello' },
  ] as const;
  for (const { what, name, trust, told } of table) {
    it(`${what}: ${told instanceof RegExp ? 'is refused' : 'is done'}`, async () => {
      const theirs = newMaterial();
      const port = await carrier(theirs);
      const { gate, refusals } = await openGate('tls', { material: { ...newMaterial(), root: theirs.cert } });
      const stream = gate.connectTls({ address: '127.0.0.1', port }, '', { name, trust });
      const outcome = Promise.withResolvers<string>();
      stream.onData = (octets) => outcome.resolve(octets);
      stream.onClose = () => outcome.resolve(refusals.join());
      stream.write('hello');
      const got = await outcome.promise;
      if (told instanceof RegExp) assert.match(got, told);
      else assert.equal(got, told);
    });
  }

  it('is refused to a certificate that nobody known has signed', async () => {
    const port = await carrier(newMaterial());
    const { gate, refusals } = await openGate();
    for (const trust of ['public', 'root'] as const) {
      const stream = gate.connectTls({ address: '127.0.0.1', port }, '', { name: 'sip.example.com', trust });
      const closed = Promise.withResolvers<void>();
      stream.onClose = () => closed.resolve();
      stream.write('a secret');
      await closed.promise;
    }
    assert.equal(refusals.length, 2);
    assert.match(refusals.join(), /self-signed|unable to verify/);
  });

  it('tells of a peer that is not there, and of one that never finishes', async () => {
    const { gate, refusals } = await openGate('tls', { limits: { handshakeTimeoutMs: 200 } });
    const silent = createServer((socket) => socket.on('error', () => {}));
    undo.push(() => silent.close());
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const bound = silent.address();
    const ports = [1, bound === null || typeof bound === 'string' ? 1 : bound.port];
    for (const port of ports) {
      const peer = { name: 'x.example.com', trust: 'root' } as const;
      const stream = gate.connectTls({ address: '127.0.0.1', port }, '127.0.0.1', peer);
      assert.equal(
        stream.local.address,
        '127.0.0.1',
        'what is sent first tells our address before there is a connection',
      );
      await new Promise<void>((resolve) => {
        stream.onClose = resolve;
      });
    }
    assert.match(refusals.join('\n'), /ECONNREFUSED[\s\S]*took too long/);
  });
});

describe('WebSocket through the gate', () => {
  for (const transport of ['ws', 'wss'] as const) {
    it(`carries whole messages over ${transport.toUpperCase()} with the subprotocol sip (RFC 7118 §4)`, async () => {
      const { port, streams } = await openGate(transport);
      const socket = new WebSocket(`${transport}://127.0.0.1:${port}/any`, 'sip', { rejectUnauthorized: false });
      undo.push(() => socket.terminate());
      await new Promise((resolve) => socket.once('open', resolve));
      assert.equal(socket.protocol, 'sip');
      const answers: string[] = [];
      socket.on('message', (octets, isBinary) =>
        answers.push(`${isBinary ? 'binary' : 'text'} ${Buffer.isBuffer(octets) ? octets.toString() : '?'}`),
      );
      socket.send('one message');
      socket.send(Buffer.from('two \xd6', 'latin1'));
      await eventually('two answers', () => answers.length === 2);
      assert.equal(answers[0], 'text ONE MESSAGE');
      assert.match(answers[1] ?? '', /^binary TWO/);
      assert.equal(streams[0]?.transport, transport);
    });
  }

  it('is refused without the subprotocol, and so is everything that is no WebSocket', async () => {
    const { port } = await openGate('ws');
    const refusal = await new Promise<Error>((resolve) => {
      new WebSocket(`ws://127.0.0.1:${port}/`).once('error', resolve);
    });
    assert.match(refusal.message, /400/);
    const page = await fetch(`http://127.0.0.1:${port}/`);
    assert.equal(page.status, 426);
  });

  it('is pinged, the pong is told as the sign of life that it is, and a peer that gives none is ended (RFC 7118 §6)', async () => {
    const { port, streams } = await openGate('ws', { limits: { webSocketPingMs: 150 } });
    const open = async (autoPong: boolean): Promise<WebSocket> => {
      const socket = new WebSocket(`ws://127.0.0.1:${port}/`, 'sip', { autoPong });
      undo.push(() => socket.terminate());
      await new Promise((resolve) => socket.once('open', resolve));
      await eventually('it is told', () => streams.length > 0);
      return socket;
    };
    const living = await open(true);
    const [stream] = streams;
    const signs: string[] = [];
    if (stream !== undefined) stream.onData = (octets) => signs.push(octets);
    await eventually('two signs of life', () => signs.length === 2);
    // What nobody asked for is no sign, and does not cross to the other thread.
    for (let at = 0; at < 50; at++) living.pong();
    const silent = await open(false);
    const closed = new Promise<number>((resolve) => silent.once('close', resolve));
    assert.equal(await closed, 1006);
    assert.equal(living.readyState, WebSocket.OPEN);
    assert.ok(signs.length < 10 && signs.every((sign) => sign === '\r\n'), `${signs.length} signs`);
  });

  it('has its own pings answered (RFC 6455 §5.5.2)', async () => {
    const { port } = await openGate('ws');
    const socket = new WebSocket(`ws://127.0.0.1:${port}/`, 'sip');
    undo.push(() => socket.terminate());
    await new Promise((resolve) => socket.once('open', resolve));
    const pong = new Promise<string>((resolve) => socket.once('pong', (octets) => resolve(octets.toString())));
    socket.ping('there?');
    assert.equal(await pong, 'there?');
  });

  it('ends when a message is larger than a SIP message may be', async () => {
    const { port } = await openGate('ws');
    const socket = new WebSocket(`ws://127.0.0.1:${port}/`, 'sip');
    await new Promise((resolve) => socket.once('open', resolve));
    const closed = new Promise<number>((resolve) => socket.once('close', resolve));
    socket.send('x'.repeat(limits.maxMessageOctets + 1));
    assert.equal(await closed, 1009);
  });
});

it('a certificate of our own is P-256, with the names that were asked for', () => {
  const { cert, key } = makeSelfSigned(['sip.example.com', '192.0.2.1', '2001:db8::1'], systemRandom(), nowMs);
  const certificate = new X509Certificate(cert);
  assert.equal(createPublicKey(key).asymmetricKeyDetails?.namedCurve, 'prime256v1');
  assert.equal(
    certificate.subjectAltName,
    'DNS:sip.example.com, IP Address:192.0.2.1, IP Address:2001:DB8:0:0:0:0:0:1',
  );
  assert.ok(certificate.verify(certificate.publicKey));
  assert.ok(!certificate.ca);
});

import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { seededRandom } from '../../../test/kit/seeded-random.ts';
import { SimulatedClock } from '../../../test/kit/simulated-clock.ts';
import { SimulatedNetwork } from '../../../test/kit/simulated-network.ts';
import type { Flow } from './flow.ts';
import { type Admission, defaultTransportLimits, type PacketSource, type TransportLimits } from './limits.ts';
import type { TcpStream, UdpSocket } from './ports.ts';
import { TransportLayer } from './transport-layer.ts';

const server = { address: '192.0.2.1', port: 5060 };
const server6 = { address: '2001:db8::1', port: 5060 };

function optionsMessage(callId: string, transport = 'UDP', body = ''): string {
  return [
    'OPTIONS sip:192.0.2.1 SIP/2.0',
    `Via: SIP/2.0/${transport} 198.51.100.7:5060;branch=z9hG4bK${callId}`,
    'From: <sip:a@192.0.2.1>;tag=1',
    'To: <sip:b@192.0.2.1>',
    `Call-ID: ${callId}`,
    'CSeq: 1 OPTIONS',
    'Max-Forwards: 70',
    `Content-Length: ${body.length}`,
    '',
    body,
  ].join('\r\n');
}

/** A transport layer on a simulated network that writes down what it is told. */
class Rig {
  readonly clock = new SimulatedClock();
  readonly network = new SimulatedNetwork(this.clock, seededRandom(1));
  readonly seen: string[] = [];
  readonly sources: PacketSource[] = [];
  lastFlow: Flow | undefined;
  admission: Admission = 'serve';
  readonly layer: TransportLayer;

  constructor(limits: Partial<TransportLimits> = {}) {
    const host = this.network.host(server.address, server6.address);
    this.layer = new TransportLayer(
      host,
      this.clock,
      { ...defaultTransportLimits, ...limits },
      {
        admit: (source) => {
          this.sources.push({ ...source });
          return this.admission;
        },
        onRequest: (request, flow) => this.#note(`${request.method} ${request.callId}`, flow),
        onResponse: (response, flow) => this.#note(`${response.status} ${response.callId}`, flow),
        onMalformed: (error, flow) => {
          this.#note(`malformed ${error.status}`, flow);
          flow.send(`refused ${error.status}`);
        },
        onKeepAlive: (flow) => this.#note('keep-alive', flow),
        onConnectionClosed: (flow) => this.seen.push(`closed ${flow.connectionId}`),
      },
    );
  }

  async listen(): Promise<this> {
    await this.layer.listen('udp', server);
    await this.layer.listen('udp', server6);
    await this.layer.listen('tcp', server);
    await this.layer.listen('tcp', server6);
    return this;
  }

  async phone(address = '198.51.100.7'): Promise<{ socket: UdpSocket; received: string[] }> {
    const received: string[] = [];
    const local = { address, port: 5060 };
    const socket = await this.network.bindUdp(local, (octets) => received.push(octets.toString('latin1')));
    return { socket, received };
  }

  connect(address = '198.51.100.7'): { stream: TcpStream; received: string[]; isClosed: () => boolean } {
    const received: string[] = [];
    let closed = false;
    const stream = this.network.connectTcp(address.includes(':') ? server6 : server, address);
    stream.onData = (octets) => received.push(octets.toString('latin1'));
    stream.onClose = () => {
      closed = true;
    };
    this.clock.advance(2);
    return { stream, received, isClosed: () => closed };
  }

  #note(what: string, flow: Flow): void {
    this.seen.push(what);
    this.lastFlow = flow;
  }
}

const octetsOf = (text: string): Buffer => Buffer.from(text, 'latin1');

describe('UDP transport', () => {
  let rig: Rig;
  beforeEach(async () => {
    rig = await new Rig().listen();
  });

  it('a request is handed up with a flow whose answer goes back to where it came from', async () => {
    const phone = await rig.phone();
    phone.socket.send(octetsOf(optionsMessage('c1')), server);
    rig.clock.advance(1);
    assert.deepEqual(rig.seen, ['OPTIONS c1']);
    assert.deepEqual(rig.lastFlow?.remote, { address: '198.51.100.7', port: 5060 });
    assert.deepEqual(rig.lastFlow?.local, server);
    rig.lastFlow?.send('answer \xfc');
    rig.clock.advance(1);
    assert.deepEqual(phone.received, ['answer \xfc']);
  });

  it('what is not admitted is neither parsed nor told of', async () => {
    const phone = await rig.phone();
    rig.admission = 'drop';
    const message = optionsMessage('c1');
    phone.socket.send(octetsOf(message), server);
    phone.socket.send(octetsOf('\r\n\r\n'), server);
    rig.clock.advance(1);
    assert.deepEqual(rig.seen, []);
    const remote = { address: '198.51.100.7', port: 5060 };
    assert.deepEqual(rig.sources[0], {
      transport: 'udp',
      localPort: 5060,
      remote,
      octets: message.length,
      connectionId: 0,
    });
    assert.equal(rig.layer.stats().notAdmitted, 2);
  });

  for (const [name, octets, expected] of [
    ['a double CRLF', '\r\n\r\n', 'keep-alive'],
    ['a CRLF', '\r\n', 'keep-alive'],
    ['four zeros', '\0\0\0\0', 'keep-alive'],
    ['nothing', '', 'keep-alive'],
    ['five zeros', '\0\0\0\0\0', 'malformed 400'],
    ['noise', 'abc', 'malformed 400'],
  ] as const) {
    it(`a datagram of ${name} is ${expected}`, async () => {
      const phone = await rig.phone();
      phone.socket.send(octetsOf(octets), server);
      rig.clock.advance(1);
      assert.deepEqual(rig.seen, [expected]);
    });
  }

  it('a flow to a peer leaves from the socket of its family, or from the one that is asked for', async () => {
    const [four, six] = [await rig.phone(), await rig.phone('2001:db8::7')];
    rig.layer.flowTo('udp', four.socket.local)?.send('4');
    rig.layer.flowTo('udp', six.socket.local, { ...server6 })?.send('6');
    rig.clock.advance(1);
    assert.deepEqual([four.received, six.received], [['4'], ['6']]);
    assert.equal(rig.layer.flowTo('udp', four.socket.local, { address: '192.0.2.9', port: 5060 }), undefined);
    assert.equal(rig.layer.flowTo('udp', { address: '198.51.100.7', port: 0 }), undefined);
    assert.equal(rig.layer.flowTo('udp', { address: '198.51.100.7', port: 70_000 }), undefined);
  });

  it('after close, nothing is received and sending is silent', async () => {
    const phone = await rig.phone();
    const flow = rig.layer.flowTo('udp', phone.socket.local);
    rig.layer.close();
    phone.socket.send(octetsOf(optionsMessage('c1')), server);
    flow?.send('late');
    rig.clock.advance(10);
    assert.deepEqual([rig.seen, phone.received], [[], []]);
  });
});

describe('TCP transport', () => {
  it('a message arrives whole wherever the stream is cut', async () => {
    const rig = await new Rig().listen();
    const message = `${optionsMessage('c1', 'TCP', 'v=0\r\nabc')}\r\n\r\n${optionsMessage('c2', 'TCP')}`;
    const { stream } = rig.connect();
    for (let cut = 1; cut < message.length; cut += 1) {
      stream.write(octetsOf(message.slice(0, cut)));
      rig.clock.advance(1);
      stream.write(octetsOf(message.slice(cut)));
      rig.clock.advance(1);
      assert.deepEqual(rig.seen.splice(0), ['OPTIONS c1', 'keep-alive', 'OPTIONS c2'], `cut at ${cut}`);
    }
    for (const octet of message) stream.write(octetsOf(octet));
    rig.clock.advance(1);
    assert.deepEqual(rig.seen, ['OPTIONS c1', 'keep-alive', 'OPTIONS c2']);
  });

  it('the double CRLF of a keep-alive is answered with one CRLF, a single one with nothing', async () => {
    const rig = await new Rig().listen();
    const { stream, received } = rig.connect();
    stream.write(octetsOf('\r\n\r\n'));
    rig.clock.advance(2);
    assert.deepEqual(received, ['\r\n']);
    stream.write(octetsOf(`${optionsMessage('c1', 'TCP')}\r\n`));
    rig.clock.advance(2);
    assert.deepEqual([received, rig.seen], [['\r\n'], ['keep-alive', 'OPTIONS c1']]);
  });

  it('answers go back on the connection, which is also the way to that peer', async () => {
    const rig = await new Rig().listen();
    const { stream, received } = rig.connect();
    stream.write(octetsOf(optionsMessage('c1', 'TCP')));
    rig.clock.advance(1);
    const flow = rig.lastFlow;
    assert.ok(flow !== undefined && flow.connectionId > 0 && flow.reliable);
    assert.equal(rig.layer.flowById(flow.connectionId), flow);
    assert.equal(rig.layer.flowTo('tcp', stream.local), flow);
    flow.send('answer');
    rig.clock.advance(1);
    assert.deepEqual(received, ['answer']);
  });

  it('a connection that ends is told of once, and its flow sends nothing more', async () => {
    const rig = await new Rig().listen();
    const { stream } = rig.connect();
    stream.write(octetsOf(optionsMessage('c1', 'TCP')));
    rig.clock.advance(1);
    const flow = rig.lastFlow;
    stream.destroy();
    rig.clock.advance(5);
    flow?.send('late');
    assert.deepEqual(rig.seen, ['OPTIONS c1', `closed ${flow?.connectionId}`]);
    assert.equal(rig.layer.flowById(flow?.connectionId ?? 0), undefined);
    assert.equal(rig.layer.stats().connections, 0);
  });

  it('a new connection is opened where there is none, from our own address, and used again', async () => {
    const rig = await new Rig().listen();
    const peer = { address: '203.0.113.5', port: 5060 };
    const received: string[] = [];
    const froms: string[] = [];
    await rig.network.listenTcp(peer, (stream) => {
      froms.push(stream.remote.address);
      stream.onData = (octets) => {
        received.push(octets.toString('latin1'));
        stream.write(octetsOf(optionsMessage('c9', 'TCP')));
      };
    });
    rig.layer.flowTo('tcp', peer)?.send('one ');
    rig.clock.advance(5);
    rig.layer.flowTo('tcp', peer)?.send('two');
    rig.clock.advance(5);
    assert.deepEqual(froms, [server.address]);
    assert.equal(received.join(''), 'one two');
    assert.deepEqual(rig.seen, ['OPTIONS c9', 'OPTIONS c9']);
    assert.equal(rig.layer.stats().connectionsOpened, 1);
  });

  it('a refused connection is told of as closed', async () => {
    const rig = await new Rig().listen();
    const flow = rig.layer.flowTo('tcp', { address: '203.0.113.5', port: 5060 });
    flow?.send('lost');
    rig.clock.advance(5);
    assert.deepEqual(rig.seen, [`closed ${flow?.connectionId}`]);
  });

  it('a message above the maximum is answered 513 and the connection ends', async () => {
    const rig = await new Rig().listen();
    const { stream, received, isClosed } = rig.connect();
    const huge = optionsMessage('c1', 'TCP').replace('Content-Length: 0', 'Content-Length: 9999999');
    stream.write(octetsOf(huge));
    rig.clock.advance(5);
    assert.deepEqual(received, ['refused 513']);
    assert.equal(isClosed(), true);
    assert.equal(rig.layer.stats().connections, 0);
  });

  it('whole messages before the noise are still served, and then the connection ends', async () => {
    const rig = await new Rig().listen();
    const { stream, isClosed } = rig.connect();
    stream.write(octetsOf(`${optionsMessage('c1', 'TCP')}\0\0noise\r\n\r\n`));
    rig.clock.advance(5);
    assert.deepEqual(rig.seen.slice(0, 2), ['OPTIONS c1', 'malformed 400']);
    assert.equal(isClosed(), true);
  });

  it('a malformed message whose end is known leaves the connection open', async () => {
    const rig = await new Rig().listen();
    const { stream, isClosed } = rig.connect();
    stream.write(octetsOf(optionsMessage('c1', 'TCP').replace('CSeq: 1', 'CSeq: x')));
    stream.write(octetsOf(optionsMessage('c2', 'TCP')));
    rig.clock.advance(5);
    assert.deepEqual(rig.seen, ['malformed 400', 'OPTIONS c2']);
    assert.equal(isClosed(), false);
  });

  it('a message that is not admitted is skipped; with close, the connection ends', async () => {
    const rig = await new Rig().listen();
    const { stream, isClosed } = rig.connect();
    rig.admission = 'drop';
    stream.write(octetsOf(optionsMessage('c1', 'TCP')));
    rig.clock.advance(1);
    rig.admission = 'serve';
    stream.write(octetsOf(optionsMessage('c2', 'TCP')));
    rig.clock.advance(1);
    assert.deepEqual(rig.seen, ['OPTIONS c2']);
    rig.admission = 'close';
    stream.write(octetsOf(optionsMessage('c3', 'TCP') + optionsMessage('c4', 'TCP')));
    rig.clock.advance(2);
    assert.deepEqual(rig.seen, ['OPTIONS c2', 'closed 1']);
    assert.equal(isClosed(), true);
  });

  it('a connection that is not admitted is ended before its first octet is read', async () => {
    const rig = await new Rig().listen();
    rig.admission = 'drop';
    const { stream, isClosed } = rig.connect();
    rig.admission = 'serve';
    stream.write(octetsOf(optionsMessage('c1', 'TCP')));
    rig.clock.advance(5);
    assert.deepEqual(rig.seen, []);
    assert.equal(isClosed(), true);
    assert.equal(rig.sources[0]?.octets, 0);
  });
});

describe('limits of TCP connections', () => {
  const closedAfter = async (send: (stream: TcpStream, second: number, rig: Rig) => void): Promise<number> => {
    const rig = await new Rig().listen();
    const { stream, isClosed } = rig.connect();
    let second = 0;
    for (; second < 700 && !isClosed(); second += 1) {
      send(stream, second, rig);
      rig.clock.advance(1000);
    }
    return second;
  };

  for (const { name, send, fromSecond, toSecond } of [
    { name: 'a silent stranger', send: () => {}, fromSecond: 29, toSecond: 32 },
    {
      name: 'a stranger who only sends keep-alives',
      send: (stream: TcpStream) => stream.write(octetsOf('\r\n\r\n')),
      fromSecond: 29,
      toSecond: 32,
    },
    {
      name: 'a stranger who only sends malformed messages',
      send: (stream: TcpStream) => stream.write(octetsOf('X sip:x SIP/2.0\r\nContent-Length: 0\r\n\r\n')),
      fromSecond: 29,
      toSecond: 32,
    },
    {
      name: 'a sender of one octet a second',
      send: (stream: TcpStream, second: number) => stream.write(octetsOf(optionsMessage('c1', 'TCP')[second] ?? '')),
      fromSecond: 9,
      toSecond: 12,
    },
    {
      name: 'a known peer who then sends one octet a second',
      send: (stream: TcpStream, second: number) => {
        const message = optionsMessage('c1', 'TCP');
        stream.write(octetsOf(second === 0 ? message + message.slice(0, 9) : (message[second + 8] ?? '')));
      },
      fromSecond: 9,
      toSecond: 12,
    },
    {
      name: 'a peer who sends half a message behind a whole one and is silent',
      send: (stream: TcpStream, second: number) => {
        if (second === 0) stream.write(octetsOf(`${optionsMessage('c1', 'TCP')}OPTIONS sip:`));
      },
      fromSecond: 9,
      toSecond: 12,
    },
    {
      name: 'a peer who sends half a message behind a keep-alive and is silent',
      send: (stream: TcpStream, second: number) => {
        if (second === 0) stream.write(octetsOf('\r\n\r\nOPTIONS sip:'));
      },
      fromSecond: 9,
      toSecond: 12,
    },
    {
      name: 'a peer who always has half of the next message under way',
      send: (stream: TcpStream, second: number) => {
        const message = optionsMessage(`c${second % 10}`, 'TCP');
        const next = optionsMessage(`c${(second + 1) % 10}`, 'TCP');
        stream.write(octetsOf((second === 0 ? message : message.slice(9)) + next.slice(0, 9)));
      },
      fromSecond: 700,
      toSecond: 700,
    },
    {
      name: 'a peer who sent one message, proved nothing, and is silent',
      send: (stream: TcpStream, second: number) => {
        if (second === 0) stream.write(octetsOf(optionsMessage('c1', 'TCP')));
      },
      fromSecond: 119,
      toSecond: 122,
    },
    {
      name: 'a peer that is trusted and silent',
      send: (stream: TcpStream, second: number, rig: Rig) => {
        if (second > 0) return;
        stream.write(octetsOf(optionsMessage('c1', 'TCP')));
        rig.clock.advance(1);
        rig.layer.trust(rig.lastFlow?.connectionId ?? 0);
      },
      fromSecond: 599,
      toSecond: 602,
    },
    {
      name: 'a peer who keeps its connection alive',
      send: (stream: TcpStream, second: number) =>
        stream.write(octetsOf(second === 0 ? optionsMessage('c1', 'TCP') : '\r\n\r\n')),
      fromSecond: 700,
      toSecond: 700,
    },
  ]) {
    it(`the connection of ${name} lasts ${fromSecond} to ${toSecond} s`, async () => {
      const seconds = await closedAfter(send);
      assert.ok(seconds >= fromSecond && seconds <= toSecond, `closed after ${seconds} s`);
    });
  }

  it('a connection of ours that is never answered outlasts the transaction, and no more', async () => {
    const rig = await new Rig().listen();
    const peer = { address: '203.0.113.5', port: 5060 };
    await rig.network.listenTcp(peer, () => {});
    rig.layer.flowTo('tcp', peer)?.send('INVITE');
    rig.clock.advance(33_000);
    assert.equal(rig.layer.stats().connections, 1);
    rig.clock.advance(10_000);
    assert.equal(rig.layer.stats().connections, 0);
  });

  for (const { name, addresses, accepted } of [
    { name: 'one IPv4 address', addresses: ['198.51.100.7', '198.51.100.7', '198.51.100.7'], accepted: 2 },
    { name: 'three IPv4 addresses', addresses: ['198.51.100.7', '198.51.100.8', '198.51.100.9'], accepted: 3 },
    { name: 'one IPv6 /64', addresses: ['2001:db8:1:2::1', '2001:db8:1:2::2', '2001:db8:1:2:3::'], accepted: 2 },
    { name: 'three IPv6 /64', addresses: ['2001:db8:1:2::1', '2001:db8:1:3::1', '2001:db8:1:4::1'], accepted: 3 },
  ]) {
    it(`of three connections from ${name}, ${accepted} are accepted at a maximum of 2 per source`, async () => {
      const rig = await new Rig({ maxConnectionsPerSource: 2 }).listen();
      const peers = addresses.map((address) => rig.connect(address));
      rig.clock.advance(5);
      assert.equal(rig.layer.stats().connections, accepted);
      assert.equal(peers.filter((peer) => !peer.isClosed()).length, accepted);
      peers[0]?.stream.destroy();
      rig.clock.advance(5);
      rig.connect(addresses[0]);
      assert.equal(rig.layer.stats().connections, accepted, 'a place that is given back can be taken again');
    });
  }

  const ranked = (rig: Rig, rank: string, at: number): ReturnType<Rig['connect']> => {
    const peer = rig.connect(`198.51.100.${at}`);
    if (rank === 'stranger') return peer;
    peer.stream.write(octetsOf(optionsMessage(`c${at}`, 'TCP')));
    rig.clock.advance(1);
    if (rank === 'trusted') rig.layer.trust(rig.lastFlow?.connectionId ?? 0);
    return peer;
  };

  for (const { held, goes } of [
    { held: ['untrusted', 'trusted', 'stranger', 'stranger'], goes: 2 },
    { held: ['trusted', 'untrusted', 'untrusted', 'trusted'], goes: 1 },
    { held: ['untrusted', 'stranger', 'trusted', 'untrusted'], goes: 1 },
  ]) {
    it(`when ${held.join(', ')} hold all places, a new peer gets that of number ${goes + 1}`, async () => {
      const rig = await new Rig({ maxConnections: held.length }).listen();
      const peers = held.map((rank, index) => ranked(rig, rank, index + 1));
      const newcomer = ranked(rig, 'stranger', 100);
      rig.clock.advance(5);
      assert.deepEqual(
        peers.map((peer) => peer.isClosed()),
        peers.map((_, index) => index === goes),
      );
      assert.equal(newcomer.isClosed(), false);
      assert.equal(rig.layer.stats().connectionsDisplaced, 1);
    });
  }

  it('when trusted peers hold all places, a new one is refused, and we open none', async () => {
    const rig = await new Rig({ maxConnections: 2 }).listen();
    const peers = [ranked(rig, 'trusted', 1), ranked(rig, 'trusted', 2)];
    const late = rig.connect('198.51.100.4');
    rig.clock.advance(5);
    assert.equal(late.isClosed(), true);
    assert.equal(rig.layer.flowTo('tcp', { address: '203.0.113.5', port: 5060 }), undefined);
    assert.deepEqual(
      peers.map((peer) => peer.isClosed()),
      [false, false],
    );
  });

  it('connections that we opened make no room for strangers, and strangers make room for them', async () => {
    const rig = await new Rig({ maxConnections: 1 }).listen();
    const stranger = ranked(rig, 'untrusted', 1);
    const peer = { address: '203.0.113.5', port: 5060 };
    await rig.network.listenTcp(peer, () => {});
    const flow = rig.layer.flowTo('tcp', peer);
    rig.clock.advance(5);
    const late = rig.connect('198.51.100.2');
    rig.clock.advance(5);
    assert.deepEqual([stranger.isClosed(), late.isClosed()], [true, true]);
    assert.equal(rig.layer.flowById(flow?.connectionId ?? 0), flow);
  });

  it('trust in a connection that has gone, or in UDP, is nothing', async () => {
    const rig = await new Rig({ maxConnections: 1 }).listen();
    const gone = ranked(rig, 'untrusted', 1);
    gone.stream.destroy();
    rig.clock.advance(5);
    for (const connectionId of [0, 1, 2]) rig.layer.trust(connectionId);
    rig.connect('198.51.100.2');
    const newcomer = rig.connect('198.51.100.3');
    rig.clock.advance(5);
    assert.equal(newcomer.isClosed(), false);
  });

  for (const { rank, pending } of [
    { rank: 'untrusted', pending: 65_536 },
    { rank: 'trusted', pending: 1_048_576 },
  ]) {
    it(`a peer that is ${rank} loses its connection when it leaves more than ${pending} octets untaken`, async () => {
      const rig = await new Rig().listen();
      ranked(rig, rank, 1);
      for (let sent = 0; sent < pending; sent += 1_024) rig.lastFlow?.send('x'.repeat(1_024));
      assert.deepEqual(rig.seen, ['OPTIONS c1']);
      rig.lastFlow?.send('x');
      assert.deepEqual(rig.seen, ['OPTIONS c1', 'closed 1']);
      assert.equal(rig.layer.stats().connectionsOverflowed, 1);
    });
  }

  it('after close no connection and no timer is left, and nobody is told', async () => {
    const rig = await new Rig().listen();
    const peers = [rig.connect(), rig.connect('2001:db8::7')];
    rig.layer.close();
    rig.clock.advance(5);
    assert.deepEqual(
      peers.map((peer) => peer.isClosed()),
      [true, true],
    );
    assert.deepEqual([rig.seen, rig.clock.pendingCount], [[], 0]);
  });
});

import { type Endpoint, sameEndpoint } from '../../base/net/endpoint.ts';
import type { Clock } from '../../base/time/clock.ts';
import type { Flow } from './flow.ts';
import type { Network, UdpSocket } from './ports.ts';
import type { PacketSource } from './limits.ts';
import { deliver, type TransportContext } from './receive.ts';
import { ReservedSockets } from './reserved-sockets.ts';

/** One of our sockets and one peer. It costs a few words to make, so none is ever kept for reuse. */
class UdpFlow implements Flow {
  readonly transport = 'udp';
  readonly reliable = false;
  readonly connectionId = 0;
  readonly local: Endpoint;
  readonly remote: Endpoint;
  readonly receivedOctets: number;
  readonly #socket: UdpSocket;

  constructor(socket: UdpSocket, remote: Endpoint, receivedOctets: number) {
    this.#socket = socket;
    this.local = socket.local;
    this.remote = remote;
    this.receivedOctets = receivedOctets;
  }

  send(octets: string): void {
    this.#socket.send(Buffer.from(octets, 'latin1'), this.remote);
  }
}

/** A socket with what is done with each datagram that comes to its address and port. */
interface Listening {
  readonly socket: UdpSocket;
  readonly onDatagram: (octets: Buffer, remote: Endpoint) => void;
}

/** All UDP sockets of the server. Nothing is kept for a peer but a socket for some that have proven themselves. */
export class UdpTransport {
  readonly #network: Network;
  readonly #context: TransportContext;
  readonly #sockets: Listening[] = [];
  readonly #reserved: ReservedSockets;
  /** Sources that were known before there was a socket. */
  readonly #early: { readonly local: Endpoint; readonly remote: Endpoint }[] = [];

  constructor(network: Network, clock: Clock, context: TransportContext) {
    this.#network = network;
    this.#context = context;
    this.#reserved = new ReservedSockets(network, clock, context.limits.maxReservedSockets);
  }

  /** Sockets that are reserved for one source each. */
  get reserved(): number {
    return this.#reserved.size;
  }

  async listen(local: Endpoint): Promise<Endpoint> {
    // A datagram that comes before the bind is reported finds no socket to be answered from, and is lost.
    let bound: UdpSocket | undefined;
    // One for all datagrams of the socket: nothing is made for those that are dropped.
    const source: { -readonly [K in keyof PacketSource]: PacketSource[K] } = {
      ...{ transport: 'udp', localPort: local.port, remote: local, octets: 0, connectionId: 0 },
    };
    const onDatagram = (octets: Buffer, remote: Endpoint): void => {
      if (bound === undefined) return;
      source.remote = remote;
      source.octets = octets.length;
      this.#receive(octets, source, bound);
    };
    const shared = this.#context.limits.maxReservedSockets > 0;
    const socket = await this.#network.bindUdp(local, onDatagram, { shared });
    bound = socket;
    source.localPort = socket.local.port;
    this.#sockets.push({ socket, onDatagram });
    for (const { local, remote } of this.#early) this.reserve(remote, local);
    return socket.local;
  }

  /** The source has proven itself at our socket at `local`: what it sends is no longer lost where others flood. */
  reserve(remote: Endpoint, local: Endpoint): void {
    const listening = this.#sockets.find(({ socket }) => socket.local === local || sameEndpoint(socket.local, local));
    if (listening !== undefined) this.#reserved.reserve(listening.socket.local, remote, listening.onDatagram);
    else if (this.#sockets.length === 0 && this.#early.length < this.#context.limits.maxReservedSockets) {
      this.#early.push({ local, remote });
    }
  }

  /** From the socket bound to `local`, or else from the first one of the peer's family. */
  flowTo(remote: Endpoint, local: Endpoint | undefined): Flow | undefined {
    const isIpv6 = remote.address.includes(':');
    for (const { socket } of this.#sockets) {
      const fits =
        local === undefined
          ? socket.local.address.includes(':') === isIpv6
          : socket.local === local || sameEndpoint(socket.local, local);
      if (fits) return new UdpFlow(socket, remote, 0);
    }
    return undefined;
  }

  close(): void {
    this.#reserved.close();
    for (const { socket } of this.#sockets.splice(0)) socket.close();
  }

  #receive(octets: Buffer, source: PacketSource, socket: UdpSocket): void {
    const { handlers, stats } = this.#context;
    stats.datagrams += 1;
    if (handlers.admit(source, octets) !== 'serve') {
      stats.notAdmitted += 1;
      return;
    }
    const flow = new UdpFlow(socket, source.remote, octets.length);
    if (octets.length <= maxKeepAliveOctets && isKeepAlive(octets)) {
      stats.keepAlives += 1;
      handlers.onKeepAlive(flow);
      return;
    }
    deliver(octets.toString('latin1'), flow, this.#context);
  }
}

const maxKeepAliveOctets = 4;

/** Phones keep their NAT open with one or two CRLF, with zeros, or with an empty datagram. */
function isKeepAlive(octets: Buffer): boolean {
  return octets.every((octet) => octet === 0x0d || octet === 0x0a || octet === 0);
}

import { createSocket, type Socket as DatagramSocket } from 'node:dgram';
import { createServer, connect as openSocket, type Server, type Socket } from 'node:net';
import type { Endpoint } from '../../base/net/endpoint.ts';
import type { Network, TcpListener, TcpStream, UdpReceiver, UdpSocket } from './ports.ts';

/** Datagrams that wait in the kernel while the thread is busy: 4 MB is about a third of a second at 20,000 a second. */
const socketBufferOctets = 4_194_304;

const tcpKeepAliveMs = 60_000;

/** The operating system's network. IPv4 and IPv6 have sockets of their own: `::` never takes the port of `0.0.0.0`. */
export const systemNetwork: Network = { bindUdp, connectUdp, listenTcp, connectTcp };

type OnDatagram = (octets: Buffer, remote: Endpoint) => void;

async function bindUdp(local: Endpoint, onDatagram: OnDatagram, options = { shared: false }): Promise<UdpSocket> {
  if (!options.shared) return bindSocket(local, onDatagram, false);
  // A shared port would also be shared with another server of ours, each taking some of the datagrams: whoever binds
  // without sharing is told that the port is taken.
  const first = await bindSocket(local, () => {}, false);
  first.close();
  return bindSocket(first.local, onDatagram, true);
}

/** The kernel gives a datagram to the socket that is connected to its source, and else to one that is not connected. */
function connectUdp(local: Endpoint, remote: Endpoint, onDatagram: OnDatagram): UdpReceiver {
  const socket = openUdp(local, onDatagram, true);
  let state: 'opening' | 'connected' | 'closed' = 'opening';
  const close = (): void => {
    if (state !== 'closed') socket.close();
    state = 'closed';
  };
  // No way to the peer, or no descriptor: one that is not connected would take from everybody. Once it is connected, the kernel
  // only tells it that the peer has no such port any more.
  socket.on('error', () => {
    if (state === 'opening') close();
  });
  socket.once('connect', () => {
    if (state === 'opening') state = 'connected';
  });
  socket.bind({ address: local.address, port: local.port, exclusive: true }, () => {
    socket.connect(remote.port, remote.address);
  });
  return { close };
}

function openUdp(local: Endpoint, onDatagram: OnDatagram, isShared: boolean): DatagramSocket {
  const isIpv6 = local.address.includes(':');
  const type = isIpv6 ? 'udp6' : 'udp4';
  const socket = createSocket({ type, ipv6Only: isIpv6, lookup: numericLookup, reusePort: isShared });
  socket.on('message', (octets, { address, port }) => {
    // A link-local peer can only be answered with its zone, which an Endpoint does not have.
    if (!address.includes('%')) onDatagram(octets, { address, port });
  });
  return socket;
}

function bindSocket(local: Endpoint, onDatagram: OnDatagram, isShared: boolean): Promise<UdpSocket> {
  const socket = openUdp(local, onDatagram, isShared);
  return new Promise((resolve, reject) => {
    socket.once('error', reject);
    socket.bind({ address: local.address, port: local.port, exclusive: true }, () => {
      socket.off('error', reject);
      // What goes wrong from here on concerns single datagrams, which UDP may lose.
      socket.on('error', () => {});
      growBuffers(socket);
      resolve(new SystemUdpSocket(socket));
    });
  });
}

type LookupCallback = (error: Error | null, address: string, family: number) => void;

/**
 * Every address that gets here is numeric. Answering at once instead of in the next tick makes sending 10 % cheaper.
 */
function numericLookup(hostname: string, options: unknown, callback: LookupCallback): void {
  callback(null, hostname, options === 6 ? 6 : 4);
}

function growBuffers(socket: DatagramSocket): void {
  try {
    socket.setRecvBufferSize(socketBufferOctets);
    socket.setSendBufferSize(socketBufferOctets);
  } catch {
    // The system's own size has to do.
  }
}

/**
 * Datagrams leave together, when the event loop has read what there was to read. The first one wakes its receiver, and
 * the others find it awake: waking is the dearest part of a datagram, 10 us and more where the processors are virtual.
 */
class SystemUdpSocket implements UdpSocket {
  readonly local: Endpoint;
  readonly #socket: DatagramSocket;
  #waiting: { readonly octets: Buffer; readonly remote: Endpoint }[] = [];
  #isOpen = true;

  constructor(socket: DatagramSocket) {
    this.#socket = socket;
    const { address, port } = socket.address();
    this.local = { address, port };
  }

  send(octets: Buffer, remote: Endpoint): void {
    // dgram throws on port 0, which a Via or a Contact of a stranger may name.
    if (!this.#isOpen || remote.port === 0) return;
    if (this.#waiting.push({ octets, remote }) === 1) setImmediate(() => this.#flush());
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#flush();
    this.#isOpen = false;
    this.#socket.close();
  }

  #flush(): void {
    const leaving = this.#waiting;
    this.#waiting = [];
    if (!this.#isOpen) return;
    for (const { octets, remote } of leaving) this.#socket.send(octets, remote.port, remote.address);
  }
}

function listenTcp(local: Endpoint, onConnection: (stream: TcpStream) => void): Promise<TcpListener> {
  const options = { noDelay: true, keepAlive: true, keepAliveInitialDelay: tcpKeepAliveMs };
  const server = createServer(options, (socket) => {
    const { remoteAddress, remotePort } = socket;
    if (remoteAddress === undefined || remotePort === undefined || remoteAddress.includes('%')) socket.destroy();
    else onConnection(new SystemTcpStream(socket, { address: remoteAddress, port: remotePort }));
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: local.address, port: local.port, ipv6Only: true, exclusive: true }, () => {
      server.off('error', reject);
      // A connection that could not be accepted, for want of descriptors say, is the peer's to repeat.
      server.on('error', () => {});
      resolve({ local: boundEndpoint(server, local), close: () => server.close() });
    });
  });
}

function boundEndpoint(server: Server, asked: Endpoint): Endpoint {
  const bound = server.address();
  return bound === null || typeof bound === 'string' ? asked : { address: bound.address, port: bound.port };
}

function connectTcp(remote: Endpoint, localAddress: string): TcpStream {
  const socket = openSocket({
    host: remote.address,
    port: remote.port,
    ...(localAddress === '' ? {} : { localAddress }),
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: tcpKeepAliveMs,
  });
  return new SystemTcpStream(socket, remote, localAddress);
}

class SystemTcpStream implements TcpStream {
  onData: (octets: Buffer) => void = () => {};
  onClose: () => void = () => {};
  readonly remote: Endpoint;
  readonly #socket: Socket;
  #local: Endpoint;

  /** `localAddress` is where a connection that is being opened will come from, as far as that is fixed. */
  constructor(socket: Socket, remote: Endpoint, localAddress = '') {
    this.#socket = socket;
    this.remote = remote;
    this.#local = { address: localAddress, port: 0 };
    this.#keepLocal();
    socket.on('connect', () => this.#keepLocal());
    socket.on('data', (octets: Buffer) => this.onData(octets));
    // 'close' follows each error and tells all that matters.
    socket.on('error', () => {});
    socket.on('close', () => this.onClose());
  }

  /** Until a connection of ours is made, port 0, and the address only where one was asked for. */
  get local(): Endpoint {
    return this.#local;
  }

  write(octets: Buffer): void {
    if (!this.#socket.destroyed && !this.#socket.writableEnded) this.#socket.write(octets);
  }

  pendingOctets(): number {
    return this.#socket.writableLength;
  }

  end(): void {
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** The socket forgets its address when it closes, and a message may still be worked on then. */
  #keepLocal(): void {
    const { localAddress, localPort } = this.#socket;
    if (localAddress !== undefined && localPort !== undefined) this.#local = { address: localAddress, port: localPort };
  }
}

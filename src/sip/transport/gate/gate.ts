import { randomBytes } from 'node:crypto';
import { createServer, isIP, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import {
  connect as connectTls,
  createServer as createTlsServer,
  type Server as TlsServer,
  type TLSSocket,
} from 'node:tls';
import type { Endpoint } from '../../../base/net/endpoint.ts';
import type { GateTransportName } from '../ports.ts';
import { Arrivals, type Arrival } from './arrivals.ts';
import { certificateIsFor, certificateNames } from './certificate-names.ts';
import { type GatePeer, type PeerEvents, StreamPeer, WebSocketPeer } from './gate-peer.ts';
import {
  type FromGate,
  type GateCounts,
  type GateLimits,
  noCounts,
  type TlsMaterial,
  type ToGate,
} from './messages.ts';
import { type PipeHandlers, ThreadPipe } from './thread-pipe.ts';
import { TlsContexts } from './tls-contexts.ts';
import { WebSocketDoor } from './web-socket-door.ts';

type Post = ConstructorParameters<typeof ThreadPipe<FromGate, ToGate>>[0];

const tcpKeepAliveMs = 60_000;
/** What the peer has not taken is only told to the other thread from here on: under it, it is what the kernel holds. */
const toldPendingOctets = 16_384;
/** Octets on their way to the signalling thread beyond which nobody is read from until it has caught up. */
const maxInFlightOctets = 4_194_304;
/** Tickets that are older than the key are of no use: whoever steals it reads no more than this. */
const ticketKeyMs = 12 * 3600 * 1000;
const countsMs = 1000;

/** How a connection got in, until it is past its handshakes. */
interface Visitor {
  readonly arrival: Arrival;
  readonly request: number;
  readonly transport: GateTransportName;
  readonly local: Endpoint;
  readonly remote: Endpoint;
}

/** The gate's own side: sockets, handshakes, and the connections that came of them. Runs in a thread of its own. */
export class Gate implements PipeHandlers<ToGate> {
  readonly #limits: GateLimits;
  readonly #pipe: ThreadPipe<FromGate, ToGate>;
  readonly #arrivals: Arrivals;
  readonly #listeners = new Map<number, Server>();
  readonly #peers = new Map<number, GatePeer>();
  readonly #paused = new Set<GatePeer>();
  /** By `visitorKey`: Node hands a connection over after TLS as another object than it came as. */
  readonly #visitors = new Map<string, Visitor>();
  readonly #webDoor: WebSocketDoor;
  #contexts: TlsContexts | undefined;
  #doors: { readonly tls: TlsServer; readonly wss: TlsServer } | undefined;
  #told: GateCounts = noCounts;
  /** Odd numbers are given here, even ones by the other thread. */
  #lastId = -1;

  constructor(limits: GateLimits, post: Post) {
    this.#limits = limits;
    this.#pipe = new ThreadPipe<FromGate, ToGate>(post, this);
    this.#arrivals = new Arrivals(limits, performance.now());
    this.#webDoor = new WebSocketDoor(limits, (socket, carrier) => {
      const visitor = this.#visitorOf(carrier);
      if (visitor === undefined) return socket.terminate();
      this.#enter(visitor, [], (events) => new WebSocketPeer(socket, events));
    });
    setInterval(() => this.#openDoors(), ticketKeyMs).unref();
    setInterval(() => this.#tellCounts(), countsMs).unref();
    setInterval(() => this.#keepAlive(), limits.webSocketPingMs).unref();
  }

  receive(batch: Parameters<ThreadPipe<FromGate, ToGate>['receive']>[0]): void {
    this.#pipe.receive(batch);
  }

  onData(id: number, octets: string): void {
    const peer = this.#peers.get(id);
    if (peer === undefined) return;
    peer.write(octets);
    const { pendingOctets } = peer;
    if (pendingOctets > this.#limits.maxPendingOctets) peer.destroy();
    else if (pendingOctets > toldPendingOctets) this.#pipe.pending(id, pendingOctets);
  }

  onEnd(id: number): void {
    this.#peers.get(id)?.end();
  }

  onClosed(id: number): void {
    this.#peers.get(id)?.destroy();
  }

  onPending(): void {}

  onTaken(): void {
    if (this.#paused.size === 0 || this.#pipe.inFlightOctets > maxInFlightOctets / 2) return;
    for (const peer of this.#paused) peer.resume();
    this.#paused.clear();
  }

  onControl(control: ToGate): void {
    switch (control.kind) {
      case 'material':
        return this.#useMaterial(control.material);
      case 'listen':
        return this.#listen(control.request, control.transport, control.local);
      case 'unlisten':
        this.#listeners.get(control.request)?.close();
        this.#listeners.delete(control.request);
        return;
      case 'connect':
        return this.#connect(control);
      case 'known':
        return this.#arrivals.know(control.address, performance.now());
    }
  }

  #useMaterial(material: TlsMaterial): void {
    this.#contexts = new TlsContexts(material);
    this.#openDoors();
  }

  /** Doors with the newest certificate and a new key for tickets. Connections that came through the old ones stay. */
  #openDoors(): void {
    const contexts = this.#contexts;
    if (contexts === undefined) return;
    const ticketKeys = randomBytes(48);
    const tls = createTlsServer(contexts.server(ticketKeys, true), (socket) => this.#passTls(socket));
    const wss = createTlsServer(contexts.server(ticketKeys, false), (socket) => this.#passTls(socket));
    for (const door of [tls, wss]) door.on('tlsClientError', (_, socket) => socket.destroy());
    this.#doors = { tls, wss };
  }

  #listen(request: number, transport: GateTransportName, local: Endpoint): void {
    const options = { noDelay: true, keepAlive: true, keepAliveInitialDelay: tcpKeepAliveMs };
    const server = createServer(options, (socket) => this.#accept(socket, request, transport));
    const onFailure = (error: NodeJS.ErrnoException): void => {
      this.#listeners.delete(request);
      this.#pipe.control({ kind: 'refused', request, reason: error.message, code: error.code ?? '' });
    };
    server.once('error', onFailure);
    server.listen({ host: local.address, port: local.port, ipv6Only: true, exclusive: true, backlog: 1024 }, () => {
      server.off('error', onFailure);
      // A connection that could not be accepted, for want of descriptors say, is the peer's to repeat.
      server.on('error', () => {});
      const bound = server.address();
      const port = bound === null || typeof bound === 'string' ? local.port : bound.port;
      this.#pipe.control({ kind: 'listening', request, local: { address: local.address, port } });
    });
    this.#listeners.set(request, server);
  }

  #accept(socket: Socket, request: number, transport: GateTransportName): void {
    socket.on('error', () => {});
    const local = { address: socket.localAddress ?? '', port: socket.localPort ?? 0 };
    const remote = { address: socket.remoteAddress ?? '', port: socket.remotePort ?? 0 };
    const doors = this.#doors;
    if (remote.port === 0 || remote.address.includes('%') || (transport !== 'ws' && doors === undefined)) {
      socket.destroy();
      return;
    }
    const arrival = this.#arrivals.admit(socket, performance.now());
    if (arrival === undefined) return;
    const key = visitorKey(socket);
    const visitor = { arrival, request, transport, local, remote };
    this.#visitors.set(key, visitor);
    socket.once('close', () => {
      if (this.#visitors.get(key) === visitor) this.#visitors.delete(key);
    });
    if (transport === 'ws') this.#webDoor.take(socket);
    else doors?.[transport].emit('connection', socket);
  }

  #passTls(socket: TLSSocket): void {
    socket.on('error', () => {});
    const visitor = this.#visitors.get(visitorKey(socket));
    if (visitor === undefined) {
      socket.destroy();
      return;
    }
    this.#arrivals.done(socket.isSessionReused());
    if (visitor.transport === 'wss') return this.#webDoor.take(socket);
    const names = socket.authorized ? certificateNames(socket.getPeerCertificate()) : [];
    this.#enter(visitor, names, (events) => new StreamPeer(socket, events));
  }

  #visitorOf(carrier: Duplex): Visitor | undefined {
    return this.#visitors.get(visitorKey(carrier as Socket));
  }

  #enter(visitor: Visitor, verifiedNames: readonly string[], build: (events: PeerEvents) => GatePeer): void {
    this.#lastId += 2;
    const id = this.#lastId;
    const { arrival, request, local, remote } = visitor;
    arrival.settle();
    this.#pipe.control({ kind: 'accepted', id, request, local, remote, verifiedNames });
    this.#peers.set(id, build(this.#events(id)));
  }

  #events(id: number): PeerEvents {
    return {
      onData: (octets) => {
        this.#pipe.data(id, octets);
        if (this.#pipe.inFlightOctets > maxInFlightOctets) this.#pause(id);
      },
      onDrain: () => this.#pipe.pending(id, 0),
      onClosed: () => {
        const peer = this.#peers.get(id);
        if (peer === undefined) return;
        this.#peers.delete(id);
        this.#paused.delete(peer);
        this.#pipe.closed(id);
      },
    };
  }

  #keepAlive(): void {
    for (const peer of this.#peers.values()) peer.keepAlive();
  }

  #pause(id: number): void {
    const peer = this.#peers.get(id);
    if (peer === undefined) return;
    peer.pause();
    this.#paused.add(peer);
  }

  #connect({ id, remote, localAddress, peer }: Extract<ToGate, { readonly kind: 'connect' }>): void {
    const { name, trust } = peer;
    const events = this.#events(id);
    const contexts = this.#contexts;
    if (contexts === undefined) {
      this.#pipe.closed(id);
      return;
    }
    const socket = connectTls({
      host: remote.address,
      port: remote.port,
      ...(localAddress === '' ? {} : { localAddress }),
      ...(isIP(name) === 0 ? { servername: name } : {}),
      secureContext: contexts.client(trust),
      rejectUnauthorized: trust !== 'insecure',
      checkServerIdentity: (_, certificate) =>
        trust === 'insecure' || certificateIsFor(name, certificate)
          ? undefined
          : new Error(`its certificate is not for ${name} but for ${certificateNames(certificate).join(', ')}`),
    });
    socket.setNoDelay(true);
    socket.setKeepAlive(true, tcpKeepAliveMs);
    const deadline = setTimeout(
      () => socket.destroy(new Error('its handshake took too long')),
      this.#limits.handshakeTimeoutMs,
    );
    socket.on('error', (error) => this.#pipe.control({ kind: 'failed', peer: name, remote, reason: error.message }));
    socket.once('close', () => clearTimeout(deadline));
    socket.once('secureConnect', () => {
      clearTimeout(deadline);
      const local = { address: socket.localAddress ?? '', port: socket.localPort ?? 0 };
      this.#pipe.control({ kind: 'connected', id, local });
    });
    this.#peers.set(id, new StreamPeer(socket, events));
  }

  #tellCounts(): void {
    const { counts } = this.#arrivals;
    if (counts.begun === this.#told.begun && counts.refused === this.#told.refused) {
      if (counts.done === this.#told.done && counts.failed === this.#told.failed) return;
    }
    this.#told = counts;
    this.#pipe.control({ kind: 'counts', counts });
  }
}

function visitorKey({ remoteAddress, remotePort, localAddress, localPort }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`;
}

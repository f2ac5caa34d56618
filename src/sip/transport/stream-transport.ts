import { type Endpoint, formatEndpoint } from '../../base/net/endpoint.ts';
import type { Clock, Timer } from '../../base/time/clock.ts';
import type { Flow, PeerIdentity, StreamTransportName } from './flow.ts';
import type { Network, OctetStream, StreamGate, TcpListener } from './ports.ts';
import { packetSource, type TransportContext } from './receive.ts';
import { sourceKey } from '../../base/net/source-key.ts';
import { type ConnectionRank, StreamConnection } from './stream-connection.ts';
import { TcpOctetStream } from './tcp-octet-stream.ts';

/** How far a timeout may be late: one timer looks after all connections. */
const sweepIntervalMs = 1_000;

/** Whose connections make room for new ones, first those that are worth least. */
const displacedRanks: readonly ConnectionRank[] = ['stranger', 'untrusted'];

/** Names of an `alias` that one peer may register: those of its certificate at a handful of ports. */
const maxAliasesPerConnection = 8;

/** All listeners and connections of the server, and the maxima that they share, whatever the transport. */
export class StreamTransport {
  readonly #network: Network;
  readonly #gate: StreamGate | undefined;
  readonly #clock: Clock;
  readonly #context: TransportContext;
  readonly #listeners: { readonly transport: StreamTransportName; readonly listener: TcpListener }[] = [];
  /** Oldest first. Connections that are ending count until they are gone. */
  readonly #connections = new Map<number, StreamConnection>();
  /** By `reuseKey`: accepted connections by where they come from, our own also by whom they are for. */
  readonly #byRemote = new Map<string, StreamConnection>();
  /** Connections that a peer with a certificate offered for requests to its name and port (RFC 5923 §5). */
  readonly #aliases = new Map<string, StreamConnection>();
  readonly #acceptedPerSource = new Map<string, number>();
  #lastConnectionId = 0;
  #sweeper: Timer | undefined;
  #isClosed = false;

  constructor(network: Network, gate: StreamGate | undefined, clock: Clock, context: TransportContext) {
    this.#network = network;
    this.#gate = gate;
    this.#clock = clock;
    this.#context = context;
  }

  async listen(transport: StreamTransportName, local: Endpoint): Promise<Endpoint> {
    const listener = await this.#listener(transport, local);
    this.#listeners.push({ transport, listener });
    return listener.local;
  }

  /**
   * The live connection to `remote`, whoever opened it, or a new one; undefined when there is no room for one. TLS is
   * only opened to a peer that can be told from others: without `peer`, and over WebSocket, there is no new connection.
   */
  flowTo(
    transport: StreamTransportName,
    remote: Endpoint,
    local: Endpoint | undefined,
    peer: PeerIdentity | undefined,
  ): Flow | undefined {
    const aliased = peer === undefined ? undefined : this.#aliases.get(aliasKey(transport, peer.name, remote.port));
    if (aliased?.isOpen === true) return aliased;
    const existing = this.#byRemote.get(reuseKey(transport, remote, peer));
    const isFit = local === undefined || isWildcard(local.address) || existing?.local.address === local.address;
    if (existing?.isOpen === true && isFit) return existing;
    const canOpen = transport === 'tcp' || (transport === 'tls' && peer !== undefined && this.#gate !== undefined);
    if (!canOpen) return undefined;
    if (!this.#makeRoom()) {
      this.#context.stats.connectionsRefused += 1;
      return undefined;
    }
    this.#context.stats.connectionsOpened += 1;
    return this.#add(this.#open(remote, this.#sourceAddress(transport, remote, local), peer), false);
  }

  /**
   * The peer offers its connection for requests to `name` at `port` (RFC 5923 §5). Only who proved the name by a
   * certificate may: anybody else would draw the requests of another to itself.
   */
  alias(connectionId: number, name: string, port: number): void {
    const connection = this.flowById(connectionId);
    if (connection?.verifiedNames?.includes(name) !== true) return;
    const own = [...this.#aliases.values()].filter((other) => other === connection).length;
    if (own < maxAliasesPerConnection) this.#aliases.set(aliasKey(connection.transport, name, port), connection);
  }

  flowById(connectionId: number): StreamConnection | undefined {
    const connection = this.#connections.get(connectionId);
    return connection?.isOpen === true ? connection : undefined;
  }

  /** The peer of this connection has proven to be one of ours; a number that no connection has is ignored. */
  trust(connectionId: number): void {
    this.#connections.get(connectionId)?.trust();
  }

  /** Ends a connection at once, as for a peer that has just been banned. */
  closeConnection(connectionId: number): void {
    const connection = this.#connections.get(connectionId);
    if (connection !== undefined) this.#remove(connection);
  }

  /** Ends everything; nobody is told. */
  close(): void {
    this.#isClosed = true;
    for (const { listener } of this.#listeners.splice(0)) listener.close();
    const connections = [...this.#connections.values()];
    this.#connections.clear();
    this.#byRemote.clear();
    this.#aliases.clear();
    this.#acceptedPerSource.clear();
    for (const connection of connections) connection.destroy();
    this.#context.stats.connections = 0;
    this.#sweeper?.cancel();
    this.#sweeper = undefined;
  }

  #listener(transport: StreamTransportName, local: Endpoint): Promise<TcpListener> {
    if (transport === 'tcp') {
      return this.#network.listenTcp(local, (stream) => this.#accept(new TcpOctetStream(stream)));
    }
    if (this.#gate === undefined) return Promise.reject(new Error(`no ${transport} here`));
    return this.#gate.listen(transport, local, (stream) => this.#accept(stream));
  }

  #open(remote: Endpoint, localAddress: string, peer: PeerIdentity | undefined): OctetStream {
    if (peer !== undefined && this.#gate !== undefined) return this.#gate.connectTls(remote, localAddress, peer);
    return new TcpOctetStream(this.#network.connectTcp(remote, localAddress));
  }

  #accept(stream: OctetStream): void {
    const { stats, limits, handlers } = this.#context;
    const key = sourceKey(stream.remote.address);
    const fromSource = this.#acceptedPerSource.get(key) ?? 0;
    const { transport, local, remote } = stream;
    const source = { transport, local, remote, connectionId: 0 };
    if (handlers.admit(packetSource(source, 0)) !== 'serve') {
      stats.notAdmitted += 1;
      stream.destroy();
    } else if (this.#isClosed || fromSource >= limits.maxConnectionsPerSource || !this.#makeRoom()) {
      stats.connectionsRefused += 1;
      stream.destroy();
    } else {
      stats.connectionsAccepted += 1;
      this.#acceptedPerSource.set(key, fromSource + 1);
      this.#add(stream, true);
    }
  }

  #add(stream: OctetStream, accepted: boolean): StreamConnection {
    this.#lastConnectionId += 1;
    const origin = { connectionId: this.#lastConnectionId, accepted, onDestroyed: () => this.#remove(connection) };
    const connection: StreamConnection = new StreamConnection(stream, origin, this.#clock, this.#context);
    stream.onClose = () => this.#remove(connection);
    this.#connections.set(connection.connectionId, connection);
    this.#byRemote.set(reuseKey(connection.transport, connection.remote, connection.peer), connection);
    this.#context.stats.connections = this.#connections.size;
    this.#sweeper ??= this.#clock.after(sweepIntervalMs, () => this.#sweep());
    return connection;
  }

  #remove(connection: StreamConnection): void {
    if (!this.#connections.delete(connection.connectionId)) return;
    const key = reuseKey(connection.transport, connection.remote, connection.peer);
    if (this.#byRemote.get(key) === connection) this.#byRemote.delete(key);
    if (connection.verifiedNames !== undefined) this.#forgetAliases(connection);
    if (connection.accepted) this.#releaseSource(sourceKey(connection.remote.address));
    this.#context.stats.connections = this.#connections.size;
    connection.destroy();
    this.#context.handlers.onConnectionClosed(connection);
  }

  #forgetAliases(connection: StreamConnection): void {
    for (const [key, aliased] of this.#aliases) if (aliased === connection) this.#aliases.delete(key);
  }

  #releaseSource(key: string): void {
    const left = (this.#acceptedPerSource.get(key) ?? 0) - 1;
    if (left > 0) this.#acceptedPerSource.set(key, left);
    else this.#acceptedPerSource.delete(key);
  }

  /** Under the maximum there is room; at it, the oldest connection of the lowest rank goes, but none that is trusted. */
  #makeRoom(): boolean {
    if (this.#connections.size < this.#context.limits.maxConnections) return true;
    for (const rank of displacedRanks) {
      const oldest = this.#oldest(rank);
      if (oldest === undefined) continue;
      this.#context.stats.connectionsDisplaced += 1;
      this.#remove(oldest);
      return true;
    }
    return false;
  }

  #oldest(rank: ConnectionRank): StreamConnection | undefined {
    for (const connection of this.#connections.values()) if (connection.rank === rank) return connection;
    return undefined;
  }

  #sweep(): void {
    const nowMs = this.#clock.monotonicMs();
    for (const connection of this.#connections.values()) {
      if (!connection.isOverdue(nowMs)) continue;
      this.#context.stats.connectionsTimedOut += 1;
      this.#remove(connection);
    }
    const isNeeded = this.#connections.size > 0;
    this.#sweeper = isNeeded ? this.#clock.after(sweepIntervalMs, () => this.#sweep()) : undefined;
  }

  /** The address that the peer knows us by: the asked one, or else the one that we listen on in its family. */
  #sourceAddress(transport: StreamTransportName, remote: Endpoint, local: Endpoint | undefined): string {
    const isIpv6 = remote.address.includes(':');
    const ofFamily = this.#listeners.filter(({ listener }) => listener.local.address.includes(':') === isIpv6);
    const own = ofFamily.find((one) => one.transport === transport) ?? ofFamily[0];
    const candidate = local ?? own?.listener.local;
    return candidate === undefined || isWildcard(candidate.address) ? '' : candidate.address;
  }
}

/** What a connection may be used again for: one that was opened for one name is not for another at the same address. */
function reuseKey(transport: StreamTransportName, remote: Endpoint, peer: PeerIdentity | undefined): string {
  const whom = peer === undefined ? '' : ` ${peer.trust} ${peer.name}`;
  return `${transport} ${formatEndpoint(remote)}${whom}`;
}

function aliasKey(transport: StreamTransportName, name: string, port: number): string {
  return `${transport} ${name}:${port}`;
}

function isWildcard(address: string): boolean {
  return address === '0.0.0.0' || address === '::';
}

import { type Endpoint, formatEndpoint } from '../../base/net/endpoint.ts';
import { sourceKey } from '../../base/net/source-key.ts';
import type { Clock, Timer } from '../../base/time/clock.ts';
import type { Flow } from './flow.ts';
import type { Network, TcpListener, TcpStream } from './ports.ts';
import { packetSource, type TransportContext } from './receive.ts';
import { type ConnectionRank, TcpConnection } from './tcp-connection.ts';

/** How far a timeout may be late: one timer looks after all connections. */
const sweepIntervalMs = 1_000;

/** Whose connections make room for new ones, first those that are worth least. */
const displacedRanks: readonly ConnectionRank[] = ['stranger', 'untrusted'];

/** All TCP listeners and connections of the server, and the maxima that they share. */
export class TcpTransport {
  readonly #network: Network;
  readonly #clock: Clock;
  readonly #context: TransportContext;
  readonly #listeners: TcpListener[] = [];
  /** Oldest first. Connections that are ending count until they are gone. */
  readonly #connections = new Map<number, TcpConnection>();
  readonly #byRemote = new Map<string, TcpConnection>();
  readonly #acceptedPerSource = new Map<string, number>();
  #lastConnectionId = 0;
  #sweeper: Timer | undefined;
  #isClosed = false;

  constructor(network: Network, clock: Clock, context: TransportContext) {
    this.#network = network;
    this.#clock = clock;
    this.#context = context;
  }

  async listen(local: Endpoint): Promise<Endpoint> {
    const listener = await this.#network.listenTcp(local, (stream) => this.#accept(stream));
    this.#listeners.push(listener);
    return listener.local;
  }

  /** The live connection to `remote`, whoever opened it, or a new one; undefined when there is no room for one. */
  flowTo(remote: Endpoint, local: Endpoint | undefined): Flow | undefined {
    const existing = this.#byRemote.get(formatEndpoint(remote));
    const isFit = local === undefined || isWildcard(local.address) || existing?.local.address === local.address;
    if (existing?.isOpen === true && isFit) return existing;
    if (!this.#makeRoom()) {
      this.#context.stats.connectionsRefused += 1;
      return undefined;
    }
    this.#context.stats.connectionsOpened += 1;
    return this.#add(this.#network.connectTcp(remote, this.#sourceAddress(remote, local)), false);
  }

  flowById(connectionId: number): TcpConnection | undefined {
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
    for (const listener of this.#listeners.splice(0)) listener.close();
    const connections = [...this.#connections.values()];
    this.#connections.clear();
    this.#byRemote.clear();
    this.#acceptedPerSource.clear();
    for (const connection of connections) connection.destroy();
    this.#context.stats.connections = 0;
    this.#sweeper?.cancel();
    this.#sweeper = undefined;
  }

  #accept(stream: TcpStream): void {
    const { stats, limits, handlers } = this.#context;
    const key = sourceKey(stream.remote.address);
    const fromSource = this.#acceptedPerSource.get(key) ?? 0;
    const source = { transport: 'tcp', local: stream.local, remote: stream.remote, connectionId: 0 } as const;
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

  #add(stream: TcpStream, accepted: boolean): TcpConnection {
    this.#lastConnectionId += 1;
    const origin = { connectionId: this.#lastConnectionId, accepted, onDestroyed: () => this.#remove(connection) };
    const connection: TcpConnection = new TcpConnection(stream, origin, this.#clock, this.#context);
    stream.onClose = () => this.#remove(connection);
    this.#connections.set(connection.connectionId, connection);
    this.#byRemote.set(formatEndpoint(connection.remote), connection);
    this.#context.stats.connections = this.#connections.size;
    this.#sweeper ??= this.#clock.after(sweepIntervalMs, () => this.#sweep());
    return connection;
  }

  #remove(connection: TcpConnection): void {
    if (!this.#connections.delete(connection.connectionId)) return;
    const remoteKey = formatEndpoint(connection.remote);
    if (this.#byRemote.get(remoteKey) === connection) this.#byRemote.delete(remoteKey);
    if (connection.accepted) this.#releaseSource(sourceKey(connection.remote.address));
    this.#context.stats.connections = this.#connections.size;
    connection.destroy();
    this.#context.handlers.onConnectionClosed(connection);
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

  #oldest(rank: ConnectionRank): TcpConnection | undefined {
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
  #sourceAddress(remote: Endpoint, local: Endpoint | undefined): string {
    const isIpv6 = remote.address.includes(':');
    const candidate =
      local ?? this.#listeners.find((listener) => listener.local.address.includes(':') === isIpv6)?.local;
    return candidate === undefined || isWildcard(candidate.address) ? '' : candidate.address;
  }
}

function isWildcard(address: string): boolean {
  return address === '0.0.0.0' || address === '::';
}

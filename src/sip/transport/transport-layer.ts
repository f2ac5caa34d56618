import type { Endpoint } from '../../base/net/endpoint.ts';
import type { Clock } from '../../base/time/clock.ts';
import type { Flow, PeerIdentity, TransportName } from './flow.ts';
import { newTransportStats, type TransportHandlers, type TransportLimits, type TransportStats } from './limits.ts';
import type { Network, StreamGate } from './ports.ts';
import type { TransportContext } from './receive.ts';
import { StreamTransport } from './stream-transport.ts';
import { UdpTransport } from './udp-transport.ts';

/** Everything between the network and whole SIP messages, in both directions (RFC 3261 §18). */
export class TransportLayer {
  readonly #context: TransportContext;
  readonly #udp: UdpTransport;
  readonly #streams: StreamTransport;
  readonly #gate: StreamGate | undefined;

  /** Without a `gate` there is neither TLS nor WebSocket. */
  constructor(network: Network, clock: Clock, limits: TransportLimits, handlers: TransportHandlers, gate?: StreamGate) {
    this.#context = { limits, handlers, stats: newTransportStats() };
    this.#udp = new UdpTransport(network, clock, this.#context);
    this.#streams = new StreamTransport(network, gate, clock, this.#context);
    this.#gate = gate;
  }

  /** @returns the bound endpoint, with the real port where 0 was asked; rejects with the system's error. */
  listen(transport: TransportName, local: Endpoint): Promise<Endpoint> {
    return transport === 'udp' ? this.#udp.listen(local) : this.#streams.listen(transport, local);
  }

  /**
   * A way to `remote`, whose address is numeric: our UDP socket of its family, or the one bound to `local`; a
   * connection that lives, also one that the peer opened, or a new one from the address of `local`. Undefined when
   * there is none: no socket of the family, no room for a connection, no such port, or TLS to somebody who could be
   * anybody because `peer` does not say what it must prove.
   */
  flowTo(transport: TransportName, remote: Endpoint, local?: Endpoint, peer?: PeerIdentity): Flow | undefined {
    if (remote.port < 1 || remote.port > 65_535) return undefined;
    if (transport === 'udp') return this.#udp.flowTo(remote, local);
    return this.#streams.flowTo(transport, remote, local, transport === 'tls' ? peer : undefined);
  }

  /** The live connection with this number. */
  flowById(connectionId: number): Flow | undefined {
    return this.#streams.flowById(connectionId);
  }

  /**
   * Marks the peer of a connection as one of ours: it is never displaced by others, and has the limits of such.
   * UDP's 0 and connections that have gone are ignored.
   */
  trust(connectionId: number): void {
    this.#streams.trust(connectionId);
  }

  closeConnection(connectionId: number): void {
    this.#streams.closeConnection(connectionId);
  }

  /** See `StreamTransport.alias`. */
  alias(connectionId: number, name: string, port: number): void {
    this.#streams.alias(connectionId, name, port);
  }

  /** Somebody authenticated there, or holds a registration: no handshake and no datagram of it is lost among those of strangers. */
  knowSource(source: Pick<Flow, 'transport' | 'remote' | 'local'>): void {
    this.#gate?.knowSource(source.remote.address);
    this.reserveSocket(source);
  }

  /** A source that has proven its address and port; on UDP it gets a socket of its own if there is room. */
  reserveSocket({ transport, remote, local }: Pick<Flow, 'transport' | 'remote' | 'local'>): void {
    if (transport === 'udp') this.#udp.reserve(remote, local);
  }

  stats(): Readonly<TransportStats> {
    return { ...this.#context.stats, reservedSockets: this.#udp.reserved };
  }

  close(): void {
    this.#udp.close();
    this.#streams.close();
    this.#gate?.close();
  }
}

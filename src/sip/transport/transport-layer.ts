import type { Endpoint } from '../../base/net/endpoint.ts';
import type { Clock } from '../../base/time/clock.ts';
import type { Flow, TransportName } from './flow.ts';
import { newTransportStats, type TransportHandlers, type TransportLimits, type TransportStats } from './limits.ts';
import type { Network } from './ports.ts';
import type { TransportContext } from './receive.ts';
import { TcpTransport } from './tcp-transport.ts';
import { UdpTransport } from './udp-transport.ts';

/** Everything between the network and whole SIP messages, in both directions (RFC 3261 §18). */
export class TransportLayer {
  readonly #context: TransportContext;
  readonly #udp: UdpTransport;
  readonly #tcp: TcpTransport;

  constructor(network: Network, clock: Clock, limits: TransportLimits, handlers: TransportHandlers) {
    this.#context = { limits, handlers, stats: newTransportStats() };
    this.#udp = new UdpTransport(network, this.#context);
    this.#tcp = new TcpTransport(network, clock, this.#context);
  }

  /** @returns the bound endpoint, with the real port where 0 was asked; rejects with the system's error. */
  listen(transport: TransportName, local: Endpoint): Promise<Endpoint> {
    return transport === 'udp' ? this.#udp.listen(local) : this.#tcp.listen(local);
  }

  /**
   * A way to `remote`, whose address is numeric: our UDP socket of its family, or the one bound to `local`; a TCP
   * connection that lives, also one that the peer opened, or a new one from the address of `local`. Undefined when
   * there is none: no socket of the family, no room for a connection, no such port.
   */
  flowTo(transport: TransportName, remote: Endpoint, local?: Endpoint): Flow | undefined {
    if (remote.port < 1 || remote.port > 65_535) return undefined;
    return transport === 'udp' ? this.#udp.flowTo(remote, local) : this.#tcp.flowTo(remote, local);
  }

  /** The live connection with this number. */
  flowById(connectionId: number): Flow | undefined {
    return this.#tcp.flowById(connectionId);
  }

  /**
   * Marks the peer of a TCP connection as one of ours: it is never displaced by others, and has the limits of such.
   * UDP's 0 and connections that have gone are ignored.
   */
  trust(connectionId: number): void {
    this.#tcp.trust(connectionId);
  }

  closeConnection(connectionId: number): void {
    this.#tcp.closeConnection(connectionId);
  }

  stats(): Readonly<TransportStats> {
    return { ...this.#context.stats };
  }

  close(): void {
    this.#udp.close();
    this.#tcp.close();
  }
}

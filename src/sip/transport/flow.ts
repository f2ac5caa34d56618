import type { Endpoint } from '../../base/net/endpoint.ts';

/** Transports by the name that a Via carries, in lower case. TLS, WS and WSS join with their own change. */
export type TransportName = 'udp' | 'tcp';

/**
 * The way that a message came and that its answer goes back: for UDP our socket and the peer's address, for TCP the
 * connection. Sending never fails for the caller: what a dead flow is given is lost, and the transaction's timers
 * notice.
 */
export interface Flow {
  readonly transport: TransportName;
  /** True where the transport repeats lost octets itself: timers E, G and the like stay off (RFC 3261 §17). */
  readonly reliable: boolean;
  readonly local: Endpoint;
  readonly remote: Endpoint;
  /** A number for each TCP connection, 0 for UDP. */
  readonly connectionId: number;
  /** Length of the datagram that came over this flow; absent on a connection, and where nothing came. */
  readonly receivedOctets?: number;
  /** `octets` is a string of one character for each octet (latin1), as everywhere in src/sip. */
  send(octets: string): void;
}

/** One string for one source: `udp:192.0.2.1:5060`, `tcp#17:192.0.2.1:40022`. */
export function flowKey(flow: Flow): string {
  const connection = flow.connectionId === 0 ? '' : `#${flow.connectionId}`;
  return `${flow.transport}${connection}:${flow.remote.address}:${flow.remote.port}`;
}

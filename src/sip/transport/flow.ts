import type { Endpoint } from '../../base/net/endpoint.ts';

/** Transports by the name that a Via carries, in lower case (RFC 3261 §20.42, RFC 7118 §5.2). */
export const transportNames = ['udp', 'tcp', 'tls', 'ws', 'wss'] as const;
export type TransportName = (typeof transportNames)[number];

/** Transports that are connections. */
export type StreamTransportName = Exclude<TransportName, 'udp'>;

/** Whether nobody between the two hops can read or change what is sent. */
export function isSecure(transport: TransportName): boolean {
  return transport === 'tls' || transport === 'wss';
}

/** What the peer of a TLS connection that we open must prove. */
export interface PeerIdentity {
  /** The domain or address that the connection is for; its certificate must name it (RFC 5922 §7.1). */
  readonly name: string;
  /** Whose signature counts: a public authority's or our own root's; our own root's only; nobody has to prove anything. */
  readonly trust: 'public' | 'root' | 'insecure';
}

/**
 * The way that a message came and that its answer goes back: for UDP our socket and the peer's address, for the others
 * the connection. Sending never fails for the caller: what a dead flow is given is lost, and the transaction's timers
 * notice.
 */
export interface Flow {
  readonly transport: TransportName;
  /** True where the transport repeats lost octets itself: timers E, G and the like stay off (RFC 3261 §17). */
  readonly reliable: boolean;
  readonly local: Endpoint;
  readonly remote: Endpoint;
  /** A number for each connection, 0 for UDP. */
  readonly connectionId: number;
  /** Length of the datagram that came over this flow; absent on a connection, and where nothing came. */
  readonly receivedOctets?: number;
  /** What we asked the peer of a TLS connection to prove when we opened it. */
  readonly peer?: PeerIdentity;
  /** Names that the certificate of a peer that connected to us bears; none without a certificate that our root signed. */
  readonly verifiedNames?: readonly string[];
  /** `octets` is a string of one character for each octet (latin1), as everywhere in src/sip. */
  send(octets: string): void;
}

/** One string for one source: `udp:192.0.2.1:5060`, `tcp#17:192.0.2.1:40022`. */
export function flowKey(flow: Flow): string {
  const connection = flow.connectionId === 0 ? '' : `#${flow.connectionId}`;
  return `${flow.transport}${connection}:${flow.remote.address}:${flow.remote.port}`;
}

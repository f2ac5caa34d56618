import type { Endpoint } from '../../base/net/endpoint.ts';
import {
  defaultParseLimits,
  type ParseError,
  type ParseLimits,
  type SipRequest,
  type SipResponse,
} from '../message/index.ts';
import type { Flow, TransportName } from './flow.ts';

/** What is known of a packet before any of it is read. It holds only until the question that it comes with is answered. */
export interface PacketSource {
  readonly transport: TransportName;
  readonly localPort: number;
  readonly remote: Endpoint;
  /** Length of the datagram or of the message; 0 for a connection that has just been accepted. */
  readonly octets: number;
  /** 0 for UDP. */
  readonly connectionId: number;
}

/** `drop` loses this packet in silence; `close` ends its connection as well. */
export type Admission = 'serve' | 'drop' | 'close';

/** Who the transport works for. None of these may throw. */
export interface TransportHandlers {
  /** Asked, with the octets of a datagram, for each datagram, each connection and each message on one, before anything is parsed. */
  admit(source: PacketSource, octets?: Buffer): Admission;
  onRequest(request: SipRequest, flow: Flow): void;
  onResponse(response: SipResponse, flow: Flow): void;
  onMalformed(error: ParseError, flow: Flow): void;
  onKeepAlive(flow: Flow): void;
  /** Also for a connection of ours that was refused. */
  onConnectionClosed(flow: Flow): void;
}

export interface TransportLimits {
  readonly message: ParseLimits;
  /** Connections at once, accepted and opened together. */
  readonly maxConnections: number;
  /** Accepted connections at once from one IPv4 address or one IPv6 /64. */
  readonly maxConnectionsPerSource: number;
  /** Sockets at once that are reserved for one proven UDP source each; 0 for none. */
  readonly maxReservedSockets: number;
  /** A connection is closed this long after the peer's last octet. */
  readonly idleTimeoutMs: number;
  /** The same for an accepted connection whose peer has sent valid messages and is not trusted, where that is shorter. */
  readonly untrustedIdleTimeoutMs: number;
  /** An accepted connection is closed this long after its start if no valid message has come. */
  readonly strangerTimeoutMs: number;
  /** A connection that we opened is closed this long after our last message if no valid one has come back. */
  readonly unansweredTimeoutMs: number;
  /** A connection is closed when octets have come for this long without one message becoming whole. */
  readonly halfMessageTimeoutMs: number;
  /** Octets that a peer may leave untaken before its connection is closed. */
  readonly maxPendingOctets: number;
  /** The same for an accepted connection that is not trusted, where that is less. */
  readonly maxUntrustedPendingOctets: number;
}

export const defaultTransportLimits: TransportLimits = {
  message: defaultParseLimits,
  maxConnections: 2_000,
  maxConnectionsPerSource: 20,
  maxReservedSockets: 500,
  idleTimeoutMs: 600_000,
  untrustedIdleTimeoutMs: 120_000,
  strangerTimeoutMs: 30_000,
  // Longer than timer B: the transaction is the first to give up (RFC 3261 §17.1.1.2).
  unansweredTimeoutMs: 40_000,
  halfMessageTimeoutMs: 10_000,
  maxPendingOctets: 1_048_576,
  maxUntrustedPendingOctets: 65_536,
};

/** Counters since the start, and the connections of now. */
export interface TransportStats {
  datagrams: number;
  messages: number;
  keepAlives: number;
  malformed: number;
  /** Packets and connections that `admit` did not let through. */
  notAdmitted: number;
  /** Now. */
  reservedSockets: number;
  connections: number;
  connectionsAccepted: number;
  connectionsOpened: number;
  /** Refused because a maximum was reached. */
  connectionsRefused: number;
  /** Strangers' connections that were closed to make room for new ones. */
  connectionsDisplaced: number;
  /** Closed by a timeout: idle, silent, or slow with a message. */
  connectionsTimedOut: number;
  /** Closed because the peer did not take what it was sent. */
  connectionsOverflowed: number;
}

export function newTransportStats(): TransportStats {
  return {
    datagrams: 0,
    messages: 0,
    keepAlives: 0,
    malformed: 0,
    notAdmitted: 0,
    reservedSockets: 0,
    connections: 0,
    connectionsAccepted: 0,
    connectionsOpened: 0,
    connectionsRefused: 0,
    connectionsDisplaced: 0,
    connectionsTimedOut: 0,
    connectionsOverflowed: 0,
  };
}

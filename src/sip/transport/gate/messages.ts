import type { Endpoint } from '../../../base/net/endpoint.ts';
import type { PeerIdentity } from '../flow.ts';
import type { GateTransportName } from '../ports.ts';

/** What stands in front of each entry of a batch. */
export const op = {
  /** Octets of a connection, latin1. */
  data: 0,
  /** Send what was written, then end. */
  end: 1,
  /** End at once; from the gate: the connection has ended. */
  closed: 2,
  /** Octets that the peer of a connection has not taken yet. */
  pending: 3,
  /** An object of `ToGate` or `FromGate`. */
  control: 4,
} as const;

/**
 * What crosses the threads: first how many octets of the other side were taken since the start, then `op`, connection
 * and argument in turn. One flat list of numbers and strings costs half as much to copy as a list of objects does.
 */
export type Batch = readonly (number | string | object)[];

/** Certificate and key in PEM; `root` is empty where there is none. */
export interface TlsMaterial {
  readonly cert: string;
  readonly key: string;
  readonly root: string;
  /** A certificate that nobody else has signed is not shown to servers that ask for one: it proves nothing. */
  readonly selfSigned: boolean;
}

/** Maxima that hold before a connection reaches the signalling thread. */
export interface GateLimits {
  /** Connections at once in all, those in their handshake included. */
  readonly maxConnections: number;
  readonly maxConnectionsPerSource: number;
  /** Connections in their handshake at once. */
  readonly maxHandshakes: number;
  /** A handshake, that of WebSocket included, must be over after this time. */
  readonly handshakeTimeoutMs: number;
  /** Handshakes a second that are begun for sources that are not known, all together. */
  readonly strangerHandshakesPerSecond: number;
  readonly maxMessageOctets: number;
  /** How often each WebSocket is pinged, which keeps proxies from ending it; one that has not answered by then is ended. */
  readonly webSocketPingMs: number;
  /** Octets that a peer may leave untaken before the gate itself ends the connection. */
  readonly maxPendingOctets: number;
}

export type ToGate =
  | { readonly kind: 'material'; readonly material: TlsMaterial }
  | {
      readonly kind: 'listen';
      readonly request: number;
      readonly transport: GateTransportName;
      readonly local: Endpoint;
    }
  | { readonly kind: 'unlisten'; readonly request: number }
  | {
      readonly kind: 'connect';
      readonly id: number;
      readonly remote: Endpoint;
      readonly localAddress: string;
      readonly peer: PeerIdentity;
    }
  | { readonly kind: 'known'; readonly address: string };

export type FromGate =
  | { readonly kind: 'listening'; readonly request: number; readonly local: Endpoint }
  | { readonly kind: 'refused'; readonly request: number; readonly reason: string; readonly code: string }
  | {
      readonly kind: 'accepted';
      readonly id: number;
      readonly request: number;
      readonly local: Endpoint;
      readonly remote: Endpoint;
      readonly verifiedNames: readonly string[];
    }
  | { readonly kind: 'connected'; readonly id: number; readonly local: Endpoint }
  /** Why a connection of ours failed: for the operator. */
  | { readonly kind: 'failed'; readonly peer: string; readonly remote: Endpoint; readonly reason: string }
  | { readonly kind: 'counts'; readonly counts: GateCounts };

/** Handshakes since the start of the gate. */
export interface GateCounts {
  /** Begun with peers that connected to us. */
  readonly begun: number;
  readonly done: number;
  /** Of those done, the ones that went on from an earlier session. */
  readonly resumed: number;
  /** Begun and not finished: refused by one side, too late, or left. */
  readonly failed: number;
  /** Not begun: over the budget or a maximum. */
  readonly refused: number;
}

export const noCounts: GateCounts = { begun: 0, done: 0, resumed: 0, failed: 0, refused: 0 };

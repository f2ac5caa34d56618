import type { Endpoint } from '../../base/net/endpoint.ts';
import type { PeerIdentity, StreamTransportName } from './flow.ts';

/** The network as a parameter: src/sip/transport/system-network.ts is the real one, test/kit has a simulated one. */
export interface Network {
  /**
   * Binds a UDP socket; rejects with the system's error when the address is taken or not ours. Beside one that is `shared`,
   * `connectUdp` works at the same address and port.
   */
  bindUdp(
    local: Endpoint,
    onDatagram: (octets: Buffer, remote: Endpoint) => void,
    options?: { readonly shared: boolean },
  ): Promise<UdpSocket>;
  /**
   * Takes what `remote` alone sends to `local`, where a shared socket is bound, into a buffer of its own. Some datagram of
   * another may come in its first moment. A system that cannot do it has no such function, and a socket that cannot be had
   * receives nothing: all goes to the shared one then.
   */
  connectUdp?(local: Endpoint, remote: Endpoint, onDatagram: (octets: Buffer, remote: Endpoint) => void): UdpReceiver;
  /** Listens for TCP; each connection is handed over before its first octet is read. */
  listenTcp(local: Endpoint, onConnection: (stream: TcpStream) => void): Promise<TcpListener>;
  /** Opens a TCP connection from `localAddress`, or from the system's choice if that is empty; `onClose` of the stream tells of a refusal. */
  connectTcp(remote: Endpoint, localAddress: string): TcpStream;
}

export interface UdpSocket {
  readonly local: Endpoint;
  /** Hands a datagram to the system; what cannot be sent is lost, as UDP allows. */
  send(octets: Buffer, remote: Endpoint): void;
  close(): void;
}

export interface UdpReceiver {
  close(): void;
}

export interface TcpListener {
  readonly local: Endpoint;
  close(): void;
}

export interface TcpStream {
  readonly local: Endpoint;
  readonly remote: Endpoint;
  onData: (octets: Buffer) => void;
  /** Called once, for whatever reason the stream ended. */
  onClose: () => void;
  write(octets: Buffer): void;
  /** Octets that were written and that the peer has not taken yet. */
  pendingOctets(): number;
  /** Sends what was written and then ends; the peer decides how long that takes. */
  end(): void;
  /** Ends the stream at once, without waiting for the peer. */
  destroy(): void;
}

/** The transports that are accepted in a thread of their own, so that their handshakes never hold up signalling. */
export type GateTransportName = Exclude<StreamTransportName, 'tcp'>;

/**
 * Where TLS and WebSocket connections are accepted and opened: src/sip/transport/gate has the real one. What comes
 * through it is decrypted, unmasked and past its handshake.
 */
export interface StreamGate {
  /** Listens; each connection is handed over when its handshake is done. Rejects with the system's error. */
  listen(
    transport: GateTransportName,
    local: Endpoint,
    onConnection: (stream: OctetStream) => void,
  ): Promise<TcpListener>;
  /** Opens a TLS connection whose peer must prove itself as `peer` says; `onClose` tells of a refusal. */
  connectTls(remote: Endpoint, localAddress: string, peer: PeerIdentity): OctetStream;
  /** The address has authenticated, or holds a registration: its handshakes are not counted among those of strangers. */
  knowSource(address: string): void;
  close(): void;
}

/** A connection as the transport layer uses it, whatever carries it. */
export interface OctetStream {
  readonly transport: StreamTransportName;
  readonly local: Endpoint;
  readonly remote: Endpoint;
  /** See `Flow`. */
  readonly peer?: PeerIdentity;
  readonly verifiedNames?: readonly string[];
  /** Pieces of a stream; over WebSocket one whole message each (RFC 7118 §5). latin1. */
  onData: (octets: string) => void;
  /** Called once, for whatever reason the stream ended. */
  onClose: () => void;
  write(octets: string): void;
  /** Octets that were written and that the peer has not taken yet, as far as is known here. */
  pendingOctets(): number;
  /** Sends what was written and then ends; the peer decides how long that takes. */
  end(): void;
  /** Ends the stream at once, without waiting for the peer. */
  destroy(): void;
}

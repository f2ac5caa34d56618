import type { Endpoint } from '../../base/net/endpoint.ts';

/** The network as a parameter: src/sip/transport/system-network.ts is the real one, test/kit has a simulated one. */
export interface Network {
  /** Binds a UDP socket; rejects with the system's error when the address is taken or not ours. */
  bindUdp(local: Endpoint, onDatagram: (octets: Buffer, remote: Endpoint) => void): Promise<UdpSocket>;
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

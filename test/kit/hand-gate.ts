import type { Endpoint } from '../../src/base/net/endpoint.ts';
import type { PeerIdentity } from '../../src/sip/transport/flow.ts';
import type { GateTransportName, OctetStream, StreamGate, TcpListener } from '../../src/sip/transport/ports.ts';

/** A connection whose far end is the test. */
export class HandStream implements OctetStream {
  onData: (octets: string) => void = () => {};
  onClose: () => void = () => {};
  readonly written: string[] = [];
  readonly transport: GateTransportName;
  readonly local: Endpoint;
  readonly remote: Endpoint;
  readonly peer?: PeerIdentity;
  readonly verifiedNames?: readonly string[];
  waiting = 0;
  isOpen = true;

  constructor(
    about: Pick<OctetStream, 'local' | 'remote' | 'peer' | 'verifiedNames'> & { readonly transport: GateTransportName },
  ) {
    this.transport = about.transport;
    this.local = about.local;
    this.remote = about.remote;
    if (about.peer !== undefined) this.peer = about.peer;
    if (about.verifiedNames !== undefined) this.verifiedNames = about.verifiedNames;
  }

  write(octets: string): void {
    this.written.push(octets);
  }

  pendingOctets(): number {
    return this.waiting;
  }

  end(): void {
    this.destroy();
  }

  destroy(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.onClose();
  }
}

/** A gate without thread and sockets: the test opens and sees its connections. */
export class HandGate implements StreamGate {
  readonly opened: HandStream[] = [];
  readonly known: string[] = [];
  readonly #doors = new Map<GateTransportName, (stream: OctetStream) => void>();

  listen(
    transport: GateTransportName,
    local: Endpoint,
    onConnection: (stream: OctetStream) => void,
  ): Promise<TcpListener> {
    this.#doors.set(transport, onConnection);
    return Promise.resolve({ local, close: () => this.#doors.delete(transport) });
  }

  /** Somebody connects from `remote`. */
  arrive(transport: GateTransportName, remote: Endpoint, verifiedNames?: readonly string[]): HandStream {
    const local = { address: '192.0.2.1', port: 5061 };
    const stream = new HandStream({
      ...{ transport, local, remote },
      ...(verifiedNames === undefined ? {} : { verifiedNames }),
    });
    this.#doors.get(transport)?.(stream);
    return stream;
  }

  connectTls(remote: Endpoint, localAddress: string, peer: PeerIdentity): OctetStream {
    const stream = new HandStream({ transport: 'tls', local: { address: localAddress, port: 40_000 }, remote, peer });
    this.opened.push(stream);
    return stream;
  }

  knowSource(address: string): void {
    this.known.push(address);
  }

  close(): void {}
}

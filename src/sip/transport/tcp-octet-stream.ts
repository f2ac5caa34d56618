import type { Endpoint } from '../../base/net/endpoint.ts';
import type { OctetStream, TcpStream } from './ports.ts';

/** A TCP connection of this thread, in the strings that the layers above work on. */
export class TcpOctetStream implements OctetStream {
  readonly transport = 'tcp';
  readonly remote: Endpoint;
  onData: (octets: string) => void = () => {};
  onClose: () => void = () => {};
  readonly #stream: TcpStream;

  constructor(stream: TcpStream) {
    this.#stream = stream;
    this.remote = stream.remote;
    stream.onData = (octets) => this.onData(octets.toString('latin1'));
    stream.onClose = () => this.onClose();
  }

  get local(): Endpoint {
    return this.#stream.local;
  }

  write(octets: string): void {
    this.#stream.write(Buffer.from(octets, 'latin1'));
  }

  pendingOctets(): number {
    return this.#stream.pendingOctets();
  }

  end(): void {
    this.#stream.end();
  }

  destroy(): void {
    this.#stream.destroy();
  }
}

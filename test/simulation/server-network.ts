import type { Endpoint } from '../../src/base/net/endpoint.ts';
import type { Network, TcpListener, TcpStream, UdpSocket } from '../../src/sip/transport/ports.ts';
import type { Wire } from './wire.ts';

export interface ServerNetworkOptions {
  readonly network: Network;
  readonly wire: Wire;
  readonly life: number;
  /** The only addresses that this server has any reason to send to. */
  readonly parties: ReadonlySet<string>;
  readonly stranger: string;
}

/** The network as one life of the server sees it: everything is written down, rules of sending are checked, and all of it dies at once. */
export class ServerNetwork implements Network {
  readonly #options: ServerNetworkOptions;
  readonly #open = new Set<{ close(): void }>();
  #isDead = false;
  /** The stranger's datagram that is being handled, and what it was answered with. */
  #question: { readonly octets: number; answers: number } | undefined;

  constructor(options: ServerNetworkOptions) {
    this.#options = options;
  }

  async bindUdp(local: Endpoint, onDatagram: (octets: Buffer, remote: Endpoint) => void): Promise<UdpSocket> {
    const { network, wire } = this.#options;
    const socket = await network.bindUdp(local, (octets, remote) => {
      if (this.#isDead || wire.unplugged.has(remote.address)) return;
      this.#arrive(octets, remote, () => onDatagram(octets, remote));
    });
    this.#keep(socket);
    return {
      local: socket.local,
      send: (octets, remote) => {
        if (this.#isDead) return;
        this.#leave(octets, remote);
        if (!wire.unplugged.has(remote.address)) socket.send(octets, remote);
      },
      close: () => {
        this.#open.delete(socket);
        socket.close();
      },
    };
  }

  async listenTcp(local: Endpoint, onConnection: (stream: TcpStream) => void): Promise<TcpListener> {
    const listener = await this.#options.network.listenTcp(local, (stream) => {
      if (this.#isDead) stream.destroy();
      else onConnection(this.#watched(stream));
    });
    this.#keep(listener);
    return listener;
  }

  connectTcp(remote: Endpoint, localAddress: string): TcpStream {
    return this.#watched(this.#options.network.connectTcp(remote, localAddress));
  }

  /** The process is gone: sockets are closed, connections are cut. */
  kill(): void {
    this.#isDead = true;
    for (const one of this.#open) one.close();
    this.#open.clear();
  }

  /** What was asked for by a process that died meanwhile is not left open. */
  #keep(one: { close(): void }): void {
    if (this.#isDead) one.close();
    else this.#open.add(one);
  }

  #watched(stream: TcpStream): TcpStream {
    const handle = { close: () => stream.destroy() };
    this.#open.add(handle);
    const watched: TcpStream = {
      local: stream.local,
      remote: stream.remote,
      onData: () => {},
      onClose: () => {},
      write: (octets) => {
        if (this.#isDead) return;
        this.#leave(octets, stream.remote);
        stream.write(octets);
      },
      pendingOctets: () => stream.pendingOctets(),
      end: () => stream.end(),
      destroy: () => stream.destroy(),
    };
    stream.onData = (octets) => {
      if (!this.#isDead) this.#arrive(octets, stream.remote, () => watched.onData(octets));
    };
    stream.onClose = () => {
      this.#open.delete(handle);
      if (!this.#isDead) watched.onClose();
    };
    return watched;
  }

  #arrive(octets: Buffer, remote: Endpoint, handle: () => void): void {
    const { wire, life, stranger } = this.#options;
    wire.record(life, 'in', remote, octets.toString('latin1'));
    this.#question = remote.address === stranger ? { octets: octets.length, answers: 0 } : undefined;
    handle();
    this.#question = undefined;
  }

  #leave(octets: Buffer, remote: Endpoint): void {
    const { wire, life, parties, stranger } = this.#options;
    const text = octets.toString('latin1');
    wire.record(life, 'out', remote, text);
    const first = text.split('\r\n', 1)[0] ?? '';
    if (remote.address !== stranger) {
      if (!parties.has(remote.address)) wire.problems.push(`sent '${first}' to ${remote.address}, which is no party`);
      return;
    }
    const question = this.#question;
    if (question === undefined) {
      wire.problems.push(`sent '${first}' to a stranger who had not just asked`);
      return;
    }
    question.answers++;
    if (question.answers > 1) wire.problems.push(`answered a stranger twice, with '${first}'`);
    if (octets.length > 3 * question.octets) {
      wire.problems.push(`answered a stranger's ${question.octets} octets with ${octets.length} of '${first}'`);
    }
  }
}

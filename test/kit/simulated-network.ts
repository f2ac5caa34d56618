import { type Endpoint, formatEndpoint } from '../../src/base/net/endpoint.ts';
import type { Random } from '../../src/base/random/random.ts';
import type { Clock } from '../../src/base/time/clock.ts';
import type { Network, TcpListener, TcpStream, UdpReceiver, UdpSocket } from '../../src/sip/transport/ports.ts';

export interface NetworkFaults {
  /** UDP only: TCP repeats what is lost, which is only seen as delay. */
  readonly lossPerMille: number;
  readonly duplicatePerMille: number;
  /** Each datagram has a delay of its own between the two, so that they overtake each other. */
  readonly minDelayMs: number;
  readonly maxDelayMs: number;
  /** TCP data is cut into pieces of chance length up to this; whole writes arrive if it is not given. */
  readonly maxSegmentOctets?: number;
}

export const noFaults: NetworkFaults = { lossPerMille: 0, duplicatePerMille: 0, minDelayMs: 1, maxDelayMs: 1 };

interface Datagram {
  readonly octets: Buffer;
  readonly from: Endpoint;
}

/**
 * A network in virtual time, repeatable from its seed. Every address exists; whoever binds it has it. Wildcard
 * addresses need a `host`, which knows what its own addresses are.
 */
export class SimulatedNetwork implements Network {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #udp = new Map<string, (datagram: Datagram) => void>();
  /** By receiver and sender: sockets that are connected. */
  readonly #connected = new Map<string, (datagram: Datagram) => void>();
  readonly #tcp = new Map<string, (stream: TcpStream) => void>();
  #lastPort = 32_767;
  /** Told of each datagram that anybody sends, and of each TCP connection that anybody opens, with no octets. */
  onSent: (packet: { readonly from: Endpoint; readonly to: Endpoint; readonly octets: string }) => void = () => {};
  /** May be changed while it runs: a cable that is pulled is a loss of 1000. */
  faults: NetworkFaults;

  constructor(clock: Clock, random: Random, faults: NetworkFaults = noFaults) {
    this.#clock = clock;
    this.#random = random;
    this.faults = faults;
  }

  /** The network as a machine with these addresses sees it: others cannot be bound, wildcards mean all of them. */
  host(...addresses: readonly string[]): Network {
    return new SimulatedHost(this, addresses);
  }

  bindUdp(local: Endpoint, onDatagram: (octets: Buffer, remote: Endpoint) => void): Promise<UdpSocket> {
    const shown = this.withPort(local);
    return this.bindUdpOn(shown, [shown.address], onDatagram);
  }

  /** Binds one socket to a port of several addresses; it sends from the first one of the peer's family. */
  bindUdpOn(
    shown: Endpoint,
    addresses: readonly string[],
    onDatagram: (octets: Buffer, remote: Endpoint) => void,
  ): Promise<UdpSocket> {
    const keys = addresses.map((address) => formatEndpoint({ address, port: shown.port }));
    if (keys.some((key) => this.#udp.has(key))) return Promise.reject(addressInUse(shown));
    for (const key of keys) this.#udp.set(key, ({ octets, from }) => onDatagram(octets, from));
    let isOpen = true;
    return Promise.resolve({
      local: shown,
      send: (octets: Buffer, remote: Endpoint) => {
        const address = sameFamily(addresses, remote.address);
        if (isOpen && address !== undefined)
          this.#sendDatagram({ octets, from: { address, port: shown.port } }, remote);
      },
      close: () => {
        if (isOpen) for (const key of keys) this.#udp.delete(key);
        isOpen = false;
      },
    });
  }

  /** Takes what `remote` sends to any of these addresses before the socket that is bound there. */
  connectUdpOn(
    { port }: Endpoint,
    addresses: readonly string[],
    remote: Endpoint,
    onDatagram: (octets: Buffer, remote: Endpoint) => void,
  ): UdpReceiver {
    const keys = addresses.map((address) => `${formatEndpoint({ address, port })} ${formatEndpoint(remote)}`);
    for (const key of keys) this.#connected.set(key, ({ octets, from }) => onDatagram(octets, from));
    return {
      close: () => {
        for (const key of keys) this.#connected.delete(key);
      },
    };
  }

  listenTcp(local: Endpoint, onConnection: (stream: TcpStream) => void): Promise<TcpListener> {
    const shown = this.withPort(local);
    return this.listenTcpOn(shown, [shown.address], onConnection);
  }

  listenTcpOn(
    shown: Endpoint,
    addresses: readonly string[],
    onConnection: (stream: TcpStream) => void,
  ): Promise<TcpListener> {
    const keys = addresses.map((address) => formatEndpoint({ address, port: shown.port }));
    if (keys.some((key) => this.#tcp.has(key))) return Promise.reject(addressInUse(shown));
    for (const key of keys) this.#tcp.set(key, onConnection);
    return Promise.resolve({
      local: shown,
      close: () => {
        for (const key of keys) if (this.#tcp.get(key) === onConnection) this.#tcp.delete(key);
      },
    });
  }

  connectTcp(remote: Endpoint, localAddress: string): TcpStream {
    const local = this.withPort({ address: localAddress, port: 0 });
    this.onSent({ from: local, to: remote, octets: '' });
    const near = new SimulatedStream(local, remote);
    const far = new SimulatedStream(remote, local);
    const there = new Pipe(this.#clock, () => this.#delayMs());
    const back = new Pipe(this.#clock, () => this.#delayMs());
    near.join(far, there, () => this.faults.maxSegmentOctets, this.#random);
    far.join(near, back, () => this.faults.maxSegmentOctets, this.#random);
    there.push(() => {
      const onConnection = this.#tcp.get(formatEndpoint(remote));
      if (onConnection === undefined) back.push(() => near.closed());
      else onConnection(far);
    });
    return near;
  }

  /** The endpoint itself, or with a port of its own where it asks for 0. */
  withPort(local: Endpoint): Endpoint {
    if (local.port !== 0) return local;
    this.#lastPort = this.#lastPort >= 65_535 ? 32_768 : this.#lastPort + 1;
    return { address: local.address, port: this.#lastPort };
  }

  #sendDatagram(datagram: Datagram, to: Endpoint): void {
    this.onSent({ from: datagram.from, to, octets: datagram.octets.toString('latin1') });
    if (this.#random.below(1000) < this.faults.lossPerMille) return;
    const copies = this.#random.below(1000) < this.faults.duplicatePerMille ? 2 : 1;
    for (let copy = 0; copy < copies; copy += 1) {
      const own = { octets: Buffer.from(datagram.octets), from: datagram.from };
      this.#clock.after(this.#delayMs(), () => this.#receiver(to, own.from)?.(own));
    }
  }

  #receiver(to: Endpoint, from: Endpoint): ((datagram: Datagram) => void) | undefined {
    const place = formatEndpoint(to);
    return this.#connected.get(`${place} ${formatEndpoint(from)}`) ?? this.#udp.get(place);
  }

  #delayMs(): number {
    const { minDelayMs, maxDelayMs } = this.faults;
    return minDelayMs + this.#random.below(maxDelayMs - minDelayMs + 1);
  }
}

class SimulatedHost implements Network {
  readonly #network: SimulatedNetwork;
  readonly #addresses: readonly string[];

  constructor(network: SimulatedNetwork, addresses: readonly string[]) {
    this.#network = network;
    this.#addresses = addresses;
  }

  bindUdp(local: Endpoint, onDatagram: (octets: Buffer, remote: Endpoint) => void): Promise<UdpSocket> {
    const own = this.#own(local);
    if (own.length === 0) return Promise.reject(addressNotAvailable(local));
    return this.#network.bindUdpOn(this.#network.withPort(local), own, onDatagram);
  }

  connectUdp(local: Endpoint, remote: Endpoint, onDatagram: (octets: Buffer, remote: Endpoint) => void): UdpReceiver {
    return this.#network.connectUdpOn(local, this.#own(local), remote, onDatagram);
  }

  listenTcp(local: Endpoint, onConnection: (stream: TcpStream) => void): Promise<TcpListener> {
    const own = this.#own(local);
    if (own.length === 0) return Promise.reject(addressNotAvailable(local));
    return this.#network.listenTcpOn(this.#network.withPort(local), own, onConnection);
  }

  connectTcp(remote: Endpoint, localAddress: string): TcpStream {
    const source = localAddress === '' ? sameFamily(this.#addresses, remote.address) : localAddress;
    return this.#network.connectTcp(remote, source ?? '');
  }

  #own({ address }: Endpoint): readonly string[] {
    if (address === '0.0.0.0') return this.#addresses.filter((own) => !own.includes(':'));
    if (address === '::') return this.#addresses.filter((own) => own.includes(':'));
    return this.#addresses.filter((own) => own === address);
  }
}

/** One direction of a connection: everything arrives late, nothing overtakes. */
class Pipe {
  readonly #clock: Clock;
  readonly #delayMs: () => number;
  #lastArrivalMs = 0;

  constructor(clock: Clock, delayMs: () => number) {
    this.#clock = clock;
    this.#delayMs = delayMs;
  }

  push(arrive: () => void): void {
    const nowMs = this.#clock.monotonicMs();
    this.#lastArrivalMs = Math.max(this.#lastArrivalMs, nowMs + this.#delayMs());
    this.#clock.after(this.#lastArrivalMs - nowMs, arrive);
  }
}

class SimulatedStream implements TcpStream {
  onData: (octets: Buffer) => void = () => {};
  onClose: () => void = () => {};
  readonly local: Endpoint;
  readonly remote: Endpoint;
  #peer: SimulatedStream | undefined;
  #pipe: Pipe | undefined;
  #random: Random | undefined;
  #maxSegmentOctets: () => number | undefined = () => undefined;
  #isOpen = true;
  #isEnding = false;
  #inFlightOctets = 0;

  constructor(local: Endpoint, remote: Endpoint) {
    this.local = local;
    this.remote = remote;
  }

  join(peer: SimulatedStream, pipe: Pipe, maxSegmentOctets: () => number | undefined, random: Random): void {
    this.#peer = peer;
    this.#pipe = pipe;
    this.#maxSegmentOctets = maxSegmentOctets;
    this.#random = random;
  }

  write(octets: Buffer): void {
    if (!this.#isOpen || this.#isEnding) return;
    for (const segment of this.#segments(Buffer.from(octets))) {
      this.#inFlightOctets += segment.length;
      this.#pipe?.push(() => {
        this.#inFlightOctets -= segment.length;
        this.#peer?.arrive(segment);
      });
    }
  }

  pendingOctets(): number {
    return this.#inFlightOctets;
  }

  end(): void {
    if (!this.#isOpen || this.#isEnding) return;
    this.#isEnding = true;
    // The peer answers the end of our side with the end of its own.
    this.#pipe?.push(() => this.#peer?.peerEnded());
  }

  destroy(): void {
    if (!this.#isOpen) return;
    this.#pipe?.push(() => this.#peer?.closed());
    this.#pipe?.push(() => this.onClose());
    this.#isOpen = false;
  }

  /** The peer has gone, or was never there. */
  closed(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.onClose();
  }

  peerEnded(): void {
    if (!this.#isOpen) return;
    this.#pipe?.push(() => this.#peer?.closed());
    this.closed();
  }

  arrive(segment: Buffer): void {
    if (this.#isOpen) this.onData(segment);
  }

  *#segments(octets: Buffer): Iterable<Buffer> {
    const most = this.#maxSegmentOctets();
    if (most === undefined || this.#random === undefined) return yield octets;
    for (let at = 0; at < octets.length; ) {
      const length = 1 + this.#random.below(most);
      yield octets.subarray(at, at + length);
      at += length;
    }
  }
}

function sameFamily(addresses: readonly string[], peer: string): string | undefined {
  return addresses.find((address) => address.includes(':') === peer.includes(':'));
}

function addressInUse(local: Endpoint): Error {
  return Object.assign(new Error(`bind EADDRINUSE ${formatEndpoint(local)}`), { code: 'EADDRINUSE' });
}

function addressNotAvailable(local: Endpoint): Error {
  return Object.assign(new Error(`bind EADDRNOTAVAIL ${formatEndpoint(local)}`), { code: 'EADDRNOTAVAIL' });
}

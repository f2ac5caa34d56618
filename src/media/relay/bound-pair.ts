import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import type { Side } from '../plane/ports.ts';
import type { RefusedMedia } from './refused-media.ts';
import type { Channel } from './side-relay.ts';
import type { StreamRelay } from './stream-relay.ts';

/** A pair's sockets, and the side of the stream that they serve now. Without one, what arrives is dropped. */
export class BoundPair {
  readonly #rtp: Socket;
  readonly #rtcp: Socket;
  readonly #onPacket: () => void;
  readonly #refused: RefusedMedia;
  #stream: StreamRelay | undefined;
  #side: Side = 'a';
  #opposite: BoundPair | undefined;

  /** `onPacket` is told of every datagram, before it is judged. */
  constructor(rtp: Socket, rtcp: Socket, onPacket: () => void, refused: RefusedMedia) {
    this.#rtp = rtp;
    this.#rtcp = rtcp;
    this.#onPacket = onPacket;
    this.#refused = refused;
    rtp.on('message', (packet, source) => this.#receive('rtp', packet, source));
    rtcp.on('message', (packet, source) => this.#receive('rtcp', packet, source));
    // A send may fail for an unreachable network: the packet is lost like any other.
    rtp.on('error', () => {});
    rtcp.on('error', () => {});
  }

  attach(stream: StreamRelay, side: Side, opposite: BoundPair): void {
    this.#stream = stream;
    this.#side = side;
    this.#opposite = opposite;
  }

  detach(): void {
    this.#stream = undefined;
    this.#opposite = undefined;
  }

  close(): void {
    this.detach();
    this.#rtp.close();
    this.#rtcp.close();
  }

  #receive(channel: Channel, packet: Uint8Array, source: RemoteInfo): void {
    this.#onPacket();
    if (this.#stream === undefined || this.#opposite === undefined) {
      this.#refused.refused('no call', source.address, source.port);
      return;
    }
    const now = performance.now();
    const departure = this.#stream.receive(this.#side, channel, packet, source.address, source.port, now);
    if (departure === undefined) return;
    const socket = departure.channel === 'rtp' ? this.#opposite.#rtp : this.#opposite.#rtcp;
    socket.send(packet, departure.port, departure.address);
  }
}

/** Binds an even port and the next. @returns undefined when either is taken, or no socket can be had. */
export async function bindPair(
  address: string,
  rtp: number,
  onPacket: () => void,
  refused: RefusedMedia,
): Promise<BoundPair | undefined> {
  const [first, second] = await Promise.all([bind(address, rtp), bind(address, rtp + 1)]);
  if (first !== undefined && second !== undefined) return new BoundPair(first, second, onPacket, refused);
  first?.close();
  second?.close();
  return undefined;
}

function bind(address: string, port: number): Promise<Socket | undefined> {
  const ipv6 = address.includes(':');
  const socket = createSocket({
    type: ipv6 ? 'udp6' : 'udp4',
    ipv6Only: ipv6,
    // Addresses are numeric: the way through the resolver would cost more than the packet.
    lookup: (hostname, _options, done) => done(null, hostname, ipv6 ? 6 : 4),
  });
  return new Promise((resolve) => {
    socket.once('error', () => resolve(undefined));
    socket.bind({ address, port, exclusive: true }, () => {
      socket.removeAllListeners('error');
      resolve(socket);
    });
  });
}

import { type Endpoint, formatEndpoint } from '../../base/net/endpoint.ts';
import type { Clock } from '../../base/time/clock.ts';
import type { Network, UdpReceiver } from './ports.ts';

/** Who has been silent for so long makes room for others. */
const idleMs = 600_000;
/** While all are in use, nobody's silence is looked for again so soon. */
const lookAgainMs = 10_000;
/** One address, which may be a whole office or a single account with many ports, has at most this share. */
const shareOfAddress = 4;

interface Reserved {
  readonly receiver: UdpReceiver;
  readonly address: string;
  heardMs: number;
}

/**
 * Sockets that are connected to sources which have proven themselves, beside the one that takes from everybody at the same
 * address and port. The kernel puts a source's datagrams into the buffer of its own socket, so no flood of others pushes
 * them out, however far the reading of the flood is behind. They only receive.
 */
export class ReservedSockets {
  readonly #network: Network;
  readonly #clock: Clock;
  readonly #most: number;
  readonly #byPlace = new Map<string, Reserved>();
  readonly #countOfAddress = new Map<string, number>();
  #fullUntilMs = Number.NEGATIVE_INFINITY;

  /** @param most how many there are at once; the kernel looks through them for each datagram of a stranger. */
  constructor(network: Network, clock: Clock, most: number) {
    this.#network = network;
    this.#clock = clock;
    this.#most = most;
  }

  get size(): number {
    return this.#byPlace.size;
  }

  /** Reserves one for what `remote` sends to `local`, unless there is one or no room. */
  reserve(local: Endpoint, remote: Endpoint, onDatagram: (octets: Buffer, remote: Endpoint) => void): void {
    // Nobody can be connected to port 0, which a datagram may name as its source.
    if (this.#most === 0 || remote.port === 0 || this.#network.connectUdp === undefined) return;
    const place = `${formatEndpoint(local)} ${formatEndpoint(remote)}`;
    if (this.#byPlace.has(place)) return;
    const { address } = remote;
    const nowMs = this.#clock.monotonicMs();
    if ((this.#countOfAddress.get(address) ?? 0) >= Math.max(1, this.#most / shareOfAddress)) return;
    if (this.#byPlace.size >= this.#most && !this.#makeRoom(nowMs)) return;
    const reserved: Reserved = {
      receiver: this.#network.connectUdp(local, remote, (octets, from) => {
        reserved.heardMs = this.#clock.monotonicMs();
        onDatagram(octets, from);
      }),
      ...{ address, heardMs: nowMs },
    };
    this.#byPlace.set(place, reserved);
    this.#countOfAddress.set(address, (this.#countOfAddress.get(address) ?? 0) + 1);
  }

  close(): void {
    for (const { receiver } of this.#byPlace.values()) receiver.close();
    this.#byPlace.clear();
    this.#countOfAddress.clear();
  }

  /** Gives up the one that has been silent for longest. @returns false when none has been for long */
  #makeRoom(nowMs: number): boolean {
    if (nowMs < this.#fullUntilMs) return false;
    let longest: readonly [string, Reserved] | undefined;
    for (const entry of this.#byPlace)
      if (longest === undefined || entry[1].heardMs < longest[1].heardMs) longest = entry;
    if (longest === undefined || nowMs - longest[1].heardMs < idleMs) {
      this.#fullUntilMs = nowMs + lookAgainMs;
      return false;
    }
    const [place, { receiver, address }] = longest;
    receiver.close();
    this.#byPlace.delete(place);
    const left = (this.#countOfAddress.get(address) ?? 1) - 1;
    if (left > 0) this.#countOfAddress.set(address, left);
    else this.#countOfAddress.delete(address);
    return true;
  }
}

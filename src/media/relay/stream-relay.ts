import type { Side, SideConfig, StreamStats } from '../plane/ports.ts';
import { isRtcp } from '../rtp/packet.ts';
import { RefusedMedia } from './refused-media.ts';
import { type Channel, type Departure, SideRelay } from './side-relay.ts';

/** Both sides of one stream: takes a packet, says where it goes. Has no sockets and no clock of its own. */
export class StreamRelay {
  readonly a: SideRelay;
  readonly b: SideRelay;
  /** Nothing is relayed from then on. */
  paidUntilMs = Number.POSITIVE_INFINITY;

  /** `refused` is told of what is dropped; streams of one worker share theirs. */
  constructor(nowMs: number, refused = new RefusedMedia()) {
    this.a = new SideRelay(nowMs, refused);
    this.b = new SideRelay(nowMs, refused);
  }

  configure(side: Side, config: SideConfig, nowMs: number): void {
    this[side].configure(config, nowMs);
  }

  /**
   * Judges a datagram that arrived at our sockets for one side.
   * @returns where it leaves, from the sockets of the other side; undefined when it is dropped.
   */
  receive(
    from: Side,
    channel: Channel,
    packet: Uint8Array,
    address: string,
    port: number,
    nowMs: number,
  ): Departure | undefined {
    const side = from === 'a' ? this.a : this.b;
    const other = from === 'a' ? this.b : this.a;
    if (side.isFax) {
      const mayPass = channel === 'rtp' && side.acceptFax(packet, address, port, nowMs);
      if (!mayPass || !side.isRelayed || nowMs >= this.paidUntilMs) return undefined;
      return other.rtpDeparture(nowMs);
    }
    const control = channel === 'rtcp' || isRtcp(packet);
    const accepted = control
      ? side.acceptRtcp(channel, packet, address, port, nowMs)
      : side.acceptRtp(packet, address, port, nowMs);
    if (!accepted || !side.isRelayed || nowMs >= this.paidUntilMs) return undefined;
    return control ? other.rtcpDeparture(nowMs) : other.rtpDeparture(nowMs);
  }

  stats(): StreamStats {
    return { a: this.a.stats(), b: this.b.stats() };
  }
}

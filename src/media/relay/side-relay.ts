import type { Endpoint } from '../../base/net/endpoint.ts';
import type { SideConfig, SideStats } from '../plane/ports.ts';
import { mosHundredths } from '../rtp/mos.ts';
import { isRtcpCompound, rtcpSsrc, rtpHeaderOctets, sequenceNumber, ssrcOf, timestamp } from '../rtp/packet.ts';
import { Reception } from '../rtp/reception.ts';
import type { RefusedMedia } from './refused-media.ts';
import { relockSilenceMs, SourceLock } from './source-lock.ts';
import { TokenBucket } from './token-bucket.ts';

/** Which socket of a port pair. */
export type Channel = 'rtp' | 'rtcp';

/** Where a packet to a side goes, and from which of our sockets. */
export interface Departure extends Endpoint {
  readonly channel: Channel;
}

/** Before a target has itself sent anything it gets so many packets a second, for so long. */
const unprovenPerSecond = 50;
const unprovenMs = 5000;
const rtcpPerSecond = 50;
/** A sequence number and one empty field (ITU-T T.38 §9.1). */
const leastFaxOctets = 4;

const closedSide: SideConfig = {
  target: undefined,
  rtcpTarget: undefined,
  rtcpMux: false,
  learnFrom: [],
  sourceCheck: 2,
  relay: false,
  payloadTypes: [],
  framing: 'rtp',
  clockRateHz: 8000,
  maxPacketsPerSecond: 50,
  expectsMedia: true,
};

/** One side of a stream: what is taken from it, and where it is sent to. Knows no sockets. */
export class SideRelay {
  #config = closedSide;
  #configured = false;
  readonly #lock = new SourceLock(closedSide);
  #lockVersion = 0;
  readonly #reception = new Reception(closedSide.clockRateHz);
  readonly #rtpBound: TokenBucket;
  readonly #rtcpBound: TokenBucket;
  readonly #refused: RefusedMedia;
  #faxSource: { readonly address: string; readonly port: number; lastMs: number } | undefined;
  #faxPackets = 0;
  #faxOctets = 0;
  #rtcpSource: Endpoint | undefined;
  #lastRtcpMs = 0;
  #rtpDeparture: Departure | undefined;
  #rtcpDeparture: Departure | undefined;
  #proven = false;
  #unprovenSinceMs: number | undefined;
  #unprovenSecond = 0;
  #unprovenSent = 0;
  #foreign = 0;
  #overRate = 0;
  #malformed = 0;
  /** When the last packet of the stream's own source came; undefined before the first. */
  lastRtpMs: number | undefined;

  constructor(nowMs: number, refused: RefusedMedia) {
    this.#refused = refused;
    this.#rtpBound = new TokenBucket(closedSide.maxPacketsPerSecond, nowMs);
    this.#rtcpBound = new TokenBucket(rtcpPerSecond, nowMs);
  }

  get isConfigured(): boolean {
    return this.#configured;
  }

  /** On hold, or refused: silence is then nothing unusual. */
  get isHeld(): boolean {
    return !this.#config.expectsMedia;
  }

  /** Whether what comes from this side is passed on. */
  get isRelayed(): boolean {
    return this.#config.relay;
  }

  /** Whether the side's packets are T.38, and not RTP. */
  get isFax(): boolean {
    return this.#config.framing === 'udptl';
  }

  configure(config: SideConfig, nowMs: number): void {
    const { framing, target } = this.#config;
    const moved = target?.address !== config.target?.address || target?.port !== config.target?.port;
    if (moved || framing !== config.framing) this.#faxSource = undefined;
    this.#config = config;
    this.#configured = true;
    this.#lock.configure(config, nowMs);
    this.#reception.clockRateHz = config.clockRateHz;
    this.#rtpBound.setRate(config.maxPacketsPerSecond);
    this.#refresh();
  }

  /** @returns whether the packet may be relayed. */
  acceptRtp(packet: Uint8Array, address: string, port: number, nowMs: number): boolean {
    if (isUnanswerable(port) || rtpHeaderOctets(packet) === -1) {
      return this.#isMalformed(address, port);
    }
    const admission = this.#lock.admit(packet, address, port, nowMs);
    if (this.#lock.version !== this.#lockVersion) this.#refresh();
    if (admission !== 'own' && !this.#isForeignLetIn(address, port)) return false;
    if (!this.#rtpBound.take(nowMs)) {
      return this.#isOverRate(address, port);
    }
    this.lastRtpMs = nowMs;
    this.#reception.add(packet.length, sequenceNumber(packet), timestamp(packet), ssrcOf(packet), nowMs);
    return true;
  }

  /** T.38: without SSRC or payload type there is only the address to go by. The first source that fits is the one. */
  acceptFax(packet: Uint8Array, address: string, port: number, nowMs: number): boolean {
    if (isUnanswerable(port) || packet.length < leastFaxOctets) {
      return this.#isMalformed(address, port);
    }
    const source = this.#faxSource;
    const isNew = source === undefined || (source.address === address && nowMs - source.lastMs >= relockSilenceMs);
    const isOwn = source?.address === address && source.port === port;
    const fits = isOwn || (isNew && (this.#config.sourceCheck !== 2 || this.#config.learnFrom.includes(address)));
    if (!fits) {
      this.#foreign++;
      this.#refused.refused('foreign', address, port);
      return false;
    }
    if (!this.#rtpBound.take(nowMs)) {
      return this.#isOverRate(address, port);
    }
    if (isOwn) source.lastMs = nowMs;
    else {
      this.#faxSource = { address, port, lastMs: nowMs };
      this.#refresh();
    }
    this.lastRtpMs = nowMs;
    this.#faxPackets++;
    this.#faxOctets += packet.length;
    return true;
  }

  /** RTCP from either of our sockets; its source must be at RTP's address. It never changes where RTP goes. */
  acceptRtcp(channel: Channel, packet: Uint8Array, address: string, port: number, nowMs: number): boolean {
    if (isUnanswerable(port) || !isRtcpCompound(packet)) {
      return this.#isMalformed(address, port);
    }
    const own = this.#ownsRtcp(channel, packet, address, port, nowMs);
    if (!own && !this.#isForeignLetIn(address, port)) return false;
    if (!this.#rtcpBound.take(nowMs)) {
      return this.#isOverRate(address, port);
    }
    return true;
  }

  /** Where RTP to this side goes now; undefined when it may not be sent. Counts as sent. */
  rtpDeparture(nowMs: number): Departure | undefined {
    return this.#proven || this.#mayProbe(nowMs) ? this.#rtpDeparture : undefined;
  }

  rtcpDeparture(nowMs: number): Departure | undefined {
    return this.#proven || this.#mayProbe(nowMs) ? this.#rtcpDeparture : undefined;
  }

  stats(): SideStats {
    const { packets, octets, lost, jitterMs } = this.#reception;
    return {
      packets: packets + this.#faxPackets,
      octets: octets + this.#faxOctets,
      lost,
      jitterMs,
      mosHundredths: mosHundredths(packets, lost, jitterMs),
      foreign: this.#foreign,
      overRate: this.#overRate,
      malformed: this.#malformed,
    };
  }

  /** A packet that is not of the stream's own source: whether it passes all the same [media.checkrtpaddr]. */
  #isForeignLetIn(address: string, port: number): boolean {
    const { sourceCheck } = this.#config;
    if (sourceCheck !== 0) this.#foreign++;
    if (sourceCheck !== 2 && this.#refused.mayPass(address)) return true;
    this.#refused.refused('foreign', address, port);
    return false;
  }

  #isMalformed(address: string, port: number): false {
    this.#malformed++;
    this.#refused.refused('malformed', address, port);
    return false;
  }

  #isOverRate(address: string, port: number): false {
    this.#overRate++;
    this.#refused.refused('over rate', address, port);
    return false;
  }

  #ownsRtcp(channel: Channel, packet: Uint8Array, address: string, port: number, nowMs: number): boolean {
    const source = this.#lock.source;
    if (!this.#lock.isLocked) {
      const fits = source === undefined ? this.#config.learnFrom.includes(address) : source.address === address;
      if (fits && this.#rtpDeparture?.address === address) this.#proven = true;
      return fits;
    }
    if (source?.address !== address) return false;
    if (channel === 'rtp') return source.port === port;
    if (this.#rtcpSource !== undefined && this.#rtcpSource.port !== port) {
      if (nowMs - this.#lastRtcpMs < relockSilenceMs || rtcpSsrc(packet) !== this.#lock.ssrc) return false;
      this.#rtcpSource = undefined;
    }
    this.#lastRtcpMs = nowMs;
    if (this.#rtcpSource === undefined) {
      this.#rtcpSource = { address, port };
      this.#refresh();
    }
    return true;
  }

  /** Works out the departures anew after a change of configuration or of the learnt source. */
  #refresh(): void {
    this.#lockVersion = this.#lock.version;
    const source = this.isFax ? this.#faxSource : this.#lock.source;
    const target = this.#config.target;
    const learnt = this.isFax || this.#lock.isLocked || target === undefined ? source : undefined;
    const before = this.#rtpDeparture;
    // A phone behind a NAT has no target of its own: while it is learnt anew, media goes on to where it was.
    const former = before !== undefined && this.#config.learnFrom.includes(before.address) ? before : undefined;
    this.#rtpDeparture = departure('rtp', learnt ?? target ?? former);
    const moved = this.#rtpDeparture?.address !== before?.address || this.#rtpDeparture?.port !== before?.port;
    if (moved) {
      this.#proven = false;
      this.#unprovenSinceMs = undefined;
    }
    if (source !== undefined && source.address === this.#rtpDeparture?.address) this.#proven = true;
    this.#rtcpDeparture = this.#rtcpDepartureOf(this.#rtpDeparture);
  }

  #rtcpDepartureOf(rtp: Departure | undefined): Departure | undefined {
    if (this.#config.rtcpMux) return rtp;
    if (rtp === undefined) return undefined;
    if (this.#rtcpSource?.address === rtp.address) return departure('rtcp', this.#rtcpSource);
    return this.#config.rtcpTarget?.address === rtp.address ? departure('rtcp', this.#config.rtcpTarget) : undefined;
  }

  #mayProbe(nowMs: number): boolean {
    this.#unprovenSinceMs ??= nowMs;
    const second = Math.floor((nowMs - this.#unprovenSinceMs) / 1000);
    if (second * 1000 >= unprovenMs) return false;
    if (second !== this.#unprovenSecond) {
      this.#unprovenSecond = second;
      this.#unprovenSent = 0;
    }
    return ++this.#unprovenSent <= unprovenPerSecond;
  }
}

/** Nothing can be sent to port 0, and a socket that is told to throws: such a source must never be learnt. */
function isUnanswerable(port: number): boolean {
  return port === 0;
}

function departure(channel: Channel, endpoint: Endpoint | undefined): Departure | undefined {
  return endpoint === undefined ? undefined : { channel, address: endpoint.address, port: endpoint.port };
}

import type { Endpoint } from '../../base/net/endpoint.ts';

/** The caller's side is `a`, the callee's `b`. */
export type Side = 'a' | 'b';

/** One of our port pairs: RTP on the even port, RTCP on the next. */
export interface PortPair {
  readonly address: string;
  readonly rtp: number;
  readonly rtcp: number;
}

/** What one side of a stream may do; sent again whole at every change of its SDP. */
export interface SideConfig {
  /** Where its SDP says that it receives; undefined while unknown, or when it refused the stream. */
  readonly target: Endpoint | undefined;
  readonly rtcpTarget: Endpoint | undefined;
  readonly rtcpMux: boolean;
  /** Addresses that the side's packets may be learnt from, any port: its SDP address, for endusers also where its signalling comes from. */
  readonly learnFrom: readonly string[];
  /** [media.checkrtpaddr]: 0 accepts any source, 1 accepts and counts, 2 only what was learnt. */
  readonly sourceCheck: 0 | 1 | 2;
  /** Whether packets that arrive from this side are relayed: false mutes it (early media, hold, drain). */
  readonly relay: boolean;
  /** Payload types that the side may send. */
  readonly payloadTypes: readonly number[];
  /** What the packets are: RTP, or T.38 fax, which is no RTP and has no RTCP (ITU-T T.38 §9). */
  readonly framing: 'rtp' | 'udptl';
  /** RTP clock rate of the first codec in Hz, for jitter. */
  readonly clockRateHz: number;
  /** Bound from the codec: what comes faster is dropped and counted. */
  readonly maxPacketsPerSecond: number;
  /** False while the side is on hold: silence is then measured against the hold limit. */
  readonly expectsMedia: boolean;
}

/** What was received from one side of a stream. */
export interface SideStats {
  readonly packets: number;
  readonly octets: number;
  readonly lost: number;
  readonly jitterMs: number;
  /** Estimated MOS in hundredths, 0 when nothing came. */
  readonly mosHundredths: number;
  /** Packets from a source that is not the stream's own. */
  readonly foreign: number;
  /** Packets over the rate bound. */
  readonly overRate: number;
  /** Not RTP version 2, cut short, or from port 0. */
  readonly malformed: number;
}

export interface StreamStats {
  readonly a: SideStats;
  readonly b: SideStats;
}

/** `silent`: nothing arrived from either side for the limit of `openSession`. `lost`: the relay of this session died. */
export type MediaEvent = { readonly kind: 'silent'; readonly silentMs: number } | { readonly kind: 'lost' };

/**
 * Why a packet at a media port was dropped: it came from elsewhere than its stream does, faster than its codec, was no
 * RTP, or there was no call at the port.
 */
export type MediaFault = 'foreign' | 'over rate' | 'malformed' | 'no call';

/** Packets of one source that were dropped within about a second, over all streams. */
export interface RefusedSource {
  readonly address: string;
  /** The last port that it sent from. */
  readonly port: number;
  readonly fault: Extract<MediaFault, 'foreign' | 'over rate'>;
  readonly packets: number;
}

export interface SessionOptions {
  readonly streamCount: number;
  /** No RTP from either side for so long is an event; 0 never. */
  readonly silenceMs: number;
  /** The same while a side is on hold. */
  readonly holdSilenceMs: number;
  /** Which of our addresses the two sides talk to; the plane chooses ports of that family. */
  readonly addressA: string;
  readonly addressB: string;
  readonly onEvent: (event: MediaEvent) => void;
}

/** The media of one call: its streams with a port pair for each side. */
export interface MediaSession {
  readonly streamCount: number;
  ports(stream: number, side: Side): PortPair;
  /** Adds a stream for a new m-line; false when the pool is empty. */
  addStream(): boolean;
  configure(stream: number, side: Side, config: SideConfig): void;
  /** The stream ends by itself after this many milliseconds from now, whatever the signalling does; undefined lifts it. */
  setPaidUntil(remainingMs: number | undefined): void;
  /** Statistics so far, one entry a stream. */
  stats(): Promise<readonly StreamStats[]>;
  /** Ends the session; its ports are drained before they are used again. */
  close(): Promise<readonly StreamStats[]>;
}

/**
 * The other plane. Bodies: a relay in worker threads (src/media/relay), later one in the kernel. Allocation answers at
 * once, from port pairs that the workers have bound ahead.
 */
export interface MediaPlane {
  /** Undefined when the pool cannot give all of the ports: nothing is then taken. */
  openSession(options: SessionOptions): MediaSession | undefined;
  /** Port pairs that are free now, and in all. */
  capacity(): { readonly free: number; readonly total: number };
  /** Packets that were dropped since the start. */
  readonly refused: Readonly<Record<MediaFault, number>>;
  /** Has `tell` called with the sources of dropped packets, at most once a second and for a bounded number of them. */
  watchRefused(tell: (sources: readonly RefusedSource[]) => void): void;
  close(): Promise<void>;
}

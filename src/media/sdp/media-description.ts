import type { Endpoint } from '../../base/net/endpoint.ts';
import {
  attribute,
  attributeName,
  readConnection,
  type Sdp,
  type SdpLine,
  type SdpMedia,
} from './session-description.ts';

export type Direction = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';

export interface Codec {
  readonly payloadType: number;
  /** As written: `PCMU`, `telephone-event`. */
  readonly name: string;
  readonly clockRate: number;
}

/** One m-line as its sender means it, with what it inherits from the session's part. */
export interface MediaDescription {
  /** `audio`, `video`, `image`... */
  readonly kind: string;
  /** 0 when the stream is refused. */
  readonly port: number;
  readonly protocol: string;
  readonly formats: readonly string[];
  /** The connection address in effect; '' when there is none. */
  readonly address: string;
  /** Where the sender wants RTCP (RFC 3605), else the next port; undefined when the stream is refused. */
  readonly rtcp: Endpoint | undefined;
  readonly rtcpMux: boolean;
  /** In effect: the connection address 0.0.0.0 is a hold (RFC 3264 §8.4), so the sender does not receive. */
  readonly direction: Direction;
  readonly codecs: readonly Codec[];
  readonly ptimeMs: number | undefined;
}

/** A description is asked about a dozen times in a call, and never changes. */
const described = new WeakMap<Sdp, readonly MediaDescription[]>();

/** Describes every m-line, in order. */
export function describeMedia(sdp: Sdp): readonly MediaDescription[] {
  const known = described.get(sdp);
  if (known !== undefined) return known;
  const media = sdp.media.map((one) => describe(sdp, one));
  described.set(sdp, media);
  return media;
}

function describe(sdp: Sdp, media: SdpMedia): MediaDescription {
  const address = connectionAddress(media.lines) ?? connectionAddress(sdp.session) ?? '';
  const ptimeMs = Number(attribute(media.lines, 'ptime') ?? Number.NaN);
  return {
    kind: media.kind.toLowerCase(),
    port: media.port,
    protocol: media.protocol,
    formats: media.formats,
    address,
    rtcp: media.port === 0 ? undefined : rtcpEndpoint(media, address),
    rtcpMux: attribute(media.lines, 'rtcp-mux') !== undefined,
    direction: effectiveDirection(sdp, media, address),
    codecs: codecsOf(media),
    ptimeMs: ptimeMs >= 1 && ptimeMs <= 1000 ? ptimeMs : undefined,
  };
}

function connectionAddress(lines: readonly SdpLine[]): string | undefined {
  const line = lines.find((candidate) => candidate.type === 'c');
  return line === undefined ? undefined : readConnection(line.value);
}

function rtcpEndpoint(media: SdpMedia, address: string): Endpoint {
  const value = attribute(media.lines, 'rtcp') ?? '';
  const [, port, own] = /^(\d{1,5})(?: +IN +IP[46] +([^ ]+))? *$/i.exec(value) ?? [];
  if (port === undefined || Number(port) < 1 || Number(port) > 65_535) return { address, port: media.port + 1 };
  return { address: own ?? address, port: Number(port) };
}

const directions: readonly Direction[] = ['sendrecv', 'sendonly', 'recvonly', 'inactive'];

function effectiveDirection(sdp: Sdp, media: SdpMedia, address: string): Direction {
  const written = directionOf(media.lines) ?? directionOf(sdp.session) ?? 'sendrecv';
  if (!isHoldAddress(address)) return written;
  return written === 'sendrecv' || written === 'sendonly' ? 'sendonly' : 'inactive';
}

/** The connection address by which RFC 2543 said hold. */
export function isHoldAddress(address: string): boolean {
  return address === '0.0.0.0' || address === '::';
}

/** Whether a line says sendrecv, sendonly, recvonly or inactive. */
export function isDirection(line: SdpLine): boolean {
  const name = attributeName(line);
  return directions.some((direction) => direction === name);
}

function directionOf(lines: readonly SdpLine[]): Direction | undefined {
  const names = lines.map(attributeName);
  return directions.find((direction) => names.includes(direction));
}

/** RFC 3551 §6: payload types that need no rtpmap. */
const staticCodecs: ReadonlyMap<number, readonly [string, number]> = new Map<number, readonly [string, number]>([
  [0, ['PCMU', 8000]],
  [3, ['GSM', 8000]],
  [4, ['G723', 8000]],
  [5, ['DVI4', 8000]],
  [6, ['DVI4', 16_000]],
  [7, ['LPC', 8000]],
  [8, ['PCMA', 8000]],
  [9, ['G722', 8000]],
  [10, ['L16', 44_100]],
  [11, ['L16', 44_100]],
  [12, ['QCELP', 8000]],
  [13, ['CN', 8000]],
  [14, ['MPA', 90_000]],
  [15, ['G728', 8000]],
  [16, ['DVI4', 11_025]],
  [17, ['DVI4', 22_050]],
  [18, ['G729', 8000]],
  [26, ['JPEG', 90_000]],
  [31, ['H261', 90_000]],
  [32, ['MPV', 90_000]],
  [33, ['MP2T', 90_000]],
  [34, ['H263', 90_000]],
]);

function codecsOf(media: SdpMedia): readonly Codec[] {
  const mapped = new Map<number, Codec>();
  for (const line of media.lines) {
    const [, type, name, rate] =
      /^rtpmap:(\d{1,3}) +([^/ ]+)\/(\d{1,7})/.exec(line.type === 'a' ? line.value : '') ?? [];
    if (name === undefined || Number(rate) === 0) continue;
    mapped.set(Number(type), { payloadType: Number(type), name, clockRate: Number(rate) });
  }
  return payloadTypesOf(media.formats).flatMap((payloadType) => {
    const [name, clockRate] = staticCodecs.get(payloadType) ?? [];
    const known = mapped.get(payloadType);
    if (known !== undefined) return [known];
    return name === undefined || clockRate === undefined ? [] : [{ payloadType, name, clockRate }];
  });
}

/** The formats of an RTP m-line as payload types 0 to 127; others are left out. */
export function payloadTypesOf(formats: readonly string[]): readonly number[] {
  return formats.filter((format) => /^\d{1,3}$/.test(format) && Number(format) <= 127).map(Number);
}

/** What the relay takes a transport for: plain RTP, with or without feedback, or T.38 over UDPTL; undefined for any other. */
export function framingOf(protocol: string): 'rtp' | 'udptl' | undefined {
  if (/^RTP\/AVPF?$/i.test(protocol)) return 'rtp';
  return /^udptl$/i.test(protocol) ? 'udptl' : undefined;
}

/** Whether the relay carries this transport. SRTP and ICE are not relayed yet. */
export function isRelayable(protocol: string): boolean {
  return framingOf(protocol) !== undefined;
}

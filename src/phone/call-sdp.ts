import type { Endpoint } from '../base/net/endpoint.ts';
import { fail, ok, type Result } from '../base/result/result.ts';
import { type Direction, describeMedia, isRelayable, parseSdp, type SdpMedia } from '../media/index.ts';

/** What we describe of ourselves. */
export interface OwnMedia {
  readonly local: Endpoint;
  /** Never changes in a call. */
  readonly sessionId: number;
  /** Rises with each change (RFC 3264 §8). */
  readonly version: number;
  readonly direction: Direction;
}

/** What the peer says of its audio. */
export interface PeerMedia {
  /** Where it receives. */
  readonly remote: Endpoint;
  readonly direction: Direction;
  /** Payload type of its telephone events; undefined when it takes none. */
  readonly eventType: number | undefined;
  /** Its m-lines, and which of them is the audio: an answer has a line for each (RFC 3264 §6). */
  readonly lines: readonly SdpMedia[];
  readonly audioIndex: number;
}

/** The payload type that we offer for telephone events. */
const ownEventType = 101;

export function offerSdp(own: OwnMedia): string {
  return sessionLines(own) + audioLines(own, ownEventType);
}

/** Accepts the first PCMU stream of an offer and refuses every other one. */
export function answerSdp(own: OwnMedia, offer: PeerMedia): string {
  const lines = offer.lines.map((line, index) =>
    index === offer.audioIndex
      ? audioLines(own, offer.eventType)
      : `m=${line.kind} 0 ${line.protocol} ${line.formats.join(' ')}\r\n`,
  );
  return sessionLines(own) + lines.join('');
}

/** @returns the peer's audio, or a sentence that says why we cannot talk to it. */
export function readPeerMedia(text: string): Result<PeerMedia, string> {
  const sdp = parseSdp(text);
  if (!sdp.ok) return sdp;
  const described = describeMedia(sdp.value);
  const audioIndex = described.findIndex(
    (media) =>
      media.kind === 'audio' &&
      media.port !== 0 &&
      isRelayable(media.protocol) &&
      media.codecs.some((codec) => codec.name.toUpperCase() === 'PCMU'),
  );
  const audio = described[audioIndex];
  if (audio === undefined) return fail('no PCMU audio');
  const events = audio.codecs.find((codec) => codec.name.toLowerCase() === 'telephone-event');
  return ok({
    remote: { address: audio.address, port: audio.port },
    direction: audio.direction,
    eventType: events?.payloadType,
    lines: sdp.value.media,
    audioIndex,
  });
}

/** The direction that answers an offered one, from our side (RFC 3264 §6.1), when we would rather have `wanted`. */
export function answerDirection(offered: Direction, wanted: Direction): Direction {
  return direction(sends(wanted) && receives(offered), receives(wanted) && sends(offered));
}

export function sends(way: Direction): boolean {
  return way === 'sendrecv' || way === 'sendonly';
}

export function receives(way: Direction): boolean {
  return way === 'sendrecv' || way === 'recvonly';
}

function direction(isSending: boolean, isReceiving: boolean): Direction {
  if (isSending) return isReceiving ? 'sendrecv' : 'sendonly';
  return isReceiving ? 'recvonly' : 'inactive';
}

function sessionLines({ local, sessionId, version }: OwnMedia): string {
  const family = local.address.includes(':') ? 'IP6' : 'IP4';
  const origin = `v=0\r\no=- ${sessionId} ${version} IN ${family} ${local.address}\r\n`;
  return `${origin}s=-\r\nc=IN ${family} ${local.address}\r\nt=0 0\r\n`;
}

function audioLines({ local, direction: way }: OwnMedia, eventType: number | undefined): string {
  const events = eventType === undefined ? '' : ` ${eventType}`;
  let lines = `m=audio ${local.port} RTP/AVP 0${events}\r\na=rtpmap:0 PCMU/8000\r\n`;
  if (eventType !== undefined) lines += `a=rtpmap:${eventType} telephone-event/8000\r\na=fmtp:${eventType} 0-15\r\n`;
  return `${lines}a=ptime:20\r\na=${way}\r\n`;
}

/** Reads of an RTP or RTCP datagram in place: the relay looks at a few fields of a packet and copies none. */

const fixedHeaderOctets = 12;

/**
 * Octets of the RTP header with CSRC list and extension (RFC 3550 §5.1, §5.3.1).
 * @returns -1 when this is not RTP version 2, or when the header or the padding is longer than the packet.
 */
export function rtpHeaderOctets(packet: Uint8Array): number {
  const length = packet.length;
  const first = packet[0] ?? 0;
  if (length < fixedHeaderOctets || first >> 6 !== 2) return -1;
  let octets = fixedHeaderOctets + (first & 15) * 4;
  if ((first & 16) !== 0) {
    if (octets + 4 > length) return -1;
    octets += 4 + readUint16(packet, octets + 2) * 4;
  }
  if (octets > length) return -1;
  if ((first & 32) === 0) return octets;
  const padding = packet[length - 1] ?? 0;
  return padding === 0 || octets + padding > length ? -1 : octets;
}

/** Whether a version 2 packet is RTCP where both share a port: types 192 to 223 (RFC 5761 §4). */
export function isRtcp(packet: Uint8Array): boolean {
  const type = packet[1] ?? 0;
  return type >= 192 && type <= 223;
}

/**
 * Whether a datagram is a chain of RTCP packets that fills it exactly (RFC 3550 §6.1, A.2). Reduced-size RTCP, which
 * does not begin with a report, is accepted (RFC 5506).
 */
export function isRtcpCompound(packet: Uint8Array): boolean {
  const length = packet.length;
  if (length < 8) return false;
  let offset = 0;
  while (offset < length) {
    if (offset + 4 > length || (packet[offset] ?? 0) >> 6 !== 2) return false;
    const type = packet[offset + 1] ?? 0;
    if (type < 192 || type > 223) return false;
    offset += (readUint16(packet, offset + 2) + 1) * 4;
  }
  return offset === length;
}

export function payloadType(packet: Uint8Array): number {
  return (packet[1] ?? 0) & 127;
}

export function sequenceNumber(packet: Uint8Array): number {
  return readUint16(packet, 2);
}

/** In units of the codec's clock, modulo 2^32. */
export function timestamp(packet: Uint8Array): number {
  return readUint32(packet, 4);
}

export function ssrcOf(packet: Uint8Array): number {
  return readUint32(packet, 8);
}

/** SSRC of the sender of an RTCP compound. */
export function rtcpSsrc(packet: Uint8Array): number {
  return readUint32(packet, 4);
}

/** What an RTP packet carries, without header and padding; undefined for what is not RTP. */
export function rtpPayload(packet: Uint8Array): Uint8Array | undefined {
  const start = rtpHeaderOctets(packet);
  if (start === -1) return undefined;
  const padding = ((packet[0] ?? 0) & 32) === 0 ? 0 : (packet[packet.length - 1] ?? 0);
  return packet.subarray(start, packet.length - padding);
}

export interface RtpFields {
  readonly payloadType: number;
  readonly marker: boolean;
  readonly sequenceNumber: number;
  readonly timestamp: number;
  readonly ssrc: number;
}

/** Writes an RTP packet without CSRC list and extension. */
export function writeRtp(fields: RtpFields, payload: Uint8Array): Uint8Array {
  const packet = new Uint8Array(fixedHeaderOctets + payload.length);
  const view = new DataView(packet.buffer);
  view.setUint8(0, 0x80);
  view.setUint8(1, (fields.marker ? 128 : 0) | fields.payloadType);
  view.setUint16(2, fields.sequenceNumber);
  view.setUint32(4, fields.timestamp);
  view.setUint32(8, fields.ssrc);
  packet.set(payload, fixedHeaderOctets);
  return packet;
}

function readUint16(packet: Uint8Array, offset: number): number {
  return ((packet[offset] ?? 0) << 8) | (packet[offset + 1] ?? 0);
}

function readUint32(packet: Uint8Array, offset: number): number {
  return ((readUint16(packet, offset) << 16) | readUint16(packet, offset + 2)) >>> 0;
}

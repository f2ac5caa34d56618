import { samplesPerPacket } from './tone.ts';

/** Event codes of RFC 4733 §3.2, by place. */
const digits = '0123456789*#ABCD';

const tonePackets = 5;
/** The end of an event is said three times, for it may be lost (RFC 4733 §2.5.1.4). */
const endRepeats = 3;
const eventVolume = 10;

/** Whether this is a digit that a telephone has. */
export function isDigit(digit: string): boolean {
  return digit.length === 1 && digits.includes(digit);
}

/**
 * The payloads of one digit as a telephone event, 20 ms apart (RFC 4733 §2.3): 100 ms of tone, and the end repeated.
 * All of them carry the RTP timestamp of the first.
 */
export function eventPayloads(digit: string): readonly Uint8Array[] {
  const code = digits.indexOf(digit);
  return Array.from({ length: tonePackets + endRepeats - 1 }, (_, index) => {
    const lasted = Math.min(index + 1, tonePackets) * samplesPerPacket;
    const ends = index >= tonePackets - 1;
    return Uint8Array.of(code, (ends ? 0x80 : 0) | eventVolume, lasted >> 8, lasted & 0xff);
  });
}

/** The digit that an event's payload carries once it ends; undefined before, and for other events. */
export function endedDigit(payload: Uint8Array): string | undefined {
  const [code = 255, flags = 0] = payload;
  return payload.length >= 4 && flags >= 0x80 ? digits[code] : undefined;
}

export const dtmfRelayType = 'application/dtmf-relay';

/** The INFO body for one digit, in the form that most phones send. */
export function relayBody(digit: string): string {
  return `Signal=${digit}\r\nDuration=100\r\n`;
}

/** The digit of an INFO body: `Signal=5` of application/dtmf-relay, or the bare digit of application/dtmf. */
export function relayedDigit(contentType: string, body: string): string | undefined {
  const type = (contentType.split(';', 1)[0] ?? '').trim().toLowerCase();
  if (type === dtmfRelayType) return /^\s*Signal\s*=\s*([0-9*#A-D])\s*$/im.exec(body)?.[1]?.toUpperCase();
  const bare = body.trim().toUpperCase();
  return type === 'application/dtmf' && isDigit(bare) ? bare : undefined;
}

import type { Random } from '../base/random/random.ts';
import type { Clock, Timer } from '../base/time/clock.ts';
import { writeRtp } from '../media/rtp/packet.ts';
import { eventPayloads } from './dtmf.ts';
import { packetMs, samplesPerPacket } from './tone.ts';
import { ulawSilence } from './ulaw.ts';

/** Static payload type of PCMU (RFC 3551 §6). */
export const pcmuType = 0;

/** After a stall of the machine no more than this is made up for at once; the rest is a gap. */
const maxCatchUpPackets = 5;

const silence = new Uint8Array(samplesPerPacket).fill(ulawSilence);

interface Frame {
  readonly payload: Uint8Array;
  /** True for the first packet of an event, whose timestamp the others repeat. */
  readonly first: boolean;
}

/** Sends one PCMU stream, a packet each 20 ms: a voice, silence, or the digits that were queued. */
export class RtpSender {
  readonly #clock: Clock;
  readonly #payloads: readonly Uint8Array[];
  readonly #send: (packet: Uint8Array) => void;
  readonly #ssrc: number;
  readonly #events: Frame[] = [];
  #eventType = 101;
  #sequence: number;
  #timestamp: number;
  #eventTimestamp = 0;
  #round = 0;
  #marker = true;
  #muted = false;
  #timer: Timer | undefined;
  #dueMs = 0;
  #packets = 0;

  /** @param payloads one round of what is said, 20 ms each. */
  constructor(clock: Clock, random: Random, payloads: readonly Uint8Array[], send: (packet: Uint8Array) => void) {
    this.#clock = clock;
    this.#payloads = payloads;
    this.#send = send;
    // RFC 3550 §5.1: all three begin anywhere.
    this.#ssrc = random.below(2 ** 32);
    this.#sequence = random.below(2 ** 16);
    this.#timestamp = random.below(2 ** 32);
  }

  /** Packets sent. */
  get packets(): number {
    return this.#packets;
  }

  start(): void {
    if (this.#timer !== undefined) return;
    this.#marker = true;
    this.#dueMs = this.#clock.monotonicMs();
    this.#tick();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** While it is muted, silence is sent, so that nobody takes the stream for dead. */
  mute(muted: boolean): void {
    this.#muted = muted;
  }

  /** Queues digits as telephone events of this payload type. */
  queueDigits(digits: string, eventType: number): void {
    this.#eventType = eventType;
    for (const digit of digits) {
      for (const [index, payload] of eventPayloads(digit).entries()) this.#events.push({ payload, first: index === 0 });
    }
  }

  #tick(): void {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#dueMs > maxCatchUpPackets * packetMs) this.#skip(nowMs);
    while (this.#dueMs <= nowMs) {
      this.#sendNext();
      this.#dueMs += packetMs;
    }
    this.#timer = this.#clock.after(this.#dueMs - nowMs, () => this.#tick());
  }

  /** Time that nobody spoke in passes in the timestamps too. */
  #skip(nowMs: number): void {
    const missed = Math.floor((nowMs - this.#dueMs) / packetMs);
    this.#dueMs += missed * packetMs;
    this.#timestamp = (this.#timestamp + missed * samplesPerPacket) >>> 0;
  }

  #sendNext(): void {
    const event = this.#events.shift();
    if (event?.first === true) this.#eventTimestamp = this.#timestamp;
    const fields = {
      payloadType: event === undefined ? pcmuType : this.#eventType,
      marker: event?.first ?? this.#marker,
      sequenceNumber: this.#sequence,
      timestamp: event === undefined ? this.#timestamp : this.#eventTimestamp,
      ssrc: this.#ssrc,
    };
    this.#send(writeRtp(fields, event?.payload ?? this.#nextAudio()));
    this.#packets++;
    this.#marker = false;
    this.#sequence = (this.#sequence + 1) & 0xffff;
    this.#timestamp = (this.#timestamp + samplesPerPacket) >>> 0;
  }

  #nextAudio(): Uint8Array {
    if (this.#muted) return silence;
    const payload = this.#payloads[this.#round] ?? silence;
    this.#round = (this.#round + 1) % this.#payloads.length;
    return payload;
  }
}

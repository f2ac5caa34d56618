import { type Endpoint, sameEndpoint } from '../base/net/endpoint.ts';
import type { Random } from '../base/random/random.ts';
import type { Clock } from '../base/time/clock.ts';
import { isRtcp, payloadType, rtpPayload, sequenceNumber, ssrcOf, timestamp } from '../media/rtp/packet.ts';
import { Reception } from '../media/rtp/reception.ts';
import { type PeerMedia, receives } from './call-sdp.ts';
import { endedDigit } from './dtmf.ts';
import type { RtpPort } from './rtp-port.ts';
import { pcmuType, RtpSender } from './rtp-sender.ts';
import { sampleRateHz, type Voice, voicePayloads, voices } from './tone.ts';
import { type Heard, nothingHeard, ToneDetector, windowMs } from './tone-detector.ts';

/** A stream that has been still for so long is silence, whatever its last packet held. */
const stillMs = 2 * windowMs;

/** The audio of one call at one phone: says its voice, listens for the other's. */
export class CallMedia {
  readonly #clock: Clock;
  readonly #port: RtpPort;
  readonly #sender: RtpSender;
  readonly #detector = new ToneDetector(voices);
  readonly #reception = new Reception(sampleRateHz);
  readonly #onDigit: (digit: string) => void;
  #remote: Endpoint | undefined;
  #eventType: number | undefined;
  #lastPacketMs = Number.NEGATIVE_INFINITY;
  #lastEventTimestamp = -1;

  constructor(port: RtpPort, clock: Clock, random: Random, voice: Voice, onDigit: (digit: string) => void) {
    this.#clock = clock;
    this.#port = port;
    this.#onDigit = onDigit;
    this.#sender = new RtpSender(clock, random, voicePayloads(voice), (packet) => {
      if (this.#remote !== undefined) port.send(packet, this.#remote);
    });
    port.onPacket = (packet, remote) => this.#receive(packet, remote);
  }

  get sentPackets(): number {
    return this.#sender.packets;
  }

  get receivedPackets(): number {
    return this.#reception.packets;
  }

  get lostPackets(): number {
    return this.#reception.lost;
  }

  get jitterMs(): number {
    return this.#reception.jitterMs;
  }

  /** What is heard now. */
  get heard(): Heard {
    return this.#clock.monotonicMs() - this.#lastPacketMs > stillMs ? nothingHeard : this.#detector.last;
  }

  /** Milliseconds of audio in which this voice was heard. */
  heardMs(voice: Voice): number {
    return this.#detector.heardMs(voice);
  }

  /** Listens to the peer, without talking: before the call is answered. */
  listen(peer: PeerMedia): void {
    this.#remote = peer.remote;
    this.#eventType = peer.eventType;
  }

  /** Talks and listens as far as both sides allow it; `held` is our own hold, in which the peer hears silence. */
  talk(peer: PeerMedia, held: boolean): void {
    this.listen(peer);
    this.#sender.mute(held);
    if (receives(peer.direction)) this.#sender.start();
    else this.#sender.stop();
  }

  /** @returns false when the peer takes no telephone events. */
  sendDigits(digits: string): boolean {
    if (this.#eventType === undefined) return false;
    this.#sender.queueDigits(digits, this.#eventType);
    return true;
  }

  close(): void {
    this.#sender.stop();
    this.#port.onPacket = () => {};
  }

  #receive(packet: Uint8Array, remote: Endpoint): void {
    // Only from where the peer's SDP says: the port may still get packets of the call before.
    if (this.#remote === undefined || !sameEndpoint(remote, this.#remote) || isRtcp(packet)) return;
    const payload = rtpPayload(packet);
    if (payload === undefined) return;
    const nowMs = this.#clock.monotonicMs();
    this.#lastPacketMs = nowMs;
    this.#reception.add(packet.length, sequenceNumber(packet), timestamp(packet), ssrcOf(packet), nowMs);
    const type = payloadType(packet);
    if (type === pcmuType) this.#detector.add(payload);
    else if (type === this.#eventType) this.#receiveEvent(payload, timestamp(packet));
  }

  /** An event ends three times, under one timestamp. */
  #receiveEvent(payload: Uint8Array, eventTimestamp: number): void {
    const digit = endedDigit(payload);
    if (digit === undefined || eventTimestamp === this.#lastEventTimestamp) return;
    this.#lastEventTimestamp = eventTimestamp;
    this.#onDigit(digit);
  }
}

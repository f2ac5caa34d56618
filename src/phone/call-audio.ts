import {
  answerDirection,
  answerSdp,
  offerSdp,
  type OwnMedia,
  type PeerMedia,
  readPeerMedia,
  receives,
} from './call-sdp.ts';
import type { CallMedia } from './call-media.ts';
import type { Line } from './line.ts';

/** Offers and answers of one call (RFC 3264), and the stream that they agree on. */
export class CallAudio {
  /** Undefined for a phone without audio. */
  readonly media: CallMedia | undefined;
  readonly #line: Line;
  readonly #sessionId: number;
  #version = 0;
  #held = false;
  #peer: PeerMedia | undefined;

  /** @param sessionId below 2^31; any number that this phone has not used lately. */
  constructor(line: Line, sessionId: number, onDigit: (digit: string) => void) {
    this.#line = line;
    this.#sessionId = sessionId;
    this.media = line.openMedia(onDigit);
  }

  /** True while we hold the peer. */
  get held(): boolean {
    return this.#held;
  }

  /** True while the peer holds us. */
  get heldByPeer(): boolean {
    return this.#peer !== undefined && !receives(this.#peer.direction);
  }

  /** An offer that holds the peer, or not. It changes nothing until it is answered. */
  offer(held: boolean): string {
    return offerSdp(this.#own(held ? 'sendonly' : 'sendrecv'));
  }

  /** Listens to the peer before it is talked to. @returns false when it cannot be understood. */
  listen(sdp: string): boolean {
    const peer = readPeerMedia(sdp);
    if (!peer.ok) return false;
    this.#peer = peer.value;
    this.media?.listen(peer.value);
    return true;
  }

  /** Talks to the peer as its SDP says, after an offer with this `held`. @returns false when it cannot be understood. */
  talk(sdp: string, held: boolean): boolean {
    const peer = readPeerMedia(sdp);
    if (!peer.ok) return false;
    this.#held = held;
    this.#peer = peer.value;
    this.media?.talk(peer.value, held);
    return true;
  }

  /** Answers the offer that `listen` or `talk` has taken. */
  answer(): string | undefined {
    const offer = this.#peer;
    if (offer === undefined) return undefined;
    return answerSdp(this.#own(answerDirection(offer.direction, this.#held ? 'sendonly' : 'sendrecv')), offer);
  }

  close(): void {
    this.media?.close();
  }

  #own(direction: OwnMedia['direction']): OwnMedia {
    this.#version++;
    return { local: this.#line.local, sessionId: this.#sessionId, version: this.#version, direction };
  }
}

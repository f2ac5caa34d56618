/** A jump of the sequence number up to here is loss, beyond it a restart (RFC 3550 A.1 MAX_DROPOUT). */
export const maxDropout = 3000;
/** How far back a packet counts as late (RFC 3550 A.1 MAX_MISORDER). */
const maxMisorder = 100;

/** How far `later` is ahead of `earlier` modulo 2^16, from -32768 to 32767. */
export function sequenceDelta(later: number, earlier: number): number {
  return ((later - earlier) << 16) >> 16;
}

/** Counts loss and jitter of one received stream (RFC 3550 A.1, A.3, A.8); a new source continues the same count. */
export class Reception {
  packets = 0;
  octets = 0;
  #clockRateHz: number;
  #ssrc = -1;
  #highest = 0;
  /** Packets that should have come since the first of the present run of sequence numbers. */
  #expected = 0;
  #received = 0;
  /** Loss of the runs before the present one. */
  #earlierLost = 0;
  #lastTransit = 0;
  #lastTimestamp = 0;
  #jitter = 0;

  constructor(clockRateHz: number) {
    this.#clockRateHz = clockRateHz;
  }

  set clockRateHz(clockRateHz: number) {
    if (clockRateHz === this.#clockRateHz) return;
    this.#jitter = this.#jitter * (clockRateHz / this.#clockRateHz);
    this.#clockRateHz = clockRateHz;
    this.#lastTimestamp = -1;
  }

  /** Takes in one valid packet; `nowMs` is monotonic. */
  add(octets: number, sequence: number, timestamp: number, ssrc: number, nowMs: number): void {
    this.packets++;
    this.octets += octets;
    const ahead = sequenceDelta(sequence, this.#highest);
    if (ssrc !== this.#ssrc || ahead >= maxDropout || ahead <= -maxMisorder) {
      this.#restart(sequence, timestamp, ssrc, nowMs);
      return;
    }
    this.#received++;
    if (ahead > 0) {
      this.#expected += ahead;
      this.#highest = sequence;
    }
    this.#addJitter(timestamp, nowMs);
  }

  /** Never below 0: duplicates can make the count negative (RFC 3550 A.3). */
  get lost(): number {
    return this.#earlierLost + Math.max(0, this.#expected - this.#received);
  }

  get jitterMs(): number {
    return (this.#jitter * 1000) / this.#clockRateHz;
  }

  #restart(sequence: number, timestamp: number, ssrc: number, nowMs: number): void {
    this.#earlierLost = this.lost;
    this.#ssrc = ssrc;
    this.#highest = sequence;
    this.#expected = 1;
    this.#received = 1;
    this.#lastTimestamp = timestamp;
    this.#lastTransit = this.#transit(timestamp, nowMs);
  }

  #addJitter(timestamp: number, nowMs: number): void {
    // Packets of one frame share a timestamp, and DTMF repeats its own: they say nothing about the network.
    if (timestamp === this.#lastTimestamp) return;
    const transit = this.#transit(timestamp, nowMs);
    const difference = Math.abs((transit - this.#lastTransit) | 0);
    const first = this.#lastTimestamp === -1;
    this.#lastTransit = transit;
    this.#lastTimestamp = timestamp;
    // A leap of the timestamp by over 2 s is the sender's restart, not the network.
    if (!first && difference < this.#clockRateHz * 2) this.#jitter += (difference - this.#jitter) / 16;
  }

  /** Arrival minus timestamp in clock units, modulo 2^32. */
  #transit(timestamp: number, nowMs: number): number {
    return (Math.round((nowMs * this.#clockRateHz) / 1000) - timestamp) | 0;
  }
}

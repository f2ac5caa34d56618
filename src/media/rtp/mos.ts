/** What the estimate needs to know about a codec (ITU-T G.113 appendix I). */
export interface CodecImpairment {
  /** Ie, what the codec costs without loss. */
  readonly equipment: number;
  /** Bpl, how well it bears loss. */
  readonly lossRobustness: number;
}

/** G.711 with concealment of lost packets. */
export const g711Impairment: CodecImpairment = { equipment: 0, lossRobustness: 25.1 };

/** R of a connection without any impairment (ITU-T G.107, all parameters at their defaults). */
const bestR = 93.2;
/** Beyond this mouth-to-ear delay, in milliseconds, talkers begin to interrupt each other. */
const comfortableDelayMs = 177.3;

/**
 * Transmission rating R of the simplified E-model (ITU-T G.107).
 * @param lossPercent packets lost, 0 to 100
 * @param delayMs one-way delay from mouth to ear
 */
export function transmissionRating(lossPercent: number, delayMs: number, codec = g711Impairment): number {
  const beyond = Math.max(0, delayMs - comfortableDelayMs);
  const delayImpairment = 0.024 * delayMs + 0.11 * beyond;
  const { equipment, lossRobustness } = codec;
  const lossImpairment = equipment + (95 - equipment) * (lossPercent / (lossPercent + lossRobustness));
  return bestR - delayImpairment - lossImpairment;
}

/** Mean opinion score, 1 to 4.5, of a rating R (ITU-T G.107 annex B). */
export function mosOfRating(rating: number): number {
  if (rating <= 0) return 1;
  if (rating >= 100) return 4.5;
  return Math.max(1, 1 + 0.035 * rating + rating * (rating - 60) * (100 - rating) * 7e-6);
}

/**
 * The score in hundredths from what a relay sees of one direction. The way through the networks is unknown to it, so
 * the delay is a packet of 20 ms and a jitter buffer of twice the jitter: an upper bound.
 * @returns 0 when nothing was received
 */
export function mosHundredths(packets: number, lost: number, jitterMs: number): number {
  if (packets === 0) return 0;
  const lossPercent = (100 * lost) / (packets + lost);
  return Math.round(100 * mosOfRating(transmissionRating(lossPercent, 20 + 2 * jitterMs)));
}

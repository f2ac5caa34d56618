import { Ways } from './ways.ts';

/** One bucket of tokens: `rate` a second may pass, and `burst` at once; a rate of 0 is no limit. */
export class TokenBucket {
  #tokens = Number.POSITIVE_INFINITY;
  #atMs = 0;

  take(rate: number, burst: number, nowMs: number): boolean {
    if (rate <= 0) return true;
    this.#tokens = Math.min(burst, this.#tokens + ((nowMs - this.#atMs) * rate) / 1000);
    this.#atMs = nowMs;
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }
}

/**
 * A bucket for each key, in a table that never grows. The fullest bucket makes room, for losing it costs nothing: it
 * would be full again soon. A source that uses up its own is never forgotten for one that sends once.
 */
export class TokenBuckets {
  readonly #ways: Ways;
  readonly #tokens: Float64Array;
  readonly #atMs: Float64Array;
  readonly #emptiness = (place: number): number =>
    -(this.#tokens[place] ?? 0) - (this.#nowMs - (this.#atMs[place] ?? 0));
  #nowMs = 0;

  constructor(capacity: number) {
    this.#ways = new Ways(capacity);
    this.#tokens = new Float64Array(capacity);
    this.#atMs = new Float64Array(capacity).fill(Number.NEGATIVE_INFINITY);
  }

  take(high: number, low: number, rate: number, burst: number, nowMs: number): boolean {
    if (rate <= 0) return true;
    let place = this.#ways.find(high, low);
    if (place < 0) {
      this.#nowMs = nowMs;
      place = this.#ways.take(high, low, this.#emptiness);
      this.#tokens[place] = burst;
      this.#atMs[place] = nowMs;
    }
    const grown = ((nowMs - (this.#atMs[place] ?? 0)) * rate) / 1000;
    const tokens = Math.min(burst, (this.#tokens[place] ?? 0) + grown);
    this.#atMs[place] = nowMs;
    const passes = tokens >= 1;
    this.#tokens[place] = passes ? tokens - 1 : tokens;
    return passes;
  }

  get octets(): number {
    return this.#ways.octets + this.#tokens.byteLength + this.#atMs.byteLength;
  }
}

import { BoundedMap } from '../../../base/bounded/bounded-map.ts';

/** Tokens of one bucket: it fills by the second, up to `most`. */
interface Bucket {
  tokens: number;
  filledAtMs: number;
}

interface Rate {
  readonly perSecond: number;
  readonly most: number;
}

const maxSources = 65_536;

/** An office that comes back after its router was restarted: 200 phones behind one address, in two seconds. */
const knownSource: Rate = { perSecond: 100, most: 400 };
/** A stranger's first phones. */
const strangeSource: Rate = { perSecond: 5, most: 20 };

/**
 * Who may begin a handshake now. One costs us a hundred times what it costs the peer, so strangers share a budget, in
 * which no source has more than its part; sources that are known have budgets of their own, which strangers never draw on.
 */
export class HandshakeBudget {
  readonly #strangers: Rate;
  readonly #shared: Bucket;
  readonly #sources = new BoundedMap<string, Bucket>(maxSources);
  readonly #knownSources = new BoundedMap<string, Bucket>(maxSources);

  constructor(strangersPerSecond: number, nowMs: number) {
    this.#strangers = { perSecond: strangersPerSecond, most: strangersPerSecond };
    this.#shared = { tokens: strangersPerSecond, filledAtMs: nowMs };
  }

  /** Takes what one handshake costs, or says no; `source` is a `sourceKey`. */
  admits(source: string, isKnown: boolean, nowMs: number): boolean {
    if (isKnown) return take(bucketOf(this.#knownSources, source, knownSource, nowMs), knownSource, nowMs);
    const own = bucketOf(this.#sources, source, strangeSource, nowMs);
    return take(own, strangeSource, nowMs) && take(this.#shared, this.#strangers, nowMs);
  }
}

function bucketOf(buckets: BoundedMap<string, Bucket>, source: string, rate: Rate, nowMs: number): Bucket {
  const known = buckets.get(source);
  if (known !== undefined) return known;
  const bucket = { tokens: rate.most, filledAtMs: nowMs };
  buckets.set(source, bucket);
  return bucket;
}

function take(bucket: Bucket, { perSecond, most }: Rate, nowMs: number): boolean {
  bucket.tokens = Math.min(most, bucket.tokens + ((nowMs - bucket.filledAtMs) * perSecond) / 1000);
  bucket.filledAtMs = nowMs;
  if (bucket.tokens < 1) return false;
  bucket.tokens -= 1;
  return true;
}

import { Ways } from './ways.ts';

/** Parts of a window. A count forgets at most one of them too early, and never one too late. */
const parts = 8;

/**
 * Counts of what happened within a sliding window, by key, in a table that never grows. A part of the window begins with
 * the first event that no older part takes, and goes as a whole when that event is older than the window: so no count is
 * ever too high, and that of a burst from the first event on is exact. The entry with the smallest count makes room: a
 * million sources with one event each cannot push out one with many.
 */
export class WindowCounts {
  readonly #ways: Ways;
  readonly #starts: Float64Array;
  readonly #counts: Uint32Array;
  readonly #newest: Uint8Array;
  readonly #untilMs: Float64Array;
  readonly #totals: Uint32Array;
  #nowMs = 0;
  readonly #worth = (place: number): number =>
    (this.#untilMs[place] ?? 0) <= this.#nowMs ? -1 : (this.#totals[place] ?? 0);

  /** @param capacity entries, a power of two; each has 120 octets. */
  constructor(capacity: number) {
    this.#ways = new Ways(capacity);
    this.#starts = new Float64Array(capacity * parts).fill(Number.NEGATIVE_INFINITY);
    this.#counts = new Uint32Array(capacity * parts);
    this.#newest = new Uint8Array(capacity);
    this.#untilMs = new Float64Array(capacity);
    this.#totals = new Uint32Array(capacity);
  }

  /** Counts `amount` events now. @returns how many there were in the window, these included. */
  add(high: number, low: number, windowMs: number, nowMs: number, amount = 1): number {
    let place = this.#ways.find(high, low);
    if (place < 0) place = this.#begin(high, low, nowMs);
    const base = place * parts;
    let newest = this.#newest[place] ?? 0;
    if (nowMs - (this.#starts[base + newest] ?? 0) >= windowMs / parts) {
      newest = (newest + 1) % parts;
      this.#newest[place] = newest;
      this.#starts[base + newest] = nowMs;
      this.#counts[base + newest] = 0;
    }
    this.#counts[base + newest] = (this.#counts[base + newest] ?? 0) + amount;
    this.#untilMs[place] = nowMs + windowMs;
    const total = this.#sumAt(base, windowMs, nowMs);
    this.#totals[place] = total;
    return total;
  }

  /** How many events were in the window. */
  count(high: number, low: number, windowMs: number, nowMs: number): number {
    const place = this.#ways.find(high, low);
    return place < 0 ? 0 : this.#sumAt(place * parts, windowMs, nowMs);
  }

  /** Takes `amount` events back, the newest first. */
  subtract(high: number, low: number, amount: number): void {
    const place = this.#ways.find(high, low);
    if (place < 0) return;
    let left = amount;
    for (let back = 0; back < parts && left > 0; back++) {
      const slot = place * parts + (((this.#newest[place] ?? 0) + parts - back) % parts);
      const taken = Math.min(left, this.#counts[slot] ?? 0);
      this.#counts[slot] = (this.#counts[slot] ?? 0) - taken;
      left -= taken;
    }
    this.#totals[place] = Math.max(0, (this.#totals[place] ?? 0) - amount);
  }

  /** Forgets the key. */
  forget(high: number, low: number): void {
    const place = this.#ways.find(high, low);
    if (place < 0) return;
    this.#starts.fill(Number.NEGATIVE_INFINITY, place * parts, (place + 1) * parts);
    this.#untilMs[place] = 0;
  }

  clear(): void {
    this.#ways.clear();
    this.#starts.fill(Number.NEGATIVE_INFINITY);
    this.#untilMs.fill(0);
  }

  /** Memory of the table, the same from the first event on. */
  get octets(): number {
    return (
      this.#ways.octets +
      this.#starts.byteLength +
      this.#counts.byteLength +
      this.#newest.byteLength +
      this.#untilMs.byteLength +
      this.#totals.byteLength
    );
  }

  #begin(high: number, low: number, nowMs: number): number {
    this.#nowMs = nowMs;
    const place = this.#ways.take(high, low, this.#worth);
    this.#starts.fill(Number.NEGATIVE_INFINITY, place * parts, (place + 1) * parts);
    return place;
  }

  #sumAt(base: number, windowMs: number, nowMs: number): number {
    let total = 0;
    for (let slot = base; slot < base + parts; slot++) {
      if (nowMs - (this.#starts[slot] ?? 0) < windowMs) total += this.#counts[slot] ?? 0;
    }
    return total;
  }
}

import { Ways } from './ways.ts';

/** The last time of something, by key, in a table that never grows; the oldest makes room. */
export class RecentTimes {
  readonly #ways: Ways;
  readonly #atMs: Float64Array;
  readonly #time = (place: number): number => this.#atMs[place] ?? 0;

  constructor(capacity: number) {
    this.#ways = new Ways(capacity);
    this.#atMs = new Float64Array(capacity).fill(Number.NEGATIVE_INFINITY);
  }

  set(high: number, low: number, atMs: number): void {
    let place = this.#ways.find(high, low);
    if (place < 0) place = this.#ways.take(high, low, this.#time);
    this.#atMs[place] = atMs;
  }

  /** The last time, or minus infinity. */
  get(high: number, low: number): number {
    const place = this.#ways.find(high, low);
    return place < 0 ? Number.NEGATIVE_INFINITY : (this.#atMs[place] ?? 0);
  }

  forget(high: number, low: number): void {
    const place = this.#ways.find(high, low);
    if (place >= 0) this.#atMs[place] = Number.NEGATIVE_INFINITY;
  }

  get octets(): number {
    return this.#ways.octets + this.#atMs.byteLength;
  }
}

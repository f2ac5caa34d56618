/** Places in which one key may stand. */
const ways = 8;

/**
 * The places of a table of fixed size: each key has eight, found by its hash, and takes that of its own entry, or the
 * one whose loss costs least. So the table never grows and never stops, whoever fills it.
 */
export class Ways {
  readonly capacity: number;
  readonly #mask: number;
  readonly #highs: Int32Array;
  readonly #lows: Int32Array;

  /** @param capacity a power of two */
  constructor(capacity: number) {
    this.capacity = capacity;
    this.#mask = capacity / ways - 1;
    this.#highs = new Int32Array(capacity);
    this.#lows = new Int32Array(capacity);
  }

  /** Where the key stands, or -1. */
  find(high: number, low: number): number {
    const first = (high & this.#mask) * ways;
    for (let place = first; place < first + ways; place++) {
      if (this.#lows[place] === low && this.#highs[place] === high) return place;
    }
    return -1;
  }

  /** Puts the key where `worth` is least; whoever calls has to write the entry anew. */
  take(high: number, low: number, worth: (place: number) => number): number {
    const first = (high & this.#mask) * ways;
    let chosen = first;
    let least = Number.POSITIVE_INFINITY;
    for (let place = first; place < first + ways; place++) {
      const value = worth(place);
      if (value >= least) continue;
      least = value;
      chosen = place;
    }
    this.#highs[chosen] = high;
    this.#lows[chosen] = low;
    return chosen;
  }

  clear(): void {
    this.#highs.fill(0);
    this.#lows.fill(0);
  }

  get octets(): number {
    return this.#highs.byteLength + this.#lows.byteLength;
  }
}

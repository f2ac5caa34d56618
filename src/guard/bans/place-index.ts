/** Share of the places that may be taken before the table doubles. */
const fullness = 0.5;

/**
 * Finds numbers by keys of 64 bits in well under 100 ns, without making anything: open addressing in typed arrays. Grows
 * with what is put in, which is bounded by whoever owns it.
 */
export class PlaceIndex {
  #highs = new Uint32Array(64);
  #lows = new Uint32Array(64);
  /** 0 for an empty place, else the value and one. */
  #values = new Uint32Array(64);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The value of the key, or -1. */
  get(high: number, low: number): number {
    const mask = this.#values.length - 1;
    for (let place = high & mask; ; place = (place + 1) & mask) {
      const value = this.#values[place] ?? 0;
      if (value === 0) return -1;
      if (this.#lows[place] === low && this.#highs[place] === high) return value - 1;
    }
  }

  set(high: number, low: number, value: number): void {
    if (this.#size + 1 > this.#values.length * fullness) this.#grow();
    const mask = this.#values.length - 1;
    let place = high & mask;
    while (this.#values[place] !== 0 && (this.#lows[place] !== low || this.#highs[place] !== high)) {
      place = (place + 1) & mask;
    }
    if (this.#values[place] === 0) this.#size++;
    this.#highs[place] = high;
    this.#lows[place] = low;
    this.#values[place] = value + 1;
  }

  delete(high: number, low: number): void {
    const mask = this.#values.length - 1;
    let place = high & mask;
    while (this.#lows[place] !== low || this.#highs[place] !== high) {
      if (this.#values[place] === 0) return;
      place = (place + 1) & mask;
    }
    if (this.#values[place] === 0) return;
    this.#size--;
    this.#close(place, mask);
  }

  /** Moves later entries up into the hole, so that no search stops before its key. */
  #close(emptied: number, mask: number): void {
    let hole = emptied;
    this.#values[hole] = 0;
    for (let place = (hole + 1) & mask; this.#values[place] !== 0; place = (place + 1) & mask) {
      const home = (this.#highs[place] ?? 0) & mask;
      const stays = hole < place ? home > hole && home <= place : home > hole || home <= place;
      if (stays) continue;
      this.#highs[hole] = this.#highs[place] ?? 0;
      this.#lows[hole] = this.#lows[place] ?? 0;
      this.#values[hole] = this.#values[place] ?? 0;
      this.#values[place] = 0;
      hole = place;
    }
  }

  #grow(): void {
    const highs = this.#highs;
    const lows = this.#lows;
    const values = this.#values;
    this.#highs = new Uint32Array(values.length * 2);
    this.#lows = new Uint32Array(values.length * 2);
    this.#values = new Uint32Array(values.length * 2);
    this.#size = 0;
    for (let place = 0; place < values.length; place++) {
      const value = values[place] ?? 0;
      if (value !== 0) this.set(highs[place] ?? 0, lows[place] ?? 0, value - 1);
    }
  }
}

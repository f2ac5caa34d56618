const slotMs = 100;
/** Eleven slots of a tenth of a second hold every window of one second, however it lies. */
const slots = 11;

/** Octets within any second, held below a ceiling [network.maxnetworkspeed]. */
export class OctetRate {
  readonly #octets = new Float64Array(slots);
  #slot = 0;
  #total = 0;

  /** Whether there is room for these octets; only then are they counted. 0 is no ceiling. */
  take(octets: number, kbitPerSecond: number, nowMs: number): boolean {
    if (kbitPerSecond <= 0) return true;
    const slot = Math.floor(nowMs / slotMs);
    const past = Math.min(slots, slot - this.#slot);
    for (let step = 1; step <= past; step++) {
      const index = (slot - past + step) % slots;
      this.#total -= this.#octets[index] ?? 0;
      this.#octets[index] = 0;
    }
    this.#slot = slot;
    if (this.#total + octets > kbitPerSecond * 125) return false;
    this.#total += octets;
    this.#octets[slot % slots] = (this.#octets[slot % slots] ?? 0) + octets;
    return true;
  }
}

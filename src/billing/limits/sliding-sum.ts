import { BoundedMap } from '../../base/bounded/bounded-map.ts';

/** A sum is kept in slots of this length, so it is forgotten late by at most so much and never early. */
const slotMs = 15 * 60_000;
const keptSlots = (31 * 86_400_000) / slotMs;

/**
 * Money spent by each of many sources within a window that slides [limits.maxcostperip]. Bounded: of the sources, those
 * that spent longest ago go first.
 */
export class SlidingSums {
  readonly #sums: BoundedMap<string, Map<number, bigint>>;

  constructor(maxSources: number) {
    this.#sums = new BoundedMap(maxSources);
  }

  add(source: string, amountMicros: bigint, atMs: number): void {
    const slot = Math.floor(atMs / slotMs);
    const slots = this.#sums.get(source) ?? new Map<number, bigint>();
    for (const known of slots.keys()) if (known < slot - keptSlots) slots.delete(known);
    slots.set(slot, (slots.get(slot) ?? 0n) + amountMicros);
    this.#sums.set(source, slots);
  }

  /** What was spent in the window that ends now. */
  of(source: string, nowMs: number, windowMs: number): bigint {
    const first = Math.floor((nowMs - windowMs) / slotMs);
    let sum = 0n;
    for (const [slot, amountMicros] of this.#sums.get(source) ?? []) if (slot >= first) sum += amountMicros;
    return sum;
  }
}

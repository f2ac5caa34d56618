/**
 * A map with a maximum: when it is full, the entry that was set longest ago goes first. Setting a key again makes it
 * the newest. Everything that a stranger can make us remember lives in one of these.
 *
 * A large one lets 1/256 of its entries go at once: to find the oldest, the engine walks over the places of all that
 * were removed since it last tidied up, which for one entry at a time costs up to 100 us.
 */
export class BoundedMap<K, V> {
  readonly #entries = new Map<K, V>();
  readonly #maxSize: number;
  readonly #onEvict: (key: K, value: V) => void;

  constructor(maxSize: number, onEvict: (key: K, value: V) => void = () => {}) {
    this.#maxSize = maxSize;
    this.#onEvict = onEvict;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: K): V | undefined {
    return this.#entries.get(key);
  }

  has(key: K): boolean {
    return this.#entries.has(key);
  }

  set(key: K, value: V): void {
    this.#entries.delete(key);
    if (this.#entries.size >= this.#maxSize) this.#evictOldest(Math.ceil(this.#maxSize / 256));
    this.#entries.set(key, value);
  }

  delete(key: K): boolean {
    return this.#entries.delete(key);
  }

  clear(): void {
    this.#entries.clear();
  }

  /** Oldest first. */
  entries(): IterableIterator<[K, V]> {
    return this.#entries.entries();
  }

  #evictOldest(count: number): void {
    let left = count;
    for (const [key, value] of this.#entries) {
      if (left-- === 0) return;
      this.#entries.delete(key);
      this.#onEvict(key, value);
    }
  }
}

import { textHash } from './text-hash.ts';

interface Entry<V> {
  readonly key: string;
  value: V;
  /** Another key with the same hash. */
  next: Entry<V> | undefined;
}

/**
 * A map for texts that are made anew for each question, as keys of messages are. The engine's own map first puts such a
 * text into its table of all strings, which costs ten times the look-up; this one only reads it.
 */
export class TextMap<V> {
  readonly #seed: number;
  readonly #entries = new Map<number, Entry<V>>();
  #size = 0;

  /** `seed` is a secret number below 2^32 where strangers choose the keys that are kept. */
  constructor(seed: number) {
    this.#seed = seed;
  }

  get size(): number {
    return this.#size;
  }

  get(key: string): V | undefined {
    let entry = this.#entries.get(textHash(this.#seed, key));
    while (entry !== undefined && entry.key !== key) entry = entry.next;
    return entry?.value;
  }

  has(key: string): boolean {
    return this.get(key) !== undefined;
  }

  set(key: string, value: V): void {
    const hash = textHash(this.#seed, key);
    const first = this.#entries.get(hash);
    for (let entry = first; entry !== undefined; entry = entry.next) {
      if (entry.key !== key) continue;
      entry.value = value;
      return;
    }
    this.#entries.set(hash, { key, value, next: first });
    this.#size++;
  }

  delete(key: string): boolean {
    const hash = textHash(this.#seed, key);
    let before: Entry<V> | undefined;
    let entry = this.#entries.get(hash);
    while (entry !== undefined && entry.key !== key) {
      before = entry;
      entry = entry.next;
    }
    if (entry === undefined) return false;
    if (before !== undefined) before.next = entry.next;
    else if (entry.next !== undefined) this.#entries.set(hash, entry.next);
    else this.#entries.delete(hash);
    this.#size--;
    return true;
  }

  clear(): void {
    this.#entries.clear();
    this.#size = 0;
  }

  *values(): IterableIterator<V> {
    for (const first of this.#entries.values()) {
      for (let entry: Entry<V> | undefined = first; entry !== undefined; entry = entry.next) yield entry.value;
    }
  }
}

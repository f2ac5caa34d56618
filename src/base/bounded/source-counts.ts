import { sourceKey } from '../net/source-key.ts';

/** How many things of a kind each source has now. Whoever adds one takes it away again, so it holds no more than there are things. */
export class SourceCounts {
  readonly #counts = new Map<string, number>();

  of(address: string): number {
    return this.#counts.get(sourceKey(address)) ?? 0;
  }

  add(address: string): void {
    const key = sourceKey(address);
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
  }

  remove(address: string): void {
    const key = sourceKey(address);
    const left = (this.#counts.get(key) ?? 0) - 1;
    if (left > 0) this.#counts.set(key, left);
    else this.#counts.delete(key);
  }

  clear(): void {
    this.#counts.clear();
  }
}

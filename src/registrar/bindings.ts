import type { Binding } from './binding.ts';

/** The live bindings of all users, bounded, in memory; the store holds their durable copy. */
export class Bindings {
  readonly #byAccount = new Map<number, readonly Binding[]>();
  readonly #maxBindings: () => number;
  #count = 0;

  constructor(maxBindings: () => number) {
    this.#maxBindings = maxBindings;
  }

  get count(): number {
    return this.#count;
  }

  /** True when no further binding may be remembered. */
  get full(): boolean {
    return this.#count >= this.#maxBindings();
  }

  /** Bindings that have not expired, the ones that a call goes to. */
  of(accountId: number, nowMs: number): readonly Binding[] {
    const all = this.#byAccount.get(accountId);
    if (all === undefined) return [];
    return all.some((binding) => binding.expiresAtMs <= nowMs) ? all.filter((b) => b.expiresAtMs > nowMs) : all;
  }

  replace(accountId: number, bindings: readonly Binding[]): void {
    const before = this.#byAccount.get(accountId)?.length ?? 0;
    this.#count += bindings.length - before;
    if (bindings.length === 0) this.#byAccount.delete(accountId);
    else this.#byAccount.set(accountId, bindings);
  }

  all(): Iterable<readonly Binding[]> {
    return this.#byAccount.values();
  }
}

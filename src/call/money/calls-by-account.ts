/** Calls in progress by the accounts that their money concerns, so that a change of one account looks at its own only. */
export class CallsByAccount {
  readonly #calls = new Map<number, Set<string>>();
  readonly #accounts = new Map<string, Set<number>>();

  /** The money of a call concerns an account from now on, until the call is removed; again, nothing changes. */
  add(callId: string, accountId: number): void {
    inSet(this.#calls, accountId).add(callId);
    inSet(this.#accounts, callId).add(accountId);
  }

  remove(callId: string): void {
    for (const accountId of this.#accounts.get(callId) ?? []) {
      const calls = this.#calls.get(accountId);
      calls?.delete(callId);
      if (calls?.size === 0) this.#calls.delete(accountId);
    }
    this.#accounts.delete(callId);
  }

  of(accountId: number): Iterable<string> {
    return this.#calls.get(accountId) ?? [];
  }
}

function inSet<Key, Value>(sets: Map<Key, Set<Value>>, key: Key): Set<Value> {
  const known = sets.get(key);
  if (known !== undefined) return known;
  const made = new Set<Value>();
  sets.set(key, made);
  return made;
}

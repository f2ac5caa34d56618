interface Named {
  readonly id: number;
  readonly name: string;
}

/** Records that are found by id and by name, the latter without regard to case. */
export class NamedRecords<T extends Named> {
  readonly #byId = new Map<number, T>();
  readonly #byName = new Map<string, T>();

  constructor(records: readonly T[]) {
    for (const record of records) this.put(record);
  }

  get size(): number {
    return this.#byId.size;
  }

  byId(id: number): T | undefined {
    return this.#byId.get(id);
  }

  byName(name: string): T | undefined {
    return this.#byName.get(name.toLowerCase());
  }

  all(): readonly T[] {
    return [...this.#byId.values()];
  }

  put(record: T): void {
    this.remove(record.id);
    this.#byId.set(record.id, record);
    this.#byName.set(record.name.toLowerCase(), record);
  }

  remove(id: number): void {
    const record = this.#byId.get(id);
    if (record === undefined) return;
    this.#byId.delete(id);
    this.#byName.delete(record.name.toLowerCase());
  }
}

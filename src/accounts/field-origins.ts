import type { FieldsSet, Origin } from './change.ts';

/**
 * Who set each field of each account, and when: a decision names it without asking the disk. Fields that were set in
 * one change share one entry.
 */
export class FieldOrigins {
  readonly #entries = new Map<number, FieldsSet[]>();

  constructor(known: Iterable<FieldsSet>) {
    for (const entry of known) this.set(entry);
  }

  set(entry: FieldsSet): void {
    const newer = new Set(entry.fields);
    const before = (this.#entries.get(entry.accountId) ?? []).filter(
      ({ fields }) => !fields.every((field) => newer.has(field)),
    );
    this.#entries.set(entry.accountId, [...before, entry]);
  }

  remove(accountId: number): void {
    this.#entries.delete(accountId);
  }

  /** `undefined` for a field that still has its default. */
  of(accountId: number, field: string): Origin | undefined {
    return this.#entries.get(accountId)?.findLast(({ fields }) => fields.includes(field))?.origin;
  }
}

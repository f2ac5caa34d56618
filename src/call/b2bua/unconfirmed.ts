/** Counts what is still to be confirmed, and tells once when nothing is. */
export class Unconfirmed {
  #left: number;
  readonly #onNone: () => void;

  constructor(left: number, onNone: () => void) {
    this.#left = left;
    this.#onNone = onNone;
  }

  done(): void {
    this.#left--;
    if (this.#left === 0) this.#onNone();
  }
}

/** What the splitter made of octets: whole lines, or the news that a line grew beyond what its sender may send. */
export type SplitOutcome = { readonly lines: readonly Buffer[]; readonly tooLong: boolean };

const newline = 0x0a;

/**
 * Cuts a stream of octets at line ends. What is kept of an unfinished line is bounded by `maxBytes`, which is asked
 * with the beginning of the line: some lines may be longer than others.
 */
export class LineSplitter {
  readonly #maxBytes: (start: Buffer) => number;
  #chunks: Buffer[] = [];
  #size = 0;

  constructor(maxBytes: (start: Buffer) => number) {
    this.#maxBytes = maxBytes;
  }

  /** Lines without their ends, in order. After `tooLong` the splitter has forgotten the line: hang up. */
  push(chunk: Buffer): SplitOutcome {
    const lines: Buffer[] = [];
    let from = 0;
    for (let end = chunk.indexOf(newline); end !== -1; end = chunk.indexOf(newline, from)) {
      this.#keep(chunk.subarray(from, end));
      if (this.#isTooLong()) return this.#overflow(lines);
      lines.push(Buffer.concat(this.#chunks));
      this.#forget();
      from = end + 1;
    }
    this.#keep(chunk.subarray(from));
    return this.#isTooLong() ? this.#overflow(lines) : { lines, tooLong: false };
  }

  #keep(part: Buffer): void {
    if (part.length === 0) return;
    this.#chunks.push(part);
    this.#size += part.length;
  }

  #isTooLong(): boolean {
    const start = this.#chunks[0];
    return start !== undefined && this.#size > this.#maxBytes(start);
  }

  #overflow(lines: readonly Buffer[]): SplitOutcome {
    this.#forget();
    return { lines, tooLong: true };
  }

  #forget(): void {
    this.#chunks = [];
    this.#size = 0;
  }
}

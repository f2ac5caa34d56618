import { fail, ok, type Result } from '../../base/result/result.ts';
import { completeRow, type DeckField, type DraftRow, deckFields, emptyRow } from './deck-fields.ts';
import { type DeckRow, PriceList } from './price-list.ts';

/** A price list may have so many rows, and so many faults are told. */
export const maxDeckRows = 500_000;
const maxTold = 50;
const rowsPerStep = 5000;

const fieldByName = new Map<string, DeckField>();
for (const field of deckFields) for (const name of [field.name, ...field.aliases]) fieldByName.set(name, field);

/**
 * Reads a carrier's price list: a line of column names, then one line a prefix, divided by commas, semicolons or tabs,
 * with quotation marks where a value needs them (RFC 4180). All rows are read, or none.
 * @param onProgress is told now and then how many of a hundred parts of the rows are read.
 * @returns the list, or sentences with the row that each is about.
 */
export function parseDeck(
  text: string,
  onProgress: (percent: number) => void = () => {},
): Result<PriceList, readonly string[]> {
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  const headAt = lines.findIndex((line) => line.trim() !== '');
  const head = lines[headAt];
  if (head === undefined) return fail(['the file is empty']);
  const separator = [';', '\t', ','].find((candidate) => head.includes(candidate)) ?? ',';
  const fields = fieldsOf(splitLine(head, separator));
  if (!fields.ok) return fields;
  const reader = new DeckReader();
  for (let at = headAt + 1; at < lines.length; at++) {
    const line = lines[at] ?? '';
    if (at % rowsPerStep === 0) onProgress(Math.floor((at * 100) / lines.length));
    if (line.trim() === '') continue;
    const cells = splitLine(line, separator);
    if (cells === undefined) reader.fault(`row ${at + 1}: a quotation mark is not closed`);
    else if (cells.length > fields.value.length) reader.fault(`row ${at + 1}: has more values than columns`);
    else reader.add('row', at + 1, fields.value, cells);
  }
  return reader.done();
}

/** Reads rows that are records of texts by column name, as an import document has them. */
export function deckOfRecords(
  records: readonly Readonly<Record<string, string>>[],
): Result<PriceList, readonly string[]> {
  const reader = new DeckReader();
  for (const [at, record] of records.entries()) {
    const fields: DeckField[] = [];
    const cells: string[] = [];
    for (const [name, text] of Object.entries(record)) {
      const field = fieldByName.get(folded(name));
      if (field === undefined) reader.fault(`price ${at + 1}: '${name.slice(0, 40)}' is unknown; ${knownColumns()}`);
      else {
        fields.push(field);
        cells.push(text);
      }
    }
    reader.add('price', at + 1, fields, cells);
  }
  return reader.done();
}

/** The list as text that `parseDeck` reads again to the same list: what the store keeps. */
export function printDeck(list: PriceList): string {
  const lines = [deckFields.map(({ name }) => name).join(',')];
  for (const row of list.rows()) lines.push(deckFields.map((field) => quotedCell(field.show(row))).join(','));
  return lines.join('\n');
}

/** Collects rows and faults: who has one fault wants to know the others too. */
class DeckReader {
  readonly #rows: DeckRow[] = [];
  readonly #faults: string[] = [];
  readonly #seen = new Set<string>();
  #faultCount = 0;

  fault(sentence: string): void {
    this.#faultCount++;
    if (this.#faults.length < maxTold) this.#faults.push(sentence);
  }

  /** A price list has millions of cells: nothing is made for one that is in order. */
  add(kind: 'row' | 'price', at: number, fields: readonly DeckField[], cells: readonly string[]): void {
    const row: DraftRow = { ...emptyRow };
    let hasPrefix = false;
    for (let column = 0; column < cells.length; column++) {
      const field = fields[column];
      if (field === undefined) continue;
      hasPrefix ||= field.name === 'prefix';
      const wrong = field.set(row, cells[column]?.trim() ?? '');
      if (wrong !== undefined) return this.fault(`${kind} ${at}: ${field.name} ${wrong}`);
    }
    if (!hasPrefix) return this.fault(`${kind} ${at}: prefix is missing`);
    const complete = completeRow(row);
    if (!complete.ok) return this.fault(`${kind} ${at}: ${complete.error}`);
    const { prefix, validFromMs, origins } = complete.value;
    const isPlain = validFromMs === 0 && origins.length === 0;
    const identity = isPlain ? prefix : `${prefix}|${validFromMs}|${origins.join()}`;
    if (this.#seen.has(identity)) return this.fault(`${kind} ${at}: prefix ${prefix} is there twice from the same day`);
    this.#seen.add(identity);
    this.#rows.push(complete.value);
  }

  done(): Result<PriceList, readonly string[]> {
    if (this.#rows.length > maxDeckRows) this.fault(`there are more than ${maxDeckRows} rows`);
    if (this.#faultCount === 0 && this.#rows.length === 0) this.fault('there is no row with a price');
    const more = this.#faultCount - this.#faults.length;
    if (this.#faultCount > 0) return fail(more > 0 ? [...this.#faults, `and ${more} more`] : this.#faults);
    return ok(PriceList.of(this.#rows));
  }
}

function fieldsOf(head: readonly string[] | undefined): Result<readonly DeckField[], readonly string[]> {
  const fields: DeckField[] = [];
  const faults: string[] = [];
  for (const written of head ?? []) {
    const field = fieldByName.get(folded(written));
    if (field === undefined) faults.push(`row 1: the column '${written.slice(0, 40)}' is unknown; ${knownColumns()}`);
    else if (fields.includes(field)) faults.push(`row 1: the column ${field.name} is there twice`);
    else fields.push(field);
  }
  for (const name of ['prefix', 'price']) {
    if (!fields.some((field) => field.name === name)) faults.push(`row 1: the column ${name} is missing`);
  }
  return faults.length > 0 ? fail(faults) : ok(fields);
}

function knownColumns(): string {
  return `there are ${deckFields.map(({ name }) => name).join(', ')}`;
}

function folded(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
}

/** Cells of one line; undefined when a quotation mark is open at its end. */
function splitLine(line: string, separator: string): string[] | undefined {
  if (!line.includes('"')) return line.split(separator);
  const cells: string[] = [];
  for (let at = 0; at <= line.length; ) {
    if (line[at] !== '"') {
      const end = line.indexOf(separator, at);
      cells.push(line.slice(at, end < 0 ? line.length : end));
      at = (end < 0 ? line.length : end) + 1;
      continue;
    }
    let cell = '';
    for (at++; ; at++) {
      const end = line.indexOf('"', at);
      if (end < 0) return undefined;
      cell += line.slice(at, end);
      at = end + 1;
      if (line[at] !== '"') break;
      cell += '"';
    }
    cells.push(cell);
    if (at < line.length && line[at] !== separator) return undefined;
    at++;
  }
  return cells;
}

function quotedCell(text: string): string {
  return /[",;\t]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

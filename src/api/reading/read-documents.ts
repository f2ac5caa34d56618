import { type ImportDocument, parseImport } from '../../accounts/import-document.ts';
import { fail, ok, type Result } from '../../base/result/result.ts';
import { deckOfRecords, parseDeck, printDeck } from '../../billing/tariff/deck.ts';
import { type DeckPreview, previewDeck } from '../../billing/tariff/deck-preview.ts';
import { type PriceColumns, PriceList } from '../../billing/tariff/price-list.ts';

/** A price list that was read: as text for the store, and as columns for memory. */
export interface ReadDeck {
  readonly deck: string;
  readonly columns: PriceColumns;
}

/** What is to be read. All of it can be sent to another thread. */
export type ReadingTask =
  | { readonly kind: 'import'; readonly text: string }
  | {
      readonly kind: 'deck';
      readonly text: string;
      readonly previous: PriceColumns | undefined;
      /** Which side the new list is on, and the lists of the other. */
      readonly role: 'sale' | 'cost' | 'none';
      readonly others: readonly PriceColumns[];
      readonly atMs: number;
    };

export interface ReadImport {
  readonly kind: 'import';
  readonly document: ImportDocument;
  /** By the name of the tariff, as it is written in the document. */
  readonly decks: readonly (ReadDeck & { readonly tariff: string })[];
}

export interface ReadPriceList extends ReadDeck {
  readonly kind: 'deck';
  readonly preview: DeckPreview;
}

export type ReadingAnswer = Result<ReadImport | ReadPriceList, readonly string[]>;

/** Reads large documents; the server gives a thread to it, so that calls do not wait for a price list. */
export interface DocumentReader {
  /** @param onProgress is told now and then how many of a hundred parts of a price list are read. */
  read(task: ReadingTask, onProgress?: (percent: number) => void): Promise<ReadingAnswer>;
}

/** Reads at once, in this thread: for a command that works alone. */
export const directReader: DocumentReader = { read: (task) => Promise.resolve(readDocument(task)) };

export function readDocument(task: ReadingTask, onProgress?: (percent: number) => void): ReadingAnswer {
  return task.kind === 'import' ? readImport(task.text) : readPriceList(task, onProgress);
}

function readImport(text: string): ReadingAnswer {
  const document = parseImport(text);
  if (!document.ok) return document;
  const decks: (ReadDeck & { tariff: string })[] = [];
  const errors: string[] = [];
  for (const { fields, prices } of document.value.tariffs) {
    const tariff = typeof fields['name'] === 'string' ? fields['name'].trim() : '';
    if (prices === undefined) continue;
    const list = deckOfRecords(prices);
    if (list.ok) decks.push({ tariff, deck: printDeck(list.value), columns: list.value.columns });
    else errors.push(...list.error.map((sentence) => `tariff ${tariff}: ${sentence}`));
  }
  if (errors.length > 0) return fail(errors);
  // The prices are in the decks; the rest of the document travels without them.
  const tariffs = document.value.tariffs.map(({ fields }) => ({ fields, prices: undefined }));
  return ok({ kind: 'import', document: { ...document.value, tariffs }, decks });
}

function readPriceList(
  task: Extract<ReadingTask, { kind: 'deck' }>,
  onProgress?: (percent: number) => void,
): ReadingAnswer {
  const list = parseDeck(task.text, onProgress);
  if (!list.ok) return list;
  const others = task.others.map((columns) => new PriceList(columns));
  const own = [list.value];
  const none = { sales: [], costs: [] };
  const market =
    task.role === 'none' ? none : task.role === 'sale' ? { sales: own, costs: others } : { sales: others, costs: own };
  const previous = task.previous === undefined ? undefined : new PriceList(task.previous);
  const preview = previewDeck(list.value, previous, market, task.atMs);
  return ok({ kind: 'deck', deck: printDeck(list.value), columns: list.value.columns, preview });
}

import type { ImportDocument } from '../../accounts/import-document.ts';
import { assert } from '../../base/result/assert.ts';
import { ok } from '../../base/result/result.ts';
import type { ReadImport, ReadingAnswer } from './read-documents.ts';

/** Records that one message carries from the reading thread: to take a document whole would hold up signalling. */
export const recordsPerPart = 200;

const sections = ['users', 'sipservers', 'numbers', 'dialrules', 'tariffs', 'packets'] as const;
type Section = (typeof sections)[number];

/** What a reading thread answers, piece by piece; each is asked for when the one before has been taken. */
export type AnswerPart =
  | { readonly kind: 'whole'; readonly answer: ReadingAnswer }
  /** Nothing of the answer yet: so many of a hundred parts are read. It is not waited for. */
  | { readonly kind: 'progress'; readonly percent: number }
  /** An import without its records. */
  | { readonly kind: 'head'; readonly head: ReadImport }
  | { readonly kind: 'records'; readonly records: Partial<Pick<ImportDocument, Section>> }
  | { readonly kind: 'end' };

export function* partsOf(answer: ReadingAnswer): Generator<AnswerPart, void> {
  if (!answer.ok || answer.value.kind !== 'import') {
    yield { kind: 'whole', answer };
    return;
  }
  const { document, decks } = answer.value;
  const { settings } = document;
  yield { kind: 'head', head: { kind: 'import', document: { ...emptyDocument(), settings }, decks } };
  for (const section of sections) {
    for (let at = 0; at < document[section].length; at += recordsPerPart) {
      yield { kind: 'records', records: { [section]: document[section].slice(at, at + recordsPerPart) } };
    }
  }
  yield { kind: 'end' };
}

/** Puts the parts together again. */
export class PartCollector {
  #head: ReadImport | undefined;
  readonly #records = emptyDocument();

  /** @returns the answer when the last part has come. */
  take(part: AnswerPart): ReadingAnswer | undefined {
    switch (part.kind) {
      case 'whole':
        return part.answer;
      case 'progress':
        return undefined;
      case 'head':
        this.#head = part.head;
        return undefined;
      case 'records':
        for (const section of sections) this.#add(section, part.records[section] ?? []);
        return undefined;
      case 'end': {
        assert(this.#head !== undefined, 'a document has a head');
        const { settings } = this.#head.document;
        return ok({ ...this.#head, document: { ...this.#records, settings } });
      }
    }
  }

  #add<Name extends Section>(section: Name, records: readonly OpenDocument[Name][number][]): void {
    const list: OpenDocument[Name][number][] = this.#records[section];
    list.push(...records);
  }
}

type OpenDocument = { -readonly [Name in Section]: ImportDocument[Name][number][] };

function emptyDocument(): OpenDocument {
  return { users: [], sipservers: [], numbers: [], dialrules: [], tariffs: [], packets: [] };
}

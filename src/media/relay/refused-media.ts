import type { MediaFault, RefusedSource } from '../plane/ports.ts';

/** Sources that are told one by one of a period; what further ones send is only counted in all. */
const maxSources = 256;
/** Packets from elsewhere that one source may have let through in a period, over all streams together. */
const maxForeign = 200;
/** A packet or two out of place are an accident of a network. */
const worthTelling = 10;

type Told = RefusedSource['fault'];

/** What one source sent since the last report. */
interface Entry {
  port: number;
  readonly refused: Record<Told, number>;
  /** Packets from elsewhere that were let through, where `checkrtpaddr` does. */
  passed: number;
}

/**
 * What came to the ports of one media worker and was not let through, by source, over all of its streams. Begins anew
 * with each report, so that nobody can fill it.
 */
export class RefusedMedia {
  readonly #sources = new Map<string, Entry>();
  /** Shared by all sources that found no place. */
  readonly #others: Entry = newEntry();
  #totals = noRefusals();
  #hasNews = false;

  /** A packet was dropped for this. */
  refused(fault: MediaFault, address: string, port: number): void {
    this.#totals[fault]++;
    this.#hasNews = true;
    if (fault !== 'foreign' && fault !== 'over rate') return;
    const entry = this.#entry(address);
    entry.port = port;
    entry.refused[fault]++;
  }

  /**
   * Whether a packet that is not of its stream's own source may pass where the address check lets it: one source has one
   * share over all streams, so that it cannot speak into every call at once.
   */
  mayPass(address: string): boolean {
    return ++this.#entry(address).passed <= maxForeign;
  }

  /** What was seen since the last report; undefined where nothing was. Asked once a second. */
  take():
    | { readonly sources: readonly RefusedSource[]; readonly counts: Readonly<Record<MediaFault, number>> }
    | undefined {
    const sources: RefusedSource[] = [];
    for (const [address, { port, refused }] of this.#sources) {
      for (const fault of ['foreign', 'over rate'] as const) {
        if (refused[fault] >= worthTelling) sources.push({ address, port, fault, packets: refused[fault] });
      }
    }
    this.#sources.clear();
    this.#others.passed = 0;
    if (!this.#hasNews) return undefined;
    const counts = this.#totals;
    this.#totals = noRefusals();
    this.#hasNews = false;
    return { sources, counts };
  }

  #entry(address: string): Entry {
    const known = this.#sources.get(address);
    if (known !== undefined) return known;
    if (this.#sources.size >= maxSources) return this.#others;
    const entry = newEntry();
    this.#sources.set(address, entry);
    return entry;
  }
}

/** All counts at zero. */
export function noRefusals(): Record<MediaFault, number> {
  return { foreign: 0, 'over rate': 0, malformed: 0, 'no call': 0 };
}

function newEntry(): Entry {
  return { port: 0, refused: { foreign: 0, 'over rate': 0 }, passed: 0 };
}

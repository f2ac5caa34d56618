import { fail, ok, type Result } from '../../src/base/result/result.ts';
import type {
  BlockListRecord,
  BlockListStore,
  Fetched,
  ListFetcher,
  StoredBlockList,
} from '../../src/guard/lists/ports.ts';

/** Sources of block lists by URL, and a store for them that a test can look into. */
export class ScriptedLists {
  /** What each source would send: a text, or the reason why it cannot be had. */
  readonly sources = new Map<string, string | { readonly fault: string }>();
  readonly asked: string[] = [];
  readonly records = new Map<string, BlockListRecord>();
  readonly copies = new Map<string, string>();
  /** `who: what list (detail)` of each change. */
  readonly audited: string[] = [];

  readonly fetcher: ListFetcher = {
    fetch: ({ source, etag: known }): Promise<Result<Fetched, string>> => {
      this.asked.push(source);
      const there = this.sources.get(source) ?? { fault: 'no such host' };
      if (typeof there !== 'string') return Promise.resolve(fail(there.fault));
      const etag = `"${there.length}-${there.slice(0, 20)}-${there.slice(-20)}"`;
      if (etag === known) return Promise.resolve(ok({ isNew: false }));
      return Promise.resolve(ok({ isNew: true, text: there, etag, lastModified: '' }));
    },
  };

  readonly store: BlockListStore = {
    put: (record) => this.records.set(record.name, record),
    putCopy: (name, which, text) => this.copies.set(`${which} ${name}`, text),
    remove: (name) => {
      this.records.delete(name);
      for (const which of ['current', 'held']) this.copies.delete(`${which} ${name}`);
    },
  };

  readonly audit = (by: string, action: string, list: string, detail: string): void => {
    this.audited.push(`${by}: ${action} ${list} (${detail})`);
  };

  readonly nextTurn = (): Promise<void> => Promise.resolve();

  /** What a server finds that starts on this store. */
  stored(): readonly StoredBlockList[] {
    return [...this.records.values()].map((record) => ({
      record,
      current: this.copies.get(`current ${record.name}`) ?? '',
      held: this.copies.get(`held ${record.name}`) ?? '',
    }));
  }
}

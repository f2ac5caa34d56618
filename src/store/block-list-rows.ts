import type { BlockListRecord, StoredBlockList } from '../guard/lists/ports.ts';
import type { Row, RowChange } from './messages.ts';

export function blockListPut(record: BlockListRecord): RowChange {
  const row = {
    name: record.name,
    source_sealed: record.source,
    format: record.format,
    allows_http: record.allowsHttp ? 1 : 0,
    by_whom: record.by,
    added_at_ms: record.addedAtMs,
    etag: record.etag,
    last_modified: record.lastModified,
    checked_at_ms: record.checkedAtMs,
    taken_at_ms: record.takenAtMs,
    fault: record.fault,
    held_at_ms: record.heldAtMs,
    held_why: record.heldWhy,
  };
  return { kind: 'put', table: 'block_lists', row };
}

export function blockListCopyPut(name: string, which: 'current' | 'held', entries: string): RowChange {
  return { kind: 'put', table: 'block_list_copies', row: { list_name: name, which, entries } };
}

export function blockListRemovals(name: string): readonly RowChange[] {
  return [
    { kind: 'remove', table: 'block_lists', column: 'name', value: name },
    { kind: 'remove', table: 'block_list_copies', column: 'list_name', value: name },
  ];
}

/** The lists of the store, each with its copies. */
export function blockListsOf(lists: readonly Row[], copies: readonly Row[]): readonly StoredBlockList[] {
  const texts = new Map(copies.map((row) => [`${row['which']} ${row['list_name']}`, String(row['entries'])]));
  return lists.map((row) => {
    const record = recordOf(row);
    const copy = (which: string): string => texts.get(`${which} ${record.name}`) ?? '';
    return { record, current: copy('current'), held: copy('held') };
  });
}

function recordOf(row: Row): BlockListRecord {
  const text = (column: string): string => String(row[column] ?? '');
  return {
    name: text('name'),
    source: text('source_sealed'),
    format: text('format') === 'apiban' ? 'apiban' : 'plain',
    allowsHttp: row['allows_http'] === 1,
    by: text('by_whom'),
    addedAtMs: Number(row['added_at_ms']),
    etag: text('etag'),
    lastModified: text('last_modified'),
    checkedAtMs: Number(row['checked_at_ms']),
    takenAtMs: Number(row['taken_at_ms']),
    fault: text('fault'),
    heldAtMs: Number(row['held_at_ms']),
    heldWhy: text('held_why'),
  };
}

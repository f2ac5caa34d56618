import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { headerOf, type JournalHeader, readLines, recordOf } from './journal-record.ts';
import type { StoredPosting } from './messages.ts';

const namePattern = /^postings-\d{16}\.log$/;

/** What one segment holds. */
export interface ReadSegment {
  readonly name: string;
  readonly header: JournalHeader | undefined;
  /** Whole records in their order, those behind a damage too. */
  readonly records: readonly StoredPosting[];
  /** Octets up to the first that cannot be read, or the whole length. */
  readonly soundOctets: number;
  /** How many records there are before that place. */
  readonly soundRecords: number;
  readonly octets: number;
}

export function segmentName(from: bigint): string {
  return `postings-${String(from).padStart(16, '0')}.log`;
}

/** Names of the segments, oldest first. */
export function segmentNames(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => namePattern.test(name))
    .sort();
}

export function readSegment(folder: string, name: string): ReadSegment {
  const octets = readFileSync(join(folder, name));
  const records: StoredPosting[] = [];
  let header: JournalHeader | undefined;
  let soundOctets: number | undefined;
  let soundRecords = 0;
  let next: bigint | undefined;
  for (const { at, fields } of readLines(octets)) {
    if (at === 0) header = fields === undefined ? undefined : headerOf(fields);
    const record = at === 0 || fields === undefined ? undefined : recordOf(fields);
    if (record !== undefined) records.push(record);
    const whole = at === 0 ? header !== undefined : record !== undefined && record.seq === next;
    next = at === 0 ? header?.from : (record?.seq ?? 0n) + 1n;
    if (!whole) soundOctets ??= at;
    if (soundOctets === undefined) soundRecords = records.length;
  }
  return { name, header, records, soundOctets: soundOctets ?? octets.length, soundRecords, octets: octets.length };
}

/** Makes the folder, readable by its owner only, durable in its parent. */
export function makeFolder(path: string, parent: string): void {
  if (existsSync(path)) return;
  mkdirSync(path, { mode: 0o700 });
  syncFolder(parent);
}

export function syncFolder(path: string): void {
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

import { closeSync, fstatSync, fsyncSync, ftruncateSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { assert } from '../base/result/assert.ts';
import { headerLine, recordLine } from './journal-record.ts';
import {
  makeFolder,
  type ReadSegment,
  readSegment,
  segmentName,
  segmentNames,
  syncFolder,
} from './journal-segments.ts';
import type { StoredPosting } from './messages.ts';

/** The file calls that can fail when a disk does; tests let them. */
export interface JournalDisk {
  write(file: number, octets: Buffer, offset: number, position: number): number;
  sync(file: number): void;
}

export const realDisk: JournalDisk = {
  write: (file, octets, offset, position) => writeSync(file, octets, offset, octets.length - offset, position),
  sync: fsyncSync,
};

/** A segment that grew beyond this is followed by a new one. */
const segmentOctets = 16 * 1024 * 1024;
/** The oldest segment goes when there are more: some five million postings stay, and the database has all of them. */
const maxSegments = 64;

/**
 * Every posting once more, in files beside the database that are only ever added to. It tells a database that was
 * restored from one that is as it was left, and gives back what was posted since.
 */
export class Journal {
  readonly #folder: string;
  readonly #ledger: string;
  readonly #disk: JournalDisk;
  readonly #segmentOctets: number;
  #file: number | undefined;
  #name = '';
  /** Octets of the newest segment that are known to be on the disk. */
  #octets = 0;
  #newest = 0n;

  constructor(
    folder: string,
    ledger: string,
    options: { readonly disk?: JournalDisk; readonly segmentOctets?: number } = {},
  ) {
    this.#folder = folder;
    this.#ledger = ledger;
    this.#disk = options.disk ?? realDisk;
    this.#segmentOctets = options.segmentOctets ?? segmentOctets;
  }

  /** Place of the newest posting that is in the journal. */
  get newestSeq(): bigint {
    return this.#newest;
  }

  /** Whether there is a file to write to: false when not even the first could be made. */
  get begun(): boolean {
    return this.#octets > 0;
  }

  /** The newest segment that has a header; undefined when there is no journal. */
  newestSegment(): ReadSegment | undefined {
    for (const name of segmentNames(this.#folder).toReversed()) {
      const segment = readSegment(this.#folder, name);
      if (segment.header !== undefined) return segment;
      // The server died while it made this one: it holds nothing yet.
      if (segment.records.length > 0) return segment;
    }
    return undefined;
  }

  /** Goes on after the sound part of a segment and cuts off what follows it. */
  continueAfter(segment: ReadSegment): void {
    const { header, name, octets, soundOctets, records, soundRecords } = segment;
    assert(header !== undefined, 'only a segment with a header is continued');
    for (const other of segmentNames(this.#folder)) if (other > name) rmSync(join(this.#folder, other));
    this.#name = name;
    this.#octets = soundOctets;
    this.#newest = records[soundRecords - 1]?.seq ?? header.from - 1n;
    if (octets > soundOctets) this.#writeSynced(Buffer.alloc(0));
  }

  /** Begins a journal whose first posting follows `newest`. */
  begin(newest: bigint): void {
    makeFolder(this.#folder, dirname(this.#folder));
    this.close();
    this.#newest = newest;
    this.#startSegment();
  }

  /** Renames every segment, so that it is kept for a person and read by nobody. */
  setAside(label: string): void {
    this.close();
    const names = segmentNames(this.#folder);
    for (const name of names) renameSync(join(this.#folder, name), join(this.#folder, `${name}.${label}`));
    if (names.length > 0) syncFolder(this.#folder);
  }

  /** Writes the postings that it does not have yet and syncs the disk once. Throws what the disk says; then nothing of them counts. */
  append(postings: readonly StoredPosting[]): void {
    const missing = postings.filter(({ seq }) => seq > this.#newest);
    const last = missing.at(-1);
    if (last === undefined) return;
    assert(missing[0]?.seq === this.#newest + 1n, 'the journal has no gaps');
    // 0: a segment that was begun in vain has no header yet.
    if (this.#octets === 0 || this.#octets >= this.#segmentOctets) this.#startSegment();
    this.#writeSynced(Buffer.concat(missing.map(recordLine)));
    this.#newest = last.seq;
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }

  #startSegment(): void {
    this.close();
    const from = this.#newest + 1n;
    this.#name = segmentName(from);
    this.#octets = 0;
    this.#writeSynced(headerLine({ version: 1, ledger: this.#ledger, from }));
    syncFolder(this.#folder);
    const names = segmentNames(this.#folder);
    for (const name of names.slice(0, Math.max(0, names.length - maxSegments))) rmSync(join(this.#folder, name));
  }

  /** Writes behind the last octet that is known to be on the disk: what a failed write left there is overwritten. */
  #writeSynced(octets: Buffer): void {
    try {
      this.#file ??= this.#open();
      for (let written = 0; written < octets.length; ) {
        written += this.#disk.write(this.#file, octets, written, this.#octets + written);
      }
      this.#disk.sync(this.#file);
      this.#octets += octets.length;
    } catch (error) {
      // After a failed sync nobody knows what the file holds: it is opened and cut anew before the next try.
      this.close();
      throw error;
    }
  }

  #open(): number {
    const path = join(this.#folder, this.#name);
    closeSync(openSync(path, 'a', 0o600));
    const file = openSync(path, 'r+');
    if (fstatSync(file).size > this.#octets) ftruncateSync(file, this.#octets);
    return file;
  }
}

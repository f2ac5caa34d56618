import { crc32 } from 'node:zlib';
import { type Posting, postingKinds } from '../billing/ledger/posting.ts';
import type { StoredPosting } from './messages.ts';

/**
 * A line of the journal: eight hex digits of CRC-32 over the rest, a space, JSON. A person can read it, and nothing of
 * it is taken for true that was written in part.
 */
export interface JournalHeader {
  readonly version: 1;
  /** The database that the journal belongs to. */
  readonly ledger: string;
  /** Place of the first posting in this segment. */
  readonly from: bigint;
}

const lineEnd = 0x0a;

export function headerLine({ version, ledger, from }: JournalHeader): Buffer {
  return line({ version, ledger, from: String(from) });
}

export function recordLine({ seq, posting }: StoredPosting): Buffer {
  return line({ seq: String(seq), ...posting, amountMicros: String(posting.amountMicros) });
}

function line(fields: Readonly<Record<string, unknown>>): Buffer {
  const json = Buffer.from(JSON.stringify(fields), 'utf8');
  return Buffer.concat([Buffer.from(`${checksum(json)} `, 'latin1'), json, Buffer.from('\n', 'latin1')]);
}

function checksum(octets: Buffer): string {
  return crc32(octets).toString(16).padStart(8, '0');
}

/** One line of a segment: where it begins, where the next one does, and its fields if they are whole. */
export interface ReadLine {
  readonly at: number;
  readonly end: number;
  readonly fields: Readonly<Record<string, unknown>> | undefined;
}

export function* readLines(octets: Buffer): Generator<ReadLine> {
  for (let at = 0; at < octets.length; ) {
    const newline = octets.indexOf(lineEnd, at);
    const end = newline < 0 ? octets.length : newline + 1;
    yield { at, end, fields: newline < 0 ? undefined : fieldsOf(octets.subarray(at, newline)) };
    at = end;
  }
}

function fieldsOf(octets: Buffer): Readonly<Record<string, unknown>> | undefined {
  const json = octets.subarray(9);
  if (octets[8] !== 0x20 || octets.toString('latin1', 0, 8) !== checksum(json)) return undefined;
  const fields: unknown = JSON.parse(json.toString('utf8'));
  return typeof fields === 'object' && fields !== null ? { ...fields } : undefined;
}

export function headerOf(fields: Readonly<Record<string, unknown>>): JournalHeader | undefined {
  const { version, ledger, from } = fields;
  if (version !== 1 || typeof ledger !== 'string' || typeof from !== 'string') return undefined;
  return { version, ledger, from: BigInt(from) };
}

export function recordOf(fields: Readonly<Record<string, unknown>>): StoredPosting | undefined {
  const kind = postingKinds.find((known) => known === fields['kind']);
  const { seq, amountMicros } = fields;
  if (kind === undefined || typeof seq !== 'string' || typeof amountMicros !== 'string') return undefined;
  const text = (name: keyof Posting): string => String(fields[name]);
  return {
    seq: BigInt(seq),
    posting: {
      ...{ id: text('id'), accountId: Number(fields['accountId']), kind, amountMicros: BigInt(amountMicros) },
      ...{ currency: text('currency'), cause: text('cause'), actor: text('actor'), atMs: Number(fields['atMs']) },
      ...{ day: text('day'), callId: text('callId'), cleared: fields['cleared'] === true, reverses: text('reverses') },
    },
  };
}

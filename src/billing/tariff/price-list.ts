import { assert } from '../../base/result/assert.ts';
import type { PriceRow } from '../rating/price.ts';

/** One line of a price list: a price, the time in which it holds, and the callers that it is for. */
export interface DeckRow extends Omit<PriceRow, 'tariff' | 'currency'> {
  /** UTC milliseconds; 0 for from ever. */
  readonly validFromMs: number;
  /** The first moment at which it holds no more; `never` for no end. */
  readonly validUntilMs: number;
  /** Prefixes of the caller's number that the row is for; empty for every caller. */
  readonly origins: readonly string[];
  /** The operator said that it costs nothing. */
  readonly isFree: boolean;
}

/** The end of what does not end: the last second that fits into the column. */
export const never = 0xffff_ffff * 1000;

/** The longest prefix: the longest number (ITU-T E.164 §6.2.1). */
export const maxPrefixLength = 15;

const moneyColumns = 7;
const secondsColumns = 4;

/**
 * The columns of a price list: some hundred octets a row instead of an object of a kilobyte, and handed from thread to
 * thread without a copy. Rows are sorted by prefix; within a prefix by what is looked at first.
 */
export interface PriceColumns {
  readonly count: number;
  readonly keys: Float64Array<ArrayBuffer>;
  readonly money: BigInt64Array<ArrayBuffer>;
  readonly seconds: Uint16Array<ArrayBuffer>;
  /** Valid from and until in UTC seconds. */
  readonly times: Uint32Array<ArrayBuffer>;
  readonly nameAt: Uint32Array<ArrayBuffer>;
  readonly originAt: Uint16Array<ArrayBuffer>;
  readonly free: Uint8Array<ArrayBuffer>;
  /** Hash table: the first row of a prefix, plus one. */
  readonly slots: Uint32Array<ArrayBuffer>;
  readonly names: readonly string[];
  /** The first is the empty set: every caller. */
  readonly origins: readonly (readonly string[])[];
  readonly longest: number;
}

/** A price list of one tariff in memory. Never changed: a new list takes its place. */
export class PriceList {
  readonly columns: PriceColumns;

  constructor(columns: PriceColumns) {
    this.columns = columns;
  }

  static of(rows: readonly DeckRow[]): PriceList {
    return new PriceList(columnsOf(rows));
  }

  get size(): number {
    return this.columns.count;
  }

  /**
   * The row of the longest prefix that holds at a time for a caller.
   * @param digits canonical number. @param origin canonical number of the caller, empty when unknown.
   * @returns the place of the row, or -1.
   */
  find(digits: string, origin: string, atMs: number): number {
    const { longest } = this.columns;
    const atS = Math.floor(atMs / 1000);
    const keys = keysOf(digits, longest);
    for (let length = keys.length - 1; length >= 0; length--) {
      const row = this.#firstOf(keys[length] ?? 0);
      const found = row < 0 ? -1 : this.#holding(row, origin, atS);
      if (found >= 0) return found;
    }
    return -1;
  }

  rowAt(at: number): DeckRow {
    const { keys, money, seconds, times, nameAt, originAt, free, names, origins } = this.columns;
    const amount = (column: number): bigint => money[at * moneyColumns + column] ?? 0n;
    const second = (column: number): number => seconds[at * secondsColumns + column] ?? 0;
    return {
      prefix: String(keys[at]).slice(1),
      name: names[nameAt[at] ?? 0] ?? '',
      peakPerMinuteMicros: amount(0),
      offPeakPerMinuteMicros: amount(1),
      weekendPerMinuteMicros: amount(2),
      connectFeeMicros: amount(3),
      minimumChargeMicros: amount(4),
      attemptFeeMicros: amount(5),
      shortCallSurchargeMicros: amount(6),
      freeSeconds: second(0),
      firstIncrementS: second(1),
      nextIncrementS: second(2),
      shortCallS: second(3),
      validFromMs: (times[at * 2] ?? 0) * 1000,
      validUntilMs: (times[at * 2 + 1] ?? 0) * 1000,
      origins: origins[originAt[at] ?? 0] ?? [],
      isFree: free[at] === 1,
    };
  }

  *rows(): Generator<DeckRow> {
    for (let at = 0; at < this.size; at++) yield this.rowAt(at);
  }

  #firstOf(key: number): number {
    const { slots, keys } = this.columns;
    for (let slot = hash(key, slots.length); ; slot = (slot + 1) & (slots.length - 1)) {
      const row = (slots[slot] ?? 0) - 1;
      if (row < 0 || keys[row] === key) return row;
    }
  }

  /** Of the rows of one prefix, the first that holds. */
  #holding(first: number, origin: string, atS: number): number {
    const { keys, times, originAt, origins } = this.columns;
    for (let row = first; keys[row] === keys[first]; row++) {
      if ((times[row * 2] ?? 0) > atS || (times[row * 2 + 1] ?? 0) <= atS) continue;
      const set = originAt[row] ?? 0;
      if (set === 0 || origins[set]?.some((prefix) => origin.startsWith(prefix)) === true) return row;
    }
    return -1;
  }
}

/** Whether two lists have the same rows, by their columns: a list is not printed to find out. */
export function isSameList(one: PriceColumns, other: PriceColumns): boolean {
  const isSameColumn = (name: 'keys' | 'money' | 'seconds' | 'times' | 'nameAt' | 'originAt' | 'free'): boolean =>
    Buffer.from(one[name].buffer).equals(Buffer.from(other[name].buffer));
  return (
    one.count === other.count &&
    (['keys', 'money', 'seconds', 'times', 'nameAt', 'originAt', 'free'] as const).every(isSameColumn) &&
    one.names.length === other.names.length &&
    one.names.every((name, at) => name === other.names[at]) &&
    one.origins.length === other.origins.length &&
    one.origins.every((set, at) => set.join() === other.origins[at]?.join())
  );
}

function columnsOf(given: readonly DeckRow[]): PriceColumns {
  const rows = given.map((row) => ({ row, key: keyOf(row.prefix) })).toSorted(byPlace);
  const names = new Map<string, number>();
  const origins = new Map<string, number>([['', 0]]);
  const count = rows.length;
  const columns = {
    count,
    keys: new Float64Array(count),
    money: new BigInt64Array(count * moneyColumns),
    seconds: new Uint16Array(count * secondsColumns),
    times: new Uint32Array(count * 2),
    nameAt: new Uint32Array(count),
    originAt: new Uint16Array(count),
    free: new Uint8Array(count),
    slots: new Uint32Array(2 ** Math.ceil(Math.log2(count * 1.5 + 2))),
  };
  for (const [at, { row, key }] of rows.entries()) {
    columns.keys[at] = key;
    putAmounts(columns.money, at * moneyColumns, row);
    putSeconds(columns.seconds, at * secondsColumns, row);
    columns.times[at * 2] = Math.floor(row.validFromMs / 1000);
    columns.times[at * 2 + 1] = Math.floor(row.validUntilMs / 1000);
    columns.nameAt[at] = placeOf(names, row.name);
    columns.originAt[at] = row.origins.length === 0 ? 0 : placeOf(origins, row.origins.join());
    columns.free[at] = row.isFree ? 1 : 0;
    if (key !== rows[at - 1]?.key) putSlot(columns.slots, key, at);
  }
  return {
    ...columns,
    names: [...names.keys()],
    origins: [...origins.keys()].map((set) => (set === '' ? [] : set.split(','))),
    longest: rows.reduce((most, { row }) => Math.max(most, row.prefix.length), 0),
  };
}

function putAmounts(money: BigInt64Array, at: number, row: DeckRow): void {
  money[at] = row.peakPerMinuteMicros;
  money[at + 1] = row.offPeakPerMinuteMicros;
  money[at + 2] = row.weekendPerMinuteMicros;
  money[at + 3] = row.connectFeeMicros;
  money[at + 4] = row.minimumChargeMicros;
  money[at + 5] = row.attemptFeeMicros;
  money[at + 6] = row.shortCallSurchargeMicros;
}

function putSeconds(seconds: Uint16Array, at: number, row: DeckRow): void {
  seconds[at] = row.freeSeconds;
  seconds[at + 1] = row.firstIncrementS;
  seconds[at + 2] = row.nextIncrementS;
  seconds[at + 3] = row.shortCallS;
}

/** By prefix; then rows for certain callers before those for all, and what began last before what it replaces. */
function byPlace(one: { row: DeckRow; key: number }, other: { row: DeckRow; key: number }): number {
  return (
    one.key - other.key ||
    Number(other.row.origins.length > 0) - Number(one.row.origins.length > 0) ||
    other.row.validFromMs - one.row.validFromMs
  );
}

function placeOf(places: Map<string, number>, text: string): number {
  const known = places.get(text);
  if (known !== undefined) return known;
  places.set(text, places.size);
  return places.size - 1;
}

function putSlot(slots: Uint32Array, key: number, row: number): void {
  let slot = hash(key, slots.length);
  while (slots[slot] !== 0) slot = (slot + 1) & (slots.length - 1);
  slots[slot] = row + 1;
}

/** A 1 in front keeps leading zeros apart: 43 is 143. Fifteen digits and the 1 are exact in a double. */
function keyOf(prefix: string): number {
  assert(prefix.length <= maxPrefixLength, 'a prefix is no longer than a number');
  return Number(`1${prefix}`);
}

/** The keys of a number's prefixes of 0 to `longest` digits. */
function keysOf(digits: string, longest: number): number[] {
  const keys = [1];
  let value = 0;
  let power = 1;
  for (let at = 0; at < digits.length && at < longest; at++) {
    value = value * 10 + (digits.charCodeAt(at) - 48);
    power *= 10;
    keys.push(value + power);
  }
  return keys;
}

function hash(key: number, size: number): number {
  const low = (key % 0x1_0000_0000) | 0;
  const high = (key / 0x1_0000_0000) | 0;
  let mixed = Math.imul(low ^ Math.imul(high, 0x85eb_ca6b), 0x9e37_79b1);
  mixed ^= mixed >>> 15;
  return Math.imul(mixed, 0xc2b2_ae35) >>> (32 - Math.log2(size));
}

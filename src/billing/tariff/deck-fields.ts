import { fail, ok, type Result } from '../../base/result/result.ts';
import { microsPerUnit, parseAmount, printAmount } from '../../base/money/money.ts';
import { freePriceRow } from '../seam.ts';
import { type DeckRow, maxPrefixLength, never } from './price-list.ts';

/** A row while it is read: a price list has hundreds of thousands, and none is worth an object a field. */
export type DraftRow = { -readonly [K in keyof DeckRow]: DeckRow[K] };

/** One column of a price list, as CSV heads, YAML fields and the canonical text name it. */
export interface DeckField {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly meaning: string;
  /** Sets the field of a row that is being read. @returns what is wrong with the text, to follow the field's name. */
  set(row: DraftRow, text: string): string | undefined;
  show(row: DeckRow): string;
}

/** No tariff has a price above this: a point that slipped is refused, not charged. */
const priceBounds = { minMicros: 0n, maxMicros: 1_000_000_000n * microsPerUnit };
const maxSeconds = 3600;

const { tariff: _tariff, currency: _currency, ...freeRow } = freePriceRow;

/** A row of which nothing was read yet: its prices are not those of a free call, they are missing. */
export const emptyRow: DeckRow = {
  ...freeRow,
  peakPerMinuteMicros: -1n,
  offPeakPerMinuteMicros: -1n,
  weekendPerMinuteMicros: -1n,
  validFromMs: 0,
  validUntilMs: never,
  origins: [],
  isFree: false,
};

type MoneyField = {
  readonly [K in keyof DeckRow]: DeckRow[K] extends bigint ? K : never;
}[keyof DeckRow];
type SecondsField = 'freeSeconds' | 'firstIncrementS' | 'nextIncrementS' | 'shortCallS';

export const deckFields: readonly DeckField[] = [
  {
    name: 'prefix',
    aliases: ['code', 'dialcode', 'destinationcode'],
    meaning: 'digits that numbers begin with, in international form; empty for every number',
    set: (row, text) => {
      const digits = text.replace(/^\+/, '');
      if (!/^(?:[1-9]\d*)?$/.test(digits)) return `'${text}' is not a prefix in international form, such as 4366`;
      if (digits.length > maxPrefixLength) return `'${text}' has more than ${maxPrefixLength} digits`;
      row.prefix = digits;
      return undefined;
    },
    show: (row) => row.prefix,
  },
  {
    name: 'name',
    aliases: ['destination', 'description', 'country'],
    meaning: 'what the direction is called',
    set: (row, text) => {
      if (!/^\P{Cc}{0,100}$/u.test(text)) return 'has control characters or is over 100';
      row.name = text;
      return undefined;
    },
    show: (row) => row.name,
  },
  amount('price', ['rate', 'priceperminute', 'ratepermin', 'peak'], 'price per minute', 'peakPerMinuteMicros'),
  amount(
    'offpeak',
    ['offpeakprice'],
    'price per minute outside the peak hours; else the price',
    'offPeakPerMinuteMicros',
  ),
  amount('weekend', ['weekendprice'], 'price per minute at weekends; else that of off-peak', 'weekendPerMinuteMicros'),
  amount('connectfee', ['setupfee', 'connectionfee'], 'due once the call is connected', 'connectFeeMicros'),
  seconds('freeseconds', ['graceperiod'], 'connected seconds that cost nothing', 'freeSeconds', 0),
  seconds(
    'firstincrement',
    ['minduration', 'interval1', 'intervalone'],
    'seconds of the first increment',
    'firstIncrementS',
    1,
  ),
  seconds('nextincrement', ['increment', 'intervaln'], 'seconds of each further increment', 'nextIncrementS', 1),
  amount('minimumcharge', ['mincharge'], 'what a connected call costs at least', 'minimumChargeMicros'),
  amount('attemptfee', [], "a carrier's fee for each attempt", 'attemptFeeMicros'),
  amount('shortcallsurcharge', [], 'what a carrier adds to a short call', 'shortCallSurchargeMicros'),
  seconds('shortcall', ['shortcallseconds'], 'a call below so many seconds is short', 'shortCallS', 0),
  time('validfrom', ['effectivedate', 'effectivefrom'], 'from when it holds', 'validFromMs', 0),
  time(
    'validuntil',
    ['validto', 'expires', 'enddate'],
    'until when it holds; that moment is no part',
    'validUntilMs',
    never,
  ),
  {
    name: 'origins',
    aliases: ['origin', 'callerprefixes'],
    meaning: "prefixes of the caller's number that the price is for, divided by blanks",
    set: (row, text) => {
      const origins = text.split(/[\s|]+/).filter((entry) => entry !== '');
      const wrong = origins.find((entry) => !/^[1-9]\d{0,14}$/.test(entry));
      if (wrong !== undefined) return `'${wrong}' is not a prefix such as 43`;
      if (origins.length > 300) return 'has more than 300 prefixes';
      row.origins = origins;
      return undefined;
    },
    show: (row) => row.origins.join(' '),
  },
  {
    name: 'free',
    aliases: ['isfree'],
    meaning: 'yes for a price of zero that is meant',
    set: (row, text) => {
      const word = text.toLowerCase();
      row.isFree = ['yes', 'true', '1', 'free'].includes(word);
      return row.isFree || ['no', 'false', '0', ''].includes(word) ? undefined : `'${text}' is not yes or no`;
    },
    show: (row) => (row.isFree ? 'yes' : ''),
  },
];

/** What is not said of a row follows from the rest; a price of zero must be said twice. */
export function completeRow(row: DraftRow): Result<DeckRow, string> {
  if (row.peakPerMinuteMicros < 0n) return fail('price is missing');
  const offPeak = row.offPeakPerMinuteMicros < 0n ? row.peakPerMinuteMicros : row.offPeakPerMinuteMicros;
  const weekend = row.weekendPerMinuteMicros < 0n ? offPeak : row.weekendPerMinuteMicros;
  const isFree = row.peakPerMinuteMicros === 0n || offPeak === 0n || weekend === 0n;
  if (isFree && !row.isFree) return fail('price is 0; write yes in the column free if it is meant');
  if (row.validUntilMs <= row.validFromMs) return fail('validuntil is not after validfrom');
  row.offPeakPerMinuteMicros = offPeak;
  row.weekendPerMinuteMicros = weekend;
  return ok(row);
}

function amount(name: string, aliases: readonly string[], meaning: string, field: MoneyField): DeckField {
  return {
    ...{ name, aliases, meaning },
    set: (row, text) => {
      if (text === '') return undefined;
      // Most columns of most rows.
      if (text === '0.00') {
        row[field] = 0n;
        return undefined;
      }
      const parsed = parseAmount(text, priceBounds);
      if (!parsed.ok) return parsed.error;
      row[field] = parsed.value;
      return undefined;
    },
    show: (row) => printAmount(row[field]),
  };
}

function seconds(
  name: string,
  aliases: readonly string[],
  meaning: string,
  field: SecondsField,
  min: number,
): DeckField {
  return {
    ...{ name, aliases, meaning },
    set: (row, text) => {
      if (text === '') return undefined;
      const value = /^\d{1,5}$/.test(text) ? Number(text) : -1;
      if (value < min || value > maxSeconds) return `'${text}' is not whole seconds from ${min} to ${maxSeconds}`;
      row[field] = value;
      return undefined;
    },
    show: (row) => String(row[field]),
  };
}

function time(
  name: string,
  aliases: readonly string[],
  meaning: string,
  field: 'validFromMs' | 'validUntilMs',
  open: number,
): DeckField {
  return {
    ...{ name, aliases, meaning },
    set: (row, text) => {
      if (text === '') return undefined;
      const form = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(?::(\d\d))?(?:\.0+)?Z?)?$/.exec(text);
      const [, day, minute = '00:00', second = '00'] = form ?? [];
      const atMs = Date.parse(`${day}T${minute}:${second}Z`);
      if (form === null || Number.isNaN(atMs) || atMs < 0 || atMs >= never) {
        return `'${text}' is not a day such as 2026-12-31 or a time such as 2026-12-31 06:00 (UTC)`;
      }
      row[field] = atMs;
      return undefined;
    },
    show: (row) => (row[field] === open ? '' : new Date(row[field]).toISOString().slice(0, 19)),
  };
}

import { dearestPerMinuteMicros } from '../rating/price.ts';
import { unpricedRow } from './price-book.ts';
import type { DeckRow, PriceList } from './price-list.ts';

/** One prefix whose price changes, or that costs more than it sells. Amounts per minute at the dearest hour. */
export interface PreviewLine {
  readonly prefix: string;
  readonly name: string;
  readonly beforeMicros: bigint;
  readonly afterMicros: bigint;
}

/** What a new price list would do, before it is taken. */
export interface DeckPreview {
  readonly rows: number;
  readonly added: number;
  readonly removed: number;
  readonly cheaper: number;
  /** `before` is the old price, `after` the new one; the steepest first. */
  readonly dearer: readonly PreviewLine[];
  readonly dearerCount: number;
  /** `before` is what the customer pays, `after` what the carrier costs; the greatest loss first. */
  readonly losses: readonly PreviewLine[];
  readonly lossCount: number;
}

const maxLines = 100;

/**
 * Compares a list with the one that it replaces, and prices with costs, at one time.
 * @param sales lists that customers pay by. @param costs lists that SIP servers cost by.
 */
export function previewDeck(
  list: PriceList,
  previous: PriceList | undefined,
  market: { readonly sales: readonly PriceList[]; readonly costs: readonly PriceList[] },
  atMs: number,
): DeckPreview {
  const before = new Map([...holding(previous, atMs)].map((row) => [row.prefix, row]));
  const dearer: PreviewLine[] = [];
  let added = 0;
  let cheaper = 0;
  for (const row of holding(list, atMs)) {
    const old = before.get(row.prefix);
    before.delete(row.prefix);
    const [was, is] = [old === undefined ? undefined : dearest(old), dearest(row)];
    if (was === undefined) added++;
    else if (is > was) dearer.push({ prefix: row.prefix, name: row.name, beforeMicros: was, afterMicros: is });
    else if (is < was) cheaper++;
  }
  const losses = lossesOf(market, atMs);
  return {
    ...{ rows: list.size, added, removed: before.size, cheaper },
    ...{ dearer: steepest(dearer), dearerCount: dearer.length, losses: steepest(losses), lossCount: losses.length },
  };
}

/** Every prefix of either list at which some carrier costs more than some customer pays. */
function lossesOf(
  { sales, costs }: { readonly sales: readonly PriceList[]; readonly costs: readonly PriceList[] },
  atMs: number,
): PreviewLine[] {
  const worst = new Map<string, PreviewLine>();
  const compare = (sale: DeckRow | undefined, cost: DeckRow | undefined, { prefix, name }: DeckRow): void => {
    if (sale === undefined || cost === undefined || dearest(cost) <= dearest(sale)) return;
    const line = {
      prefix,
      name: name || cost.name || sale.name,
      beforeMicros: dearest(sale),
      afterMicros: dearest(cost),
    };
    const known = worst.get(prefix);
    if (known === undefined || rise(line) > rise(known)) worst.set(prefix, line);
  };
  for (const sale of sales) {
    for (const cost of costs) {
      for (const row of holding(sale, atMs)) compare(row, rowFor(cost, row.prefix, atMs), row);
      for (const row of holding(cost, atMs)) compare(rowFor(sale, row.prefix, atMs), row, row);
    }
  }
  return [...worst.values()];
}

function* holding(list: PriceList | undefined, atMs: number): Generator<DeckRow> {
  if (list === undefined) return;
  for (const row of list.rows()) {
    if (row.origins.length === 0 && row.validFromMs <= atMs && atMs < row.validUntilMs) yield row;
  }
}

function rowFor(list: PriceList, prefix: string, atMs: number): DeckRow | undefined {
  const at = list.find(prefix, '', atMs);
  return at < 0 ? undefined : list.rowAt(at);
}

function dearest(row: DeckRow): bigint {
  return dearestPerMinuteMicros({ ...unpricedRow, ...row });
}

function rise({ beforeMicros, afterMicros }: PreviewLine): bigint {
  return afterMicros - beforeMicros;
}

function steepest(lines: readonly PreviewLine[]): readonly PreviewLine[] {
  return lines.toSorted((one, other) => Number(rise(other) - rise(one))).slice(0, maxLines);
}

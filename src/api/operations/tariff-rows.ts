import { ok } from '../../base/result/result.ts';
import { printAmount } from '../../base/money/money.ts';
import { type DeckRow, never } from '../../billing/tariff/price-list.ts';
import type { Arguments } from '../operation.ts';
import type { OperationPorts } from '../ports.ts';
import type { TariffRowsView, TariffRowView } from '../views.ts';
import { optionalText, text, whole } from './arguments.ts';
import { notFound, type Outcome, quoted, refused } from './outcome.ts';

const usualRows = 100;
const maxRows = 10_000;

/** The prices of a tariff, in the order of their prefixes. */
export function tariffRows(ports: OperationPorts, given: Arguments): Outcome<TariffRowsView> {
  const name = text(given, 'tariff');
  if (!name.ok) return name;
  const written = optionalText(given, 'prefix');
  if (!written.ok) return written;
  const limit = whole(given, 'limit', { min: 1, max: maxRows, otherwise: usualRows });
  if (!limit.ok) return limit;
  const prefix = (written.value ?? '').replace(/^\+/, '');
  if (!/^\d{0,15}$/.test(prefix)) {
    return refused(
      `prefix ${quoted(written.value ?? '')} is refused; write digits in international form, such as 4366`,
    );
  }
  const { tariffs } = ports.directory;
  const tariff = tariffs.byName(name.value);
  if (tariff === undefined)
    return notFound(`there is no tariff ${quoted(name.value)}; 'ringfence tariff list' has them`);
  const rows: DeckRow[] = [];
  let count = 0;
  for (const row of ports.prices.listOf(tariff.id).rows()) {
    if (!row.prefix.startsWith(prefix) && !prefix.startsWith(row.prefix)) continue;
    count++;
    rows.push(row);
  }
  const parent = tariff.parentId === undefined ? '' : (tariffs.byId(tariff.parentId)?.name ?? '');
  const { currency } = ports.settings.current;
  const first = rows.toSorted(byPrefix).slice(0, limit.value);
  return ok({ tariff: tariff.name, parent, currency, rows: first.map(rowView), count });
}

/** As a telephone book has them: 43, 431, 44. */
function byPrefix(one: DeckRow, other: DeckRow): number {
  return one.prefix < other.prefix ? -1 : one.prefix > other.prefix ? 1 : one.validFromMs - other.validFromMs;
}

function rowView(row: DeckRow): TariffRowView {
  return {
    prefix: row.prefix,
    name: row.name,
    price: printAmount(row.peakPerMinuteMicros),
    offpeak: printAmount(row.offPeakPerMinuteMicros),
    weekend: printAmount(row.weekendPerMinuteMicros),
    connectFee: printAmount(row.connectFeeMicros),
    increments: `${row.firstIncrementS}/${row.nextIncrementS}`,
    more: moreOf(row).join(', '),
    validFrom: row.validFromMs === 0 ? '' : dateOf(row.validFromMs),
    validUntil: row.validUntilMs === never ? '' : dateOf(row.validUntilMs),
  };
}

function moreOf(row: DeckRow): readonly string[] {
  const { minimumChargeMicros, freeSeconds, attemptFeeMicros, shortCallSurchargeMicros, shortCallS, origins } = row;
  return [
    ...(minimumChargeMicros > 0n ? [`at least ${printAmount(minimumChargeMicros)}`] : []),
    ...(freeSeconds > 0 ? [`${freeSeconds} s free`] : []),
    ...(attemptFeeMicros > 0n ? [`${printAmount(attemptFeeMicros)} an attempt`] : []),
    ...(shortCallSurchargeMicros > 0n ? [`${printAmount(shortCallSurchargeMicros)} below ${shortCallS} s`] : []),
    ...(origins.length > 0 ? [`for callers of ${origins.join(' ')}`] : []),
    ...(row.isFree ? ['free'] : []),
  ];
}

/** As the column of a price list writes it: the day, or the minute where it is not midnight. */
function dateOf(atMs: number): string {
  return new Date(atMs)
    .toISOString()
    .slice(0, 16)
    .replace('T', ' ')
    .replace(/ 00:00$/, '');
}

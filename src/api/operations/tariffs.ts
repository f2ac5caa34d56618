import { putTariff } from '../../accounts/admin-tariffs.ts';
import type { Account } from '../../accounts/model.ts';
import { ok } from '../../base/result/result.ts';
import { printAmount } from '../../base/money/money.ts';
import { perMinuteMicros, priceOf } from '../../billing/rating/price.ts';
import type { PreviewLine } from '../../billing/tariff/deck-preview.ts';
import type { Pricing } from '../../billing/tariff/price-book.ts';
import { PriceList } from '../../billing/tariff/price-list.ts';
import { readNumber } from '../../numbering/called-number.ts';
import { classify } from '../../numbering/classify.ts';
import { numberingPlan } from '../../numbering/numbering-plan.ts';
import type { Arguments } from '../operation.ts';
import type { OperationPorts } from '../ports.ts';
import type { PreviewLineView, PriceView, RateView, TariffImportView } from '../views.ts';
import { adminContext, changeLines, commit, refusedFields } from './administration.ts';
import { flag, optionalText, text } from './arguments.ts';
import { tariffRows } from './tariff-rows.ts';
import { namedAccount } from './named-account.ts';
import { done, type OperationsOf, type Outcome, quoted, refused } from './outcome.ts';

type Names = 'tariff list' | 'tariff show' | 'tariff import' | 'tariff progress' | 'packet list' | 'rate';

export function tariffOperations(ports: OperationPorts): OperationsOf<Names> {
  /** Imports are done one after another: there is one that is read, or none. */
  let percent: number | undefined;
  const onProgress = (now: number | undefined): void => {
    percent = now;
  };
  return {
    'tariff show': (given) => Promise.resolve(tariffRows(ports, given)),
    'tariff progress': () => done({ percent: percent ?? null }),
    'tariff list': () => {
      const { tariffs } = ports.directory;
      const views = tariffs.all().map(({ id, name, parentId }) => {
        const parent = parentId === undefined ? '' : (tariffs.byId(parentId)?.name ?? '');
        return { name, parent, prices: ports.prices.listOf(id).size };
      });
      return done({ tariffs: views });
    },
    'tariff import': (given) => importTariff(ports, given, onProgress).finally(() => onProgress(undefined)),
    'packet list': () => {
      const { packets, tariffs } = ports.directory;
      const views = packets.all().map(({ name, tariffId, prefixes, audience }) => {
        return { name, tariff: tariffs.byId(tariffId)?.name ?? '', prefixes, audience };
      });
      return done({ packets: views });
    },
    rate: (given) => Promise.resolve(rate(ports, given)),
  };
}

async function importTariff(
  ports: OperationPorts,
  given: Arguments,
  onProgress: (percent: number) => void,
): Promise<Outcome<TariffImportView>> {
  const document = text(given, 'document');
  if (!document.ok) return document;
  const name = text(given, 'tariff');
  if (!name.ok) return name;
  const dryRun = flag(given, 'dryRun');
  if (!dryRun.ok) return dryRun;
  const { directory, prices, clock, reader } = ports;
  const known = directory.tariffs.byName(name.value);
  const previous = known === undefined ? undefined : prices.listOf(known.id);
  const task = {
    ...{ kind: 'deck' as const, text: document.value, previous: previous?.columns },
    ...marketOf(ports, known?.id),
    atMs: clock.wallMs(),
  };
  const read = await reader.read(task, onProgress);
  if (!read.ok) return refused(['nothing was imported:', ...read.error].join('\n'));
  if (read.value.kind !== 'deck') return refused('nothing was imported: the document is no price list');
  const { deck, columns, preview } = read.value;
  const plan = putTariff({ name: name.value }, { deck, isSame: false }, adminContext(ports));
  if (!plan.ok) return refusedFields(plan.error);
  const { dearer, losses, ...counts } = preview;
  const view = { ...counts, dearer: dearer.map(previewView), losses: losses.map(previewView) };
  const { currency } = ports.settings.current;
  if (dryRun.value) return ok({ dryRun: true, tariff: name.value, currency, changes: [], ...view });
  prices.prepare(deck, new PriceList(columns));
  await commit(ports, plan.value);
  return ok({ dryRun: false, tariff: name.value, currency, changes: changeLines(plan.value.audit), ...view });
}

/** Whether customers or SIP servers are priced by a tariff, and the lists of the other side. */
function marketOf(
  { directory, prices }: OperationPorts,
  tariffId: number | undefined,
): { readonly role: 'sale' | 'cost' | 'none'; readonly others: readonly PriceList['columns'][] } {
  const costPackets = new Set(directory.sipServers().flatMap(({ packetIds }) => packetIds));
  const sides = { cost: new Set<number>(), sale: new Set<number>() };
  for (const { id, tariffId: used } of directory.packets.all()) sides[costPackets.has(id) ? 'cost' : 'sale'].add(used);
  const columns = (ids: ReadonlySet<number>): PriceList['columns'][] => [...ids].map((id) => prices.listOf(id).columns);
  if (tariffId === undefined) return { role: 'none', others: [] };
  if (sides.cost.has(tariffId)) return { role: 'cost', others: columns(sides.sale) };
  if (sides.sale.has(tariffId)) return { role: 'sale', others: columns(sides.cost) };
  return { role: 'none', others: [] };
}

function previewView({ prefix, name, beforeMicros, afterMicros }: PreviewLine): PreviewLineView {
  return { prefix, name, before: printAmount(beforeMicros), after: printAmount(afterMicros) };
}

/** What a number is, what a user pays for it now, and what each SIP server costs. */
function rate(ports: OperationPorts, given: Arguments): Outcome<RateView> {
  const written = text(given, 'number');
  if (!written.ok) return written;
  const user = namedAccount(ports, given, 'user');
  if (!user.ok) return user;
  const from = optionalText(given, 'from');
  if (!from.ok) return from;
  const { directory, settings } = ports;
  const account = user.value;
  const plan = numberingPlan(settings.current, account);
  const number = readNumber(written.value.replaceAll(/[-. ()]/g, ''), '', plan);
  if (number === undefined) return refused(`${quoted(written.value)} is not a number; write it as +43123456`);
  const origin = from.value === undefined ? '' : (readNumber(from.value, '', plan)?.digits ?? '');
  const view = (of: Account): PriceView => priceView(ports, pricing(ports, of, number.digits, origin));
  const costs = directory.sipServers().map((server) => ({ sipServer: server.name, cost: view(server) }));
  const { currency } = settings.current;
  return ok({
    ...{ number: number.digits, numberClass: classify(number, plan), user: account.name, currency },
    ...{ price: view(account), costs },
  });
}

function pricing(
  { prices, settings, clock }: OperationPorts,
  account: Account,
  digits: string,
  origin: string,
): Pricing {
  const { currency, vgetpriceexactmatch } = settings.current;
  const exact = vgetpriceexactmatch === 2 || (vgetpriceexactmatch === 1 && account.kind === 'reseller');
  return prices.price({ account, digits, origin, currency, exact, atMs: clock.wallMs() });
}

function priceView({ prices, settings, clock }: OperationPorts, { packet, assigned, row }: Pricing): PriceView {
  const periods = prices.periods(settings.current);
  const nowMs = clock.wallMs();
  const costs = (durationS: number): string => {
    return row === undefined ? '' : printAmount(priceOf(row, nowMs, durationS, periods));
  };
  return {
    packet: packet?.name ?? '',
    assigned,
    tariff: row?.tariff ?? '',
    prefix: row?.prefix ?? '',
    name: row?.name ?? '',
    perMinute: row === undefined ? '' : printAmount(perMinuteMicros(row, periods.at(nowMs).period)),
    increments: row === undefined ? '' : `${row.firstIncrementS}/${row.nextIncrementS}`,
    oneSecond: costs(1),
    oneMinute: costs(60),
    tenMinutes: costs(600),
  };
}

import type { Command } from 'commander';
import type {
  PacketView,
  PreviewLineView,
  PriceView,
  RateView,
  TariffImportView,
  TariffRowsView,
  TariffRowView,
  TariffView,
} from '../../api/views.ts';
import type { CommandContext } from '../context.ts';
import { printable } from '../output/escape.ts';
import { plural } from '../output/format.ts';
import { parseCount } from '../output/list-flags.ts';
import type { Column } from '../output/table.ts';
import { readDocument } from '../read-document.ts';
import { addCommand, type CommonOptions, describedCommand, type Shell } from '../shell.ts';

interface ImportFlags extends CommonOptions {
  readonly tariff: string;
  readonly dryRun?: boolean;
}

interface ShowFlags extends CommonOptions {
  readonly prefix?: string;
  readonly limit?: string;
}

interface RateFlags extends CommonOptions {
  readonly user: string;
  readonly from?: string;
}

export function addTariffCommands(program: Command, shell: Shell): void {
  const tariffs = describedCommand(program, 'tariff', 'Price lists by prefix.', [
    'tariff import --dry-run carrier.csv --tariff carrier',
    'tariff list',
    'tariff show carrier --prefix 4366',
  ]);
  addCommand(
    tariffs,
    'import <file>',
    "Take a carrier's price list as CSV (- for standard input) in place of the tariff's prices: all rows, or none. Tells what gets dearer, and what costs more than it sells.",
    ['tariff import --dry-run carrier.csv --tariff carrier', 'tariff import carrier.csv --tariff carrier'],
  )
    .requiredOption('--tariff <name>', 'the tariff whose prices these are; it is made where there is none')
    .option('--dry-run', 'only tell what would change')
    .action((file: string, options: ImportFlags) =>
      shell.perform(options, (context) => importDeck(context, file, options)),
    );
  addCommand(tariffs, 'list', 'All tariffs, with the number of their prices.', ['tariff list']).action(
    (options: CommonOptions) =>
      shell.perform(options, (context) => {
        return context.answer('tariff list', {}, (value) => {
          return context.table(
            tariffColumns,
            value.tariffs,
            "There are no tariffs; 'ringfence tariff import' brings one.",
          );
        });
      }),
  );
  addCommand(
    tariffs,
    'show <name>',
    'The prices of a tariff, by prefix; with --prefix those that numbers beginning so can have.',
    ['tariff show carrier', 'tariff show carrier --prefix 4366'],
  )
    .option('--prefix <digits>', 'in international form')
    .option('--limit <count>', 'at most this many (default: 100, largest: 10000)')
    .action((tariff: string, options: ShowFlags) =>
      shell.perform(options, (context) => {
        const limit = parseCount(options.limit);
        if (!limit.ok) return Promise.resolve(context.usage(limit.error));
        const query = { tariff, prefix: options.prefix, limit: limit.value };
        return context.answer('tariff show', query, (value) => rowsText(context, value));
      }),
    );
  const packets = describedCommand(program, 'packet', 'Price packages: who pays by which tariff.', ['packet list']);
  addCommand(packets, 'list', 'All packets.', ['packet list']).action((options: CommonOptions) =>
    shell.perform(options, (context) => {
      return context.answer('packet list', {}, (value) => {
        return context.table(packetColumns, value.packets, "There are no packets; 'ringfence import' brings them.");
      });
    }),
  );
  addCommand(
    program,
    'rate <number>',
    'What a number is, what a user pays for it at this hour, and what each SIP server costs.',
    ['rate +43664123456 --user alice'],
  )
    .requiredOption('--user <name>', 'who calls')
    .option('--from <number>', "the caller's number, where prices differ by origin")
    .action((number: string, options: RateFlags) =>
      shell.perform(options, (context) => {
        const { user, from } = options;
        return context.answer('rate', { number, user, from }, (value) => rateText(context, value));
      }),
    );
}

async function importDeck(context: CommandContext, file: string, { tariff, dryRun }: ImportFlags): Promise<number> {
  const read = await readDocument(context, file);
  if (!read.ok) return context.fail(read.error);
  const document = read.value;
  const given = { document, tariff, dryRun: dryRun === true };
  const ask = async (): Promise<number | undefined> => {
    const answered = await context.call('tariff progress', {});
    return answered.ok ? (answered.value.percent ?? undefined) : undefined;
  };
  return context.answerLater('reading prices', 'tariff import', given, (value) => importText(context, value), ask);
}

function rowsText(context: CommandContext, { tariff, parent, currency, rows, count }: TariffRowsView): string {
  const has = (name: 'offpeak' | 'weekend' | 'connectFee' | 'more' | 'validFrom' | 'validUntil'): boolean =>
    rows.some(
      (row) => row[name] !== '' && !(name === 'connectFee' && row.connectFee === '0.00') && row[name] !== row.price,
    );
  const optional = (title: string, name: Parameters<typeof has>[0]): readonly Column<TariffRowView>[] =>
    has(name) ? [{ title, cell: (row) => row[name] }] : [];
  const columns: readonly Column<TariffRowView>[] = [
    { title: 'prefix', cell: (row) => (row.prefix === '' ? 'every number' : row.prefix) },
    { title: 'name', max: 40, cell: (row) => row.name },
    { title: 'a minute', align: 'right', cell: (row) => row.price },
    ...optional('off-peak', 'offpeak'),
    ...optional('weekend', 'weekend'),
    ...optional('connect fee', 'connectFee'),
    { title: 'increments', cell: (row) => row.increments },
    ...optional('from', 'validFrom'),
    ...optional('until', 'validUntil'),
    ...optional('more', 'more'),
  ];
  const elsewhere = parent === '' ? '' : ` What it lacks is looked up in ${printable(parent)}.`;
  const left = count > rows.length ? `The first ${rows.length}; --prefix narrows them, --limit takes more.\n` : '';
  return (
    `${printable(tariff)}: ${plural(count, 'price')} in ${printable(currency)}.${elsewhere}\n` +
    context.table(columns, rows, 'There is none that fits.') +
    left
  );
}

function importText(context: CommandContext, value: TariffImportView): string {
  const { rows, added, removed, cheaper, dearer, dearerCount, losses, lossCount, currency } = value;
  const counts = `${added} new, ${removed} gone, ${dearerCount} dearer, ${cheaper} cheaper`;
  const parts = [
    previewText(
      context,
      `${plural(dearerCount, 'prefix', 'prefixes')} dearer (${currency} a minute)`,
      ['was', 'is'],
      dearer,
    ),
    previewText(
      context,
      `${plural(lossCount, 'prefix', 'prefixes')} cost more than they sell`,
      ['price', 'cost'],
      losses,
    ),
    value.dryRun
      ? `Dry run, nothing was changed. ${plural(rows, 'price')}: ${counts}.\n`
      : `${plural(rows, 'price')} imported into tariff ${printable(value.tariff)}: ${counts}.\n`,
  ];
  return parts.filter((part) => part !== '').join('\n');
}

function previewText(
  context: CommandContext,
  title: string,
  [before, after]: readonly [string, string],
  rows: readonly PreviewLineView[],
): string {
  if (rows.length === 0) return '';
  const columns: readonly Column<PreviewLineView>[] = [
    { title: 'prefix', cell: (row) => row.prefix },
    { title: 'name', max: 40, cell: (row) => row.name },
    { title: before, align: 'right', cell: (row) => row.before },
    { title: after, align: 'right', cell: (row) => row.after },
  ];
  return `${title}, the most first:\n${context.table(columns, rows, '')}`;
}

function rateText(context: CommandContext, { number, numberClass, user, currency, price, costs }: RateView): string {
  const rows = [
    { who: user, price },
    ...costs.map(({ sipServer, cost }) => ({ who: `costs us over ${sipServer}`, price: cost })),
  ];
  const columns: readonly Column<(typeof rows)[number]>[] = [
    { title: 'who', cell: (row) => row.who },
    { title: 'packet', cell: (row) => packetText(row.price) },
    { title: 'tariff', cell: (row) => row.price.tariff },
    { title: 'prefix', cell: (row) => row.price.prefix },
    { title: 'name', max: 30, cell: (row) => row.price.name },
    { title: 'a minute', align: 'right', cell: (row) => row.price.perMinute },
    { title: 'increments', cell: (row) => row.price.increments },
    { title: '1 s', align: 'right', cell: (row) => row.price.oneSecond },
    { title: '60 s', align: 'right', cell: (row) => row.price.oneMinute },
    { title: '600 s', align: 'right', cell: (row) => row.price.tenMinutes },
  ];
  return `${printable(number)} is ${numberClass}; prices in ${printable(currency)} at this hour.\n${context.table(columns, rows, '')}`;
}

function packetText({ packet, assigned }: PriceView): string {
  if (packet === '') return 'none';
  return assigned ? packet : `${packet} (general)`;
}

const tariffColumns: readonly Column<TariffView>[] = [
  { title: 'tariff', cell: (row) => row.name },
  { title: 'parent', cell: (row) => row.parent },
  { title: 'prices', align: 'right', cell: (row) => String(row.prices) },
];

const packetColumns: readonly Column<PacketView>[] = [
  { title: 'packet', cell: (row) => row.name },
  { title: 'tariff', cell: (row) => row.tariff },
  { title: 'prefixes', max: 40, cell: (row) => (row.prefixes.length === 0 ? 'every number' : row.prefixes.join(', ')) },
  { title: 'for', cell: (row) => row.audience },
];

import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Command } from 'commander';
import type { BlockListView, HeldChangeView } from '../../api/views.ts';
import type { CommandContext } from '../context.ts';
import { printable } from '../output/escape.ts';
import { duration, plural } from '../output/format.ts';
import type { Column } from '../output/table.ts';
import { addCommand, type CommonOptions, type Shell } from '../shell.ts';

interface AddFlags extends CommonOptions {
  readonly format?: string;
  readonly allowHttp?: boolean;
}

export function addBlockListCommands(program: Command, shell: Shell): void {
  const lists = program.command('blocklist').description('Lists of bad addresses that others keep.');
  addCommand(lists, 'list', 'All block lists, how old they are, and what is wrong with them.', [
    'blocklist list',
  ]).action((options: CommonOptions) =>
    shell.perform(options, (context) =>
      context.answer('blocklist list', {}, ({ lists: rows }) => listText(context, rows)),
    ),
  );
  addCommand(lists, 'add <name> <source>', 'Fetches a list from a URL or file, and refreshes it from then on.', [
    'blocklist add bad https://lists.example/bad.txt',
    'blocklist add own /etc/ringfence/bad.txt',
    'blocklist add apiban https://apiban.org/api/KEY/banned --format apiban',
  ])
    .option('--format <format>', 'plain (an address or range a line) or apiban (default: plain)')
    .option('--allow-http', 'take the list over http, where anybody on the way can change it')
    .action((name: string, source: string, options: AddFlags) =>
      shell.perform(options, (context) => {
        const { format, allowHttp = false } = options;
        const url = sourceUrl(source, context.environment.workingFolder);
        return context.answerLater('fetching', 'blocklist add', { name, source: url, format, allowHttp }, fetchedText);
      }),
    );
  addCommand(lists, 'preview <name>', 'What waits for your yes: what comes and goes, and whom it would cut off.', [
    'blocklist preview bad',
  ]).action((name: string, options: CommonOptions) =>
    shell.perform(options, (context) =>
      context.answer('blocklist preview', { name }, ({ list, change }) =>
        change === null ? `Nothing of ${printable(list.name)} waits for your yes.\n` : previewText(list, change),
      ),
    ),
  );
  addCommand(lists, 'accept <name>', 'Says yes to what waits.', ['blocklist accept bad']).action(
    (name: string, options: CommonOptions) =>
      shell.perform(options, (context) =>
        context.answer(
          'blocklist accept',
          { name },
          ({ list }) => `In effect: ${printable(list.name)} with ${entries(list.entries)}.\n`,
        ),
      ),
  );
  addCommand(lists, 'remove <name>', 'Takes a list out, and all that it stops.', ['blocklist remove bad']).action(
    (name: string, options: CommonOptions) =>
      shell.perform(options, (context) =>
        context.answer('blocklist remove', { name }, (value) => `Removed: ${printable(value.name)}.\n`),
      ),
  );
  addCommand(lists, 'refresh <name>', 'Fetches a list now.', ['blocklist refresh bad']).action(
    (name: string, options: CommonOptions) =>
      shell.perform(options, (context) => context.answerLater('fetching', 'blocklist refresh', { name }, fetchedText)),
  );
}

/** Rows of block lists, with what is wrong with each below them. */
export function listText(context: CommandContext, rows: readonly BlockListView[]): string {
  const nowMs = context.environment.clock.wallMs();
  const age = (atMs: number | null): string => (atMs === null ? 'never' : `${duration(nowMs - atMs)} ago`);
  const columns: readonly Column<BlockListView>[] = [
    { title: 'list', cell: ({ name }) => name },
    { title: 'entries', align: 'right', cell: (list) => String(list.entries) },
    { title: 'fetched', cell: ({ takenAtMs }) => age(takenAtMs) },
    { title: 'checked', cell: ({ checkedAtMs }) => age(checkedAtMs) },
    { title: 'source', max: 60, cell: ({ source }) => source },
    { title: 'state', max: 60, cell: stateOf },
  ];
  return context.table(columns, rows, 'There are no block lists.');
}

function stateOf({ fault, held, leftOut }: BlockListView): string {
  if (fault !== null) return `not refreshed: ${fault}`;
  if (held !== null) return `waits for your yes: ${held.why}`;
  return leftOut.count === 0 ? 'in effect' : `in effect; left out: ${leftOut.count}`;
}

function fetchedText({ list, isFetching }: { list: BlockListView; isFetching: boolean }): string {
  const name = printable(list.name);
  if (isFetching) return `${name} is still being fetched; see: ringfence blocklist list\n`;
  const left = list.leftOut.first.map((entry) => `Left out: ${printable(entry)}.\n`).join('');
  if (list.fault !== null) {
    const kept = list.takenAtMs === null ? 'there is no copy yet' : 'the last good copy stays';
    return `Not fetched, ${kept}: ${printable(list.fault)}\n`;
  }
  if (list.held !== null) {
    const why = `Not in effect yet: a copy of ${entries(list.held.entries)} waits for your yes, because ${printable(list.held.why)}`;
    return `${left}${why}.\nSee: ringfence blocklist preview ${name}; then: ringfence blocklist accept ${name}\n`;
  }
  return `${left}In effect: ${name} with ${entries(list.entries)}.\n`;
}

function previewText(list: BlockListView, change: HeldChangeView): string {
  const { added, removed, addedShown, removedShown, cutOff } = change;
  const some = (sign: string, shown: readonly string[], all: number): string => {
    const rest = all > shown.length ? `  ${sign} and ${all - shown.length} more\n` : '';
    return shown.map((entry) => `  ${sign} ${printable(entry)}\n`).join('') + rest;
  };
  const hit = [
    ...cutOff.bindings.map((name) => `  phone of ${printable(name)}\n`),
    ...cutOff.calls.map((call) => `  call ${printable(call)}\n`),
    ...cutOff.peers.map((name) => `  SIP server or traffic sender ${printable(name)}\n`),
  ].join('');
  return [
    `${printable(list.name)}: now ${entries(list.entries)}; ${added} would come, ${removed} would go.\n`,
    some('+', addedShown, added),
    some('-', removedShown, removed),
    hit === '' ? 'Nobody who is known would be cut off.\n' : `This would cut off:\n${hit}`,
    hit === '' ? '' : 'Keep somebody with: ringfence bans allow ADDRESS\n',
  ].join('');
}

function entries(count: number): string {
  return plural(count, 'entry', 'entries');
}

function sourceUrl(source: string, workingFolder: string): string {
  return URL.canParse(source) ? source : pathToFileURL(resolve(workingFolder, source)).href;
}

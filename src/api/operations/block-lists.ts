import { fail, ok, type Result } from '../../base/result/result.ts';
import { type BlockLists, type BlockListState, shownSource } from '../../guard/lists/block-lists.ts';
import type { Arguments } from '../operation.ts';
import type { OperationPorts } from '../ports.ts';
import type { BlockListView } from '../views.ts';
import { flag, optionalText, text } from './arguments.ts';
import { commandLine, notFound, type OperationsOf, type Outcome, quoted, refused } from './outcome.ts';

type Names =
  | 'blocklist list'
  | 'blocklist add'
  | 'blocklist preview'
  | 'blocklist accept'
  | 'blocklist remove'
  | 'blocklist refresh';

/** A fetch that takes longer goes on by itself; the list says later what came of it. */
const patienceMs = 15_000;

/** Lists of bad addresses that others keep. Only a running server fetches them. */
export function blockListOperations(ports: OperationPorts): OperationsOf<Names> {
  return {
    'blocklist list': () => {
      const lists = running(ports);
      return Promise.resolve(lists.ok ? ok({ lists: lists.value.states().map(blockListView) }) : lists);
    },
    'blocklist add': async (given) => {
      const lists = running(ports);
      if (!lists.ok) return lists;
      const wanted = wantedList(given);
      if (!wanted.ok) return wanted;
      const begun = lists.value.add(wanted.value);
      return begun.ok ? fetched(ports, lists.value, wanted.value.name, begun.value) : refused(begun.error);
    },
    'blocklist refresh': async (given) => {
      const named = namedList(ports, given);
      if (!named.ok) return named;
      const { lists, name } = named.value;
      return fetched(ports, lists, name, lists.refresh(name) ?? Promise.resolve(ok(undefined)));
    },
    'blocklist preview': async (given) => {
      const named = namedList(ports, given);
      if (!named.ok) return named;
      const { lists, name } = named.value;
      const change = await lists.preview(name);
      const list = stateOf(lists, name);
      return list.ok ? ok({ list: list.value, change: change ?? null }) : list;
    },
    'blocklist accept': async (given) => {
      const named = namedList(ports, given);
      if (!named.ok) return named;
      const { lists, name } = named.value;
      if (!(await lists.accept(name, commandLine))) return refused(`nothing of ${quoted(name)} waits for a yes`);
      const list = stateOf(lists, name);
      return list.ok ? ok({ list: list.value }) : list;
    },
    'blocklist remove': async (given) => {
      const named = namedList(ports, given);
      if (!named.ok) return named;
      const { lists, name } = named.value;
      await lists.remove(name, commandLine);
      return ok({ name });
    },
  };
}

/** How a list stands, as operators see it: never with a key of theirs. */
export function blockListView({ record, entries, heldEntries, leftOut }: BlockListState): BlockListView {
  const { name, format, by, addedAtMs, fault, heldWhy } = record;
  const time = (atMs: number): number | null => (atMs === 0 ? null : atMs);
  return {
    ...{ name, format, by, addedAtMs, entries, leftOut },
    source: shownSource(record),
    takenAtMs: time(record.takenAtMs),
    checkedAtMs: time(record.checkedAtMs),
    fault: fault === '' ? null : fault,
    held: record.heldAtMs === 0 ? null : { entries: heldEntries, atMs: record.heldAtMs, why: heldWhy },
  };
}

function running({ live }: OperationPorts): Outcome<BlockLists> {
  if (live?.blockLists !== undefined) return ok(live.blockLists);
  const message = "the server is not running, and it is what fetches block lists; start it with 'ringfence serve'";
  return fail({ code: 'server is not running', message });
}

function namedList(ports: OperationPorts, given: Arguments): Outcome<{ lists: BlockLists; name: string }> {
  const lists = running(ports);
  if (!lists.ok) return lists;
  const name = text(given, 'name');
  if (!name.ok) return name;
  const state = stateOf(lists.value, name.value);
  return state.ok ? ok({ lists: lists.value, name: name.value }) : state;
}

function stateOf(lists: BlockLists, name: string): Outcome<BlockListView> {
  const state = lists.states().find(({ record }) => record.name === name);
  if (state !== undefined) return ok(blockListView(state));
  return notFound(`there is no block list ${quoted(name)}; 'ringfence blocklist list' shows all`);
}

function wantedList(given: Arguments): Outcome<Parameters<BlockLists['add']>[0]> {
  const name = text(given, 'name');
  if (!name.ok) return name;
  const source = text(given, 'source');
  if (!source.ok) return source;
  const format = optionalText(given, 'format');
  if (!format.ok) return format;
  const allowsHttp = flag(given, 'allowHttp');
  if (!allowsHttp.ok) return allowsHttp;
  const { value: kind = 'plain' } = format;
  if (kind !== 'plain' && kind !== 'apiban') {
    return fail({ code: 'arguments', message: `the format is plain or apiban, not ${quoted(kind)}` });
  }
  return ok({ name: name.value, source: source.value, format: kind, allowsHttp: allowsHttp.value, by: commandLine });
}

/** Waits a while for the fetch, and tells how the list stands then. */
async function fetched(
  { clock }: OperationPorts,
  lists: BlockLists,
  name: string,
  fetching: Promise<Result<void, string>>,
): Promise<Outcome<{ list: BlockListView; isFetching: boolean }>> {
  const late = Promise.withResolvers<boolean>();
  const timer = clock.after(patienceMs, () => late.resolve(true));
  const isFetching = await Promise.race([fetching.then(() => false), late.promise]);
  timer.cancel();
  const list = stateOf(lists, name);
  return list.ok ? ok({ list: list.value, isFetching }) : list;
}

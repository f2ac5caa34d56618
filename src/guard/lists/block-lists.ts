import type { Log } from '../../base/log/log.ts';
import type { Random } from '../../base/random/random.ts';
import { fail, ok, type Result } from '../../base/result/result.ts';
import type { Clock, Timer } from '../../base/time/clock.ts';
import { inSlices, type NextTurn } from '../../base/time/in-slices.ts';
import type { Settings } from '../../settings/index.ts';
import { ListedSources } from './listed-sources.ts';
import type { BlockListRecord, BlockListStore, CutOff, Fetched, ListFetcher, StoredBlockList } from './ports.ts';
import { holderOf, noPrefixes, type PrefixSet, sizeOf, textsOf, without } from './prefix-set.ts';
import { readList } from './read-list.ts';

/** All lists together: 2 MB of memory where all are IPv4, some 10 MB where all are IPv6. */
export const maxEntries = 100_000;
export const maxLists = 16;
/** A refresh that changes more of a list than this waits for the operator. */
const mostChange = 0.2;
const firstRefreshMs = 60_000;
const retryMs = 600_000;
const shownEntries = 20;

/** What the block lists need of the rest of the server. */
export interface BlockListParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly settings: () => Settings;
  readonly log: Log;
  readonly store: BlockListStore;
  readonly fetcher: ListFetcher;
  readonly nextTurn: NextTurn;
  /** Addresses of this server. */
  readonly ownAddresses: () => readonly string[];
  /** Whom these sources would cut off, who is neither allowed nor trusted. */
  readonly cutOffBy: (sources: ListedSources) => CutOff;
  /** Another set of sources is in effect from now on. */
  readonly onChange: () => void;
  /** Writes down who changed which list, and how. */
  readonly audit: (by: string, action: string, list: string, detail: string) => void;
}

/** How a list stands, for whoever asks. */
export interface BlockListState {
  readonly record: BlockListRecord;
  readonly entries: number;
  readonly heldEntries: number;
  /** Entries of the last fetch that were not taken, because they cover our own or private addresses. */
  readonly leftOut: { readonly count: number; readonly first: readonly string[] };
}

/** What taking over the copy that waits would change. */
export interface HeldChange {
  readonly added: number;
  readonly removed: number;
  /** The first of them. */
  readonly addedShown: readonly string[];
  readonly removedShown: readonly string[];
  readonly cutOff: CutOff;
}

interface List {
  record: BlockListRecord;
  current: PrefixSet;
  held: PrefixSet | undefined;
  leftOut: BlockListState['leftOut'];
  timer: Timer | undefined;
  busy: Promise<Result<void, string>> | undefined;
}

/**
 * Lists of bad addresses that others keep: fetched now and then, taken over whole or not at all, and only with the
 * operator's yes where much changes or somebody known would be cut off. What cannot be fetched leaves the last good copy.
 */
export class BlockLists {
  readonly #parts: BlockListParts;
  readonly #lists = new Map<string, List>();
  #sources = ListedSources.none;
  /** Counts changes of what is in effect. */
  #version = 0;

  constructor(parts: BlockListParts) {
    this.#parts = parts;
  }

  /** All addresses of all lists in effect. */
  get sources(): ListedSources {
    return this.#sources;
  }

  /** Takes over the lists of the last server, and begins to refresh them. */
  start(stored: readonly StoredBlockList[]): void {
    for (const { record, current, held } of stored) {
      const list = newList(record);
      list.current = restored(current);
      list.held = record.heldAtMs > 0 ? restored(held) : undefined;
      this.#lists.set(record.name, list);
      this.#plan(list, this.#parts.random.below(firstRefreshMs));
    }
    this.#sources = finish(ListedSources.of(this.#inEffect()));
  }

  stop(): void {
    for (const { timer } of this.#lists.values()) timer?.cancel();
  }

  states(): readonly BlockListState[] {
    return [...this.#lists.values()].map(stateOf);
  }

  /** The lists that hold an address, each with its entry. */
  concerning(address: string): readonly { readonly record: BlockListRecord; readonly entry: string }[] {
    return [...this.#lists.values()].flatMap(({ record, current }) => {
      const entry = holderOf(current, address);
      return entry === undefined ? [] : [{ record, entry }];
    });
  }

  /** Begins a list and fetches it for the first time. @returns why there is none, or how it stands then */
  add(
    wanted: Pick<BlockListRecord, 'name' | 'source' | 'format' | 'allowsHttp' | 'by'>,
  ): Result<Promise<Result<void, string>>, string> {
    const { name, source, by } = wanted;
    if (!/^[a-z0-9][a-z0-9._-]{0,31}$/i.test(name)) {
      return fail(`'${name.slice(0, 40)}' is no name of a list; write up to 32 letters, digits, '.', '_' and '-'`);
    }
    if (this.#lists.has(name))
      return fail(`there is a block list '${name}' already; remove it first, or choose another name`);
    if (this.#lists.size >= maxLists) return fail(`there are ${maxLists} block lists already; remove one first`);
    const wrong = wrongSource(source, wanted.allowsHttp);
    if (wrong !== undefined) return fail(wrong);
    const never = { checkedAtMs: 0, takenAtMs: 0, heldAtMs: 0 };
    const record = {
      ...wanted,
      addedAtMs: this.#parts.clock.wallMs(),
      etag: '',
      lastModified: '',
      fault: '',
      heldWhy: '',
    };
    const list = newList({ ...record, ...never });
    this.#lists.set(name, list);
    this.#parts.store.put(list.record);
    this.#parts.audit(by, 'add block list', name, shownSource(list.record));
    return ok(this.#refresh(list));
  }

  /** @returns false where there is none of this name */
  async remove(name: string, by: string): Promise<boolean> {
    const list = this.#lists.get(name);
    if (list === undefined) return false;
    list.timer?.cancel();
    this.#lists.delete(name);
    this.#parts.store.remove(name);
    this.#parts.audit(by, 'remove block list', name, `${sizeOf(list.current)} entries`);
    await this.#compile();
    return true;
  }

  /** Fetches a list now; undefined where there is none of this name. A fetch that is under way is joined. */
  refresh(name: string): Promise<Result<void, string>> | undefined {
    const list = this.#lists.get(name);
    return list === undefined ? undefined : this.#refresh(list);
  }

  /** What waits for the operator's yes; undefined where there is no such list, null where nothing waits. */
  async preview(name: string): Promise<HeldChange | null | undefined> {
    const list = this.#lists.get(name);
    if (list === undefined) return undefined;
    const { held, current } = list;
    if (held === undefined) return null;
    const { nextTurn, cutOffBy } = this.#parts;
    const { added, removed } = await inSlices(changeBetween(current, held), nextTurn);
    return {
      added: sizeOf(added),
      removed: sizeOf(removed),
      addedShown: await inSlices(textsOf(added, shownEntries), nextTurn),
      removedShown: await inSlices(textsOf(removed, shownEntries), nextTurn),
      cutOff: cutOffBy(await inSlices(ListedSources.of([added]), nextTurn)),
    };
  }

  /** The operator says yes to what waits. @returns false where nothing does */
  async accept(name: string, by: string): Promise<boolean> {
    const list = this.#lists.get(name);
    if (list?.held === undefined) return false;
    const { held, record } = list;
    await this.#take(list, held, record.heldAtMs, by);
    return true;
  }

  #refresh(list: List): Promise<Result<void, string>> {
    list.timer?.cancel();
    list.busy ??= this.#fetch(list).then((done) => {
      list.busy = undefined;
      const every = this.#parts.settings().blocklist_refresh * 1000;
      const waitMs = done.ok ? every : Math.min(every, retryMs);
      // A tenth of chance keeps lists of one source, and servers of one operator, from asking all at once.
      this.#plan(list, waitMs + this.#parts.random.below(Math.ceil(waitMs / 10)));
      return done;
    });
    return list.busy;
  }

  #plan(list: List, delayMs: number): void {
    list.timer?.cancel();
    if (!this.#isHere(list)) return;
    list.timer = this.#parts.clock.after(delayMs, () => {
      this.#refresh(list).catch(() => {});
    });
  }

  async #fetch(list: List): Promise<Result<void, string>> {
    const { clock, fetcher, log } = this.#parts;
    const { name } = list.record;
    const fetchAndJudge = async (): Promise<Result<void, string>> => {
      const fetched = await fetcher.fetch(list.record);
      if (!this.#isHere(list)) return fail('the list was removed meanwhile');
      return fetched.ok ? this.#judge(list, fetched.value) : fetched;
    };
    // A fault of ours is one of this refresh only: the list is asked for again.
    const done = await fetchAndJudge().catch((error: unknown) => fail(String(error)));
    if (!this.#isHere(list)) return done;
    if (done.ok) this.#note(list, { checkedAtMs: clock.wallMs(), fault: '' });
    else {
      log.warn('block list not refreshed; its last good copy stays', { list: name, reason: done.error });
      this.#note(list, { fault: done.error });
    }
    return done;
  }

  /** Decides what becomes of what was fetched: nothing new, taken, or held for the operator. */
  async #judge(list: List, fetched: Fetched): Promise<Result<void, string>> {
    if (!fetched.isNew) return ok(undefined);
    const { clock, log, nextTurn, ownAddresses, cutOffBy } = this.#parts;
    const others = [...this.#lists.values()].filter((one) => one !== list);
    const room = maxEntries - others.reduce((sum, { current }) => sum + sizeOf(current), 0);
    const read = await inSlices(readList(fetched.text, { maxEntries: room, own: ownAddresses() }), nextTurn);
    if (!read.ok) return read;
    const { prefixes, leftOut } = read.value;
    const { added, removed } = await inSlices(changeBetween(list.current, prefixes), nextTurn);
    if (!this.#isHere(list)) return ok(undefined);
    list.leftOut = leftOut;
    // Stored behind the copy that they are about, so that no crash lets the source say that an older copy is still new.
    const validators = { etag: fetched.etag, lastModified: fetched.lastModified };
    const isSame = sizeOf(added) + sizeOf(removed) === 0;
    if (isSame && list.held === undefined && list.record.takenAtMs > 0) {
      this.#note(list, validators);
      return ok(undefined);
    }
    const share = (sizeOf(added) + sizeOf(removed)) / Math.max(1, sizeOf(list.current));
    const isFirst = list.record.takenAtMs === 0;
    const sources = await inSlices(ListedSources.of([added]), nextTurn);
    if (!this.#isHere(list)) return ok(undefined);
    const why = cutOffReason(cutOffBy(sources)) ?? (isFirst ? undefined : changeReason(share));
    const nowMs = clock.wallMs();
    if (why === undefined) {
      await this.#take(list, prefixes, nowMs, `list ${list.record.name}`);
      this.#note(list, validators);
      return ok(undefined);
    }
    list.held = prefixes;
    this.#parts.store.putCopy(list.record.name, 'held', await this.#text(prefixes));
    this.#note(list, { ...validators, heldAtMs: nowMs, heldWhy: why });
    log.warn('block list waits for an operator: ringfence blocklist preview', { list: list.record.name, reason: why });
    return ok(undefined);
  }

  async #take(list: List, prefixes: PrefixSet, fetchedAtMs: number, by: string): Promise<void> {
    const { store, log, nextTurn } = this.#parts;
    const { added, removed } = await inSlices(changeBetween(list.current, prefixes), nextTurn);
    const text = await this.#text(prefixes);
    if (!this.#isHere(list)) return;
    const { name } = list.record;
    list.current = prefixes;
    list.held = undefined;
    store.putCopy(name, 'current', text);
    store.putCopy(name, 'held', '');
    this.#note(list, { takenAtMs: fetchedAtMs, heldAtMs: 0, heldWhy: '' });
    const [more, less] = [sizeOf(added), sizeOf(removed)];
    if (more + less > 0) this.#parts.audit(by, 'take block list', name, `${more} added, ${less} removed`);
    log.info('block list in effect', { list: name, by, entries: sizeOf(prefixes), added: more, removed: less });
    await this.#compile();
  }

  async #text(prefixes: PrefixSet): Promise<string> {
    return (await inSlices(textsOf(prefixes), this.#parts.nextTurn)).join('\n');
  }

  #note(list: List, change: Partial<BlockListRecord>): void {
    list.record = { ...list.record, ...change };
    if (this.#isHere(list)) this.#parts.store.put(list.record);
  }

  #isHere(list: List): boolean {
    return this.#lists.get(list.record.name) === list;
  }

  #inEffect(): readonly PrefixSet[] {
    return [...this.#lists.values()].map(({ current }) => current);
  }

  /** Of several changes at once, whoever is done first with the last of them puts all into effect. */
  async #compile(): Promise<void> {
    const version = ++this.#version;
    const sources = await inSlices(ListedSources.of(this.#inEffect()), this.#parts.nextTurn);
    if (version !== this.#version) return;
    this.#sources = sources;
    this.#parts.onChange();
  }
}

/** The source without what may be a key: only the host of a URL that has one. */
export function shownSource({ source, format }: Pick<BlockListRecord, 'source' | 'format'>): string {
  const url = new URL(source);
  const isPublic = format === 'plain' && url.username === '' && url.password === '' && url.search === '';
  return isPublic ? source : `${url.protocol}//${url.host}/...`;
}

function wrongSource(source: string, allowsHttp: boolean): string | undefined {
  const url = URL.canParse(source) ? new URL(source) : undefined;
  if (url?.protocol === 'https:' || (url?.protocol === 'file:' && url.host === '')) return undefined;
  if (url?.protocol === 'http:') {
    return allowsHttp ? undefined : 'over http anybody on the way can change the list; use https, or say --allow-http';
  }
  return 'a block list comes from a URL such as https://lists.example/bad.txt or file:///etc/bad.txt';
}

function newList(record: BlockListRecord): List {
  const leftOut = { count: 0, first: [] };
  return { record, current: noPrefixes, held: undefined, leftOut, timer: undefined, busy: undefined };
}

function stateOf({ record, current, held, leftOut }: List): BlockListState {
  return { record, entries: sizeOf(current), heldEntries: held === undefined ? 0 : sizeOf(held), leftOut };
}

/** What the store kept was read before; a start waits for nothing, so it is read at once. */
function restored(text: string): PrefixSet {
  const list = finish(readList(text, { maxEntries, own: [] }));
  return list.ok ? list.value.prefixes : noPrefixes;
}

function finish<T>(work: Iterator<unknown, T>): T {
  for (let step = work.next(); ; step = work.next()) if (step.done === true) return step.value;
}

function* changeBetween(
  before: PrefixSet,
  after: PrefixSet,
): Generator<undefined, { added: PrefixSet; removed: PrefixSet }> {
  return { added: yield* without(after, before), removed: yield* without(before, after) };
}

function changeReason(share: number): string | undefined {
  return share > mostChange ? `it changes ${Math.round(share * 100)} % of the list` : undefined;
}

function cutOffReason({ bindings, calls, peers }: CutOff): string | undefined {
  const parts = [
    ...(bindings.length === 0 ? [] : [`${bindings.length} phones`]),
    ...(calls.length === 0 ? [] : [`${calls.length} calls`]),
    ...(peers.length === 0 ? [] : [`${peers.length} SIP servers or traffic senders`]),
  ];
  return parts.length === 0 ? undefined : `it would cut off ${parts.join(', ')}`;
}

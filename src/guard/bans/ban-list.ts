import ipaddr from 'ipaddr.js';
import { splitPort } from '../../accounts/address-index.ts';
import {
  type AddressWords,
  ipv4Offset,
  isIpv4Words,
  maskWords,
  readAddressWords,
} from '../../base/net/address-words.ts';
import type { Clock } from '../../base/time/clock.ts';
import type { KeyedHash } from '../table/keyed-hash.ts';
import { type Ban, banKey, type BanAction, type BanScope } from './ban.ts';
import { PlaceIndex } from './place-index.ts';

/** Beside an address stands its prefix length (0 to 128) or its port, which begins behind them. */
const portBase = 256;
const sweepMs = 10_000;

/** What detections list by themselves, each kind with a room of its own. */
export type OwnKind = 'ban' | 'user' | 'shed' | 'report';

/** What stands against a source. */
export type Standing = 'none' | 'shed' | 'ban';

interface Entry {
  readonly ban: Ban;
  /** On the monotonic clock. */
  readonly endsMs: number;
}

/**
 * Every entry of the ban list in memory. Who asks for each packet is answered from typed arrays; the rest is for
 * operators, the store and the few questions that are asked after a message was read.
 */
export class BanList {
  readonly #clock: Clock;
  readonly #hash: KeyedHash;
  readonly #entries = new Map<string, Entry>();
  readonly #places = new PlaceIndex();
  readonly #allowed = new PlaceIndex();
  /** Lengths of the prefixes that are listed, with how many have each; 128 is a single address. */
  readonly #lengths = new Map<number, number>();
  #lengthList: readonly number[] = [];
  /** By the value in the index: until when, and what is done. */
  readonly #endsMs: number[] = [];
  readonly #actions: (BanAction | undefined)[] = [];
  readonly #free: number[] = [];
  readonly #words: AddressWords = new Uint32Array(4);
  readonly #masked: AddressWords = new Uint32Array(4);
  readonly #countByAction: Record<BanAction, number> = { ban: 0, shed: 0, report: 0, allow: 0 };
  /** Keys of what the guard has listed by itself, the oldest first. */
  readonly #own: Record<OwnKind, Set<string>> = { ban: new Set(), user: new Set(), shed: new Set(), report: new Set() };
  #agents: readonly string[] = [];
  #userEntries = 0;
  #pairs = 0;
  #sweepAtMs = 0;

  readonly #onChange: (kind: 'add' | 'remove', ban: Ban) => void;

  /** `onChange` hears of each entry that comes or goes, in this order; it is not asked and does not wait. */
  constructor(clock: Clock, hash: KeyedHash, onChange: (kind: 'add' | 'remove', ban: Ban) => void = () => {}) {
    this.#onChange = onChange;
    this.#clock = clock;
    this.#hash = hash;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Entries that refuse users rather than packets. */
  get userEntries(): number {
    return this.#userEntries;
  }

  countOf(action: BanAction): number {
    return this.#countByAction[action];
  }

  /** How much of a kind the guard has listed by itself. */
  ownCount(kind: OwnKind): number {
    return this.#own[kind].size;
  }

  /** The `count` oldest of a kind that the guard has listed by itself. */
  oldestOwn(kind: OwnKind, count: number): readonly string[] {
    const keys: string[] = [];
    for (const key of this.#own[kind]) {
      if (keys.length === count) break;
      keys.push(key);
    }
    return keys;
  }

  /** Whether anything stands against packets from there; an entry that allows wins over all. */
  standingOf(words: AddressWords, port: number, nowMs: number): Standing {
    if (this.#places.size === 0) return 'none';
    const { standing } = this.#find(words, port, nowMs);
    return standing !== 'none' && this.isAllowed(words) ? 'none' : standing;
  }

  /** Whether an operator has said that this address is never banned. */
  isAllowed(words: AddressWords): boolean {
    if (this.#allowed.size === 0) return false;
    for (const length of this.#lengthList) if (this.#placeOf(this.#allowed, words, length) >= 0) return true;
    return false;
  }

  #find(words: AddressWords, port: number, nowMs: number): { standing: Standing } {
    this.#found.standing = 'none';
    if (this.#pairs > 0) {
      this.#hash.address(words, portBase + port);
      this.#weigh(this.#places.get(this.#hash.high, this.#hash.low), nowMs);
    }
    for (const length of this.#lengthList) this.#weigh(this.#placeOf(this.#places, words, length), nowMs);
    return this.#found;
  }

  readonly #found: { standing: Standing } = { standing: 'none' };

  #weigh(place: number, nowMs: number): void {
    if (place < 0 || (this.#endsMs[place] ?? 0) <= nowMs) return;
    const action = this.#actions[place];
    if (action === 'ban') this.#found.standing = 'ban';
    else if (action === 'shed' && this.#found.standing === 'none') this.#found.standing = 'shed';
  }

  #placeOf(index: PlaceIndex, words: AddressWords, length: number): number {
    if (length === 128) {
      this.#hash.address(words, length);
      return index.get(this.#hash.high, this.#hash.low);
    }
    if (length >= ipv4Offset !== isIpv4Words(words) && length !== 0) return -1;
    this.#masked.set(words);
    maskWords(this.#masked, length);
    this.#hash.address(this.#masked, length);
    return index.get(this.#hash.high, this.#hash.low);
  }

  has(key: string): boolean {
    return this.#entries.has(key);
  }

  /** The entry of a subject, as long as it holds. */
  get(scope: BanScope, subject: string): Ban | undefined {
    const entry = this.#entries.get(banKey(scope, subject));
    return entry === undefined || entry.endsMs <= this.#clock.monotonicMs() ? undefined : entry.ban;
  }

  /** A part of a device's name that is banned, and that this name contains. */
  agentBan(userAgent: string): string | undefined {
    if (this.#agents.length === 0) return undefined;
    const folded = userAgent.toLowerCase();
    return this.#agents.find((part) => folded.includes(part));
  }

  /** Entries that concern an address, whatever their width. */
  concerning(address: string): readonly Ban[] {
    if (!readAddressWords(address, this.#words)) return [];
    const of = [...this.#entries.values()].filter(({ ban }) => holdsAddress(ban, address));
    return of.filter(({ endsMs }) => endsMs > this.#clock.monotonicMs()).map(({ ban }) => ban);
  }

  /** Lists or replaces. @returns what stood there before. */
  put(ban: Ban): Ban | undefined {
    const before = this.remove(ban.key);
    const leftMs = ban.untilMs === undefined ? Number.POSITIVE_INFINITY : ban.untilMs - this.#clock.wallMs();
    const endsMs = this.#clock.monotonicMs() + leftMs;
    this.#entries.set(ban.key, { ban, endsMs });
    this.#onChange('add', ban);
    this.#count(ban, 1);
    if (ban.by === 'guard') this.#ownOf(ban)?.add(ban.key);
    if (ban.action === 'report') return before;
    if (ban.scope === 'user agent') this.#agents = [...this.#agents, ban.subject.toLowerCase()];
    const beside = this.#readPlace(ban);
    if (beside === undefined) return before;
    if (beside <= 128) this.#countLength(beside, 1);
    this.#hash.address(this.#words, beside);
    const place = this.#free.pop() ?? this.#endsMs.length;
    this.#endsMs[place] = endsMs;
    this.#actions[place] = ban.action;
    (ban.action === 'allow' ? this.#allowed : this.#places).set(this.#hash.high, this.#hash.low, place);
    return before;
  }

  remove(key: string): Ban | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    this.#onChange('remove', entry.ban);
    this.#count(entry.ban, -1);
    this.#ownOf(entry.ban)?.delete(key);
    const { ban } = entry;
    if (ban.action === 'report') return ban;
    if (ban.scope === 'user agent') this.#agents = this.#agents.filter((part) => part !== ban.subject.toLowerCase());
    const beside = this.#readPlace(ban);
    if (beside === undefined) return ban;
    if (beside <= 128) this.#countLength(beside, -1);
    this.#hash.address(this.#words, beside);
    const index = ban.action === 'allow' ? this.#allowed : this.#places;
    const { high, low } = this.#hash;
    const place = index.get(high, low);
    if (place < 0) return ban;
    index.delete(high, low);
    this.#actions[place] = undefined;
    this.#free.push(place);
    return ban;
  }

  /** Entries that hold, the newest last. */
  *all(): IterableIterator<Ban> {
    const nowMs = this.#clock.monotonicMs();
    for (const { ban, endsMs } of this.#entries.values()) if (endsMs > nowMs) yield ban;
  }

  /** Takes out what is over, every ten seconds: each time costs a look at every entry, and none holds longer for it. */
  takeExpired(): readonly Ban[] {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs < this.#sweepAtMs) return [];
    this.#sweepAtMs = nowMs + sweepMs;
    const over = [...this.#entries.values()].filter(({ endsMs }) => endsMs <= nowMs).map(({ ban }) => ban);
    for (const { key } of over) this.remove(key);
    return over;
  }

  /** Reads address, prefix or pair into the words. @returns what stands beside them; undefined for other scopes. */
  #readPlace({ scope, subject }: Ban): number | undefined {
    switch (scope) {
      case 'address':
        return readAddressWords(subject, this.#words) ? 128 : undefined;
      case 'prefix': {
        const [address = '', bits = ''] = subject.split('/');
        if (!readAddressWords(address, this.#words)) return undefined;
        const length = Number(bits) + (isIpv4Words(this.#words) ? ipv4Offset : 0);
        maskWords(this.#words, length);
        return length;
      }
      case 'address and port': {
        const { host, port = 0 } = splitPort(subject);
        return readAddressWords(host, this.#words) ? portBase + port : undefined;
      }
      case 'user':
      case 'user at address':
      case 'caller number':
      case 'user agent':
        return undefined;
    }
  }

  #ownOf({ action, scope }: Ban): Set<string> | undefined {
    const kind = ownKind(action, scope);
    return kind === undefined ? undefined : this.#own[kind];
  }

  #count({ action, scope }: Ban, change: 1 | -1): void {
    this.#countByAction[action] += change;
    if (scope === 'address and port') this.#pairs += change;
    if (scope === 'user' || scope === 'user at address') this.#userEntries += change;
  }

  #countLength(length: number, change: 1 | -1): void {
    const count = (this.#lengths.get(length) ?? 0) + change;
    if (count > 0) this.#lengths.set(length, count);
    else this.#lengths.delete(length);
    if (count <= 0 || (change === 1 && count === 1)) this.#lengthList = [...this.#lengths.keys()];
  }
}

/** What room an entry of the guard takes; users that are refused somewhere push out no banned address. */
export function ownKind(action: BanAction, scope: BanScope): OwnKind | undefined {
  if (action === 'allow') return undefined;
  return action === 'ban' && scope === 'user at address' ? 'user' : action;
}

function holdsAddress({ scope, subject }: Ban, address: string): boolean {
  switch (scope) {
    case 'address':
      return subject === address;
    case 'address and port':
      return splitPort(subject).host === address;
    case 'prefix': {
      const range = ipaddr.parseCIDR(subject);
      const parsed = ipaddr.process(address);
      return parsed.kind() === range[0].kind() && parsed.match(range);
    }
    case 'user at address':
      return subject.endsWith(` from ${address}`);
    case 'user':
    case 'caller number':
    case 'user agent':
      return false;
  }
}

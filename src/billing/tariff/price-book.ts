import type { StoreChange } from '../../accounts/change.ts';
import type { AccountDirectory } from '../../accounts/directory.ts';
import type { Account, Packet } from '../../accounts/model.ts';
import { freePriceRow } from '../seam.ts';
import type { PriceRow } from '../rating/price.ts';
import { parsePricePeriods, type PricePeriods } from '../rating/price-periods.ts';
import { parseDeck } from './deck.ts';
import { type DeckRow, PriceList } from './price-list.ts';

/** What is asked: a call of an account to a number, at a time. */
export interface PriceQuestion {
  readonly account: Account;
  /** Canonical digits. */
  readonly digits: string;
  /** Canonical digits of the caller, empty when unknown. */
  readonly origin: string;
  readonly atMs: number;
  readonly currency: string;
  /** Only a row for the whole prefix of the direction counts [billing.vgetpriceexactmatch]. */
  readonly exact: boolean;
}

/** What an account pays for a number, and how that was found; for a SIP server, what it costs us. */
export interface Pricing {
  readonly packet: Packet | undefined;
  /** The packet is the account's own, not one of its kind or of everybody. */
  readonly assigned: boolean;
  /** The prefix by which the packet covers the number; empty for a catch-all. */
  readonly packetPrefix: string;
  readonly row: PriceRow | undefined;
  /** The row is in the packet's own tariff, for a prefix, not one of a parent. */
  readonly inOwnList: boolean;
  readonly inParentList: boolean;
}

const noPricing: Pricing = {
  ...{ packet: undefined, assigned: false, packetPrefix: '', row: undefined },
  ...{ inOwnList: false, inParentList: false },
};

/** The price of a call that nobody has a price for: nothing is charged, and the end of the call is an event. */
export const unpricedRow: PriceRow = { ...freePriceRow, tariff: '' };

/** Most generations that a tariff inherits from. */
const maxParents = 8;

const emptyList = PriceList.of([]);

/** All price lists in memory, and who pays by which of them. Every look-up is synchronous. */
export class PriceBook {
  readonly #directory: AccountDirectory;
  readonly #lists = new Map<number, PriceList>();
  readonly #prepared = new Map<string, PriceList>();
  #periods: { readonly hours: string; readonly timeZone: string; readonly value: PricePeriods } | undefined;

  constructor(directory: AccountDirectory, lists: Iterable<readonly [tariffId: number, list: PriceList]>) {
    this.#directory = directory;
    for (const [tariffId, list] of lists) this.#lists.set(tariffId, list);
  }

  listOf(tariffId: number): PriceList {
    return this.#lists.get(tariffId) ?? emptyList;
  }

  /** A deck that was read elsewhere, so that `apply` need not read it again while calls wait. */
  prepare(deck: string, list: PriceList): void {
    this.#prepared.set(deck, list);
  }

  /** Brings memory up to a change that the store has committed. */
  apply(change: StoreChange): void {
    if (change.kind !== 'tariff put' || change.deck === undefined) return;
    const list = this.#prepared.get(change.deck) ?? listOfDeck(change.deck);
    this.#prepared.delete(change.deck);
    this.#lists.set(change.tariff.id, list);
  }

  /** The hours of prices; the settings have been checked, so what cannot be read is one price for all hours. */
  periods({ peak_hours, timezone }: { readonly peak_hours: string; readonly timezone: string }): PricePeriods {
    const known = this.#periods;
    if (known?.hours === peak_hours && known.timeZone === timezone) return known.value;
    const parsed = parsePricePeriods(peak_hours, timezone);
    const value = parsed.ok ? parsed.value : alwaysPeak;
    this.#periods = { hours: peak_hours, timeZone: timezone, value };
    return value;
  }

  /** The packet that covers the number best, and its row of the longest prefix. */
  price(question: PriceQuestion): Pricing {
    const covering = this.#packetFor(question.account, question.digits);
    if (covering === undefined) return noPricing;
    const { packet } = covering;
    const found = this.#search(packet.tariffId, question);
    const parentId = this.#directory.tariffs.byId(packet.tariffId)?.parentId;
    const inParent = parentId === undefined ? undefined : this.#search(parentId, question);
    const row = found === undefined || this.#isTooShort(found.row, question) ? undefined : found.row;
    return {
      ...covering,
      row: row === undefined ? undefined : this.#fixed(row, found?.tariffId ?? packet.tariffId, question.currency),
      inOwnList: row !== undefined && row.prefix !== '' && found?.tariffId === packet.tariffId,
      inParentList: inParent !== undefined && inParent.row.prefix !== '',
    };
  }

  /** An assigned packet goes before one of the account's kind, and that before one of everybody; then the longest prefix. */
  #packetFor(
    account: Account,
    digits: string,
  ): { readonly packet: Packet; readonly assigned: boolean; readonly packetPrefix: string } | undefined {
    const assigned = account.packetIds.flatMap((id) => this.#directory.packets.byId(id) ?? []);
    const kind = account.kind === 'enduser' ? 'endusers' : account.kind === 'trafficsender' ? 'trafficsenders' : '';
    const general = kind === '' ? [] : this.#directory.packets.all();
    const groups = [
      assigned,
      general.filter(({ audience }) => audience === kind),
      general.filter(({ audience }) => audience === 'everybody'),
    ];
    for (const [rank, packets] of groups.entries()) {
      const best = bestCovering(packets, digits);
      if (best !== undefined) return { ...best, assigned: rank === 0 };
    }
    return undefined;
  }

  /** The row in a tariff, or in the nearest of its parents that has one. */
  #search(
    tariffId: number,
    { digits, origin, atMs }: PriceQuestion,
  ): { readonly row: DeckRow; readonly tariffId: number } | undefined {
    let at: number | undefined = tariffId;
    for (let generation = 0; at !== undefined && generation < maxParents; generation++) {
      const list = this.listOf(at);
      const place = list.find(digits, origin, atMs);
      if (place >= 0) return { row: list.rowAt(place), tariffId: at };
      at = this.#directory.tariffs.byId(at)?.parentId;
    }
    return undefined;
  }

  /** Whether some other list knows the direction by a longer prefix than this row has. */
  #isTooShort(row: DeckRow, { digits, exact, atMs }: PriceQuestion): boolean {
    if (!exact) return false;
    for (const list of this.#lists.values()) {
      const place = list.find(digits, '', atMs);
      if (place >= 0 && list.rowAt(place).prefix.length > row.prefix.length) return true;
    }
    return false;
  }

  #fixed(row: DeckRow, tariffId: number, currency: string): PriceRow {
    const { validFromMs: _from, validUntilMs: _until, origins: _origins, isFree: _free, ...price } = row;
    return { ...price, currency, tariff: this.#directory.tariffs.byId(tariffId)?.name ?? '' };
  }
}

/** The book of what the store has kept. */
export function bookOf(
  directory: AccountDirectory,
  decks: Iterable<{ readonly tariffId: number; readonly deck: string }>,
): PriceBook {
  return new PriceBook(
    directory,
    [...decks].map(({ tariffId, deck }) => [tariffId, listOfDeck(deck)] as const),
  );
}

const alwaysPeak: PricePeriods = { at: () => ({ period: 'peak', untilMs: Number.MAX_SAFE_INTEGER }) };

/** What the store has was printed by us; a deck that cannot be read has no prices, and its calls are unpriced. */
export function listOfDeck(deck: string): PriceList {
  const parsed = parseDeck(deck);
  return parsed.ok ? parsed.value : emptyList;
}

function bestCovering(
  packets: readonly Packet[],
  digits: string,
): { readonly packet: Packet; readonly packetPrefix: string } | undefined {
  let best: { readonly packet: Packet; readonly packetPrefix: string } | undefined;
  for (const packet of packets) {
    const prefixes = packet.prefixes.length === 0 ? [''] : packet.prefixes;
    for (const packetPrefix of prefixes) {
      if (!digits.startsWith(packetPrefix)) continue;
      if (best === undefined || packetPrefix.length > best.packetPrefix.length) best = { packet, packetPrefix };
    }
  }
  return best;
}

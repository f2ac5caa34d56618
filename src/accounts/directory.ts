import { TextMap } from '../base/bounded/text-map.ts';
import { assert } from '../base/result/assert.ts';
import { AddressIndex, canonicalAddress, splitPort } from './address-index.ts';
import type { DirectorySnapshot, Origin, StoreChange } from './change.ts';
import { FieldOrigins } from './field-origins.ts';
import type { Account, Credential, DialRule, Packet, Tariff } from './model.ts';
import { NamedRecords } from './named-records.ts';

/** The most that an installation may hold; the administration refuses what would go beyond. */
export const directoryLimits = { accounts: 200_000, numbers: 1_000_000, dialRules: 10_000 } as const;

/** An account cannot come to lie above itself, so that this is never reached. */
const maxResellersAbove = 1000;

/** Records that one step of a copy takes: some microseconds each. */
const recordsPerStep = 20;

/** A traffic sender that a request belongs to, and how many digits of its secret prefix to strip. */
export interface TrafficSenderMatch {
  readonly account: Account;
  readonly strip: number;
}

/**
 * All accounts, numbers and dial rules in memory. Every look-up is synchronous and none walks through all accounts.
 * It changes only through `apply`, after the store has committed the same change. Disabled accounts are found too:
 * who asks looks at `enabled`.
 */
export class AccountDirectory {
  readonly tariffs: NamedRecords<Tariff>;
  readonly packets: NamedRecords<Packet>;
  readonly #accounts = new Map<number, Account>();
  /** Asked with each log-in, by a text that was cut out of a message. Only operators choose what is kept. */
  readonly #byName = new TextMap<number>(0);
  readonly #byFoldedName = new Map<string, number>();
  readonly #credentials = new Map<number, Credential>();
  readonly #numberOwners = new Map<string, number>();
  readonly #numbersOf = new Map<number, Set<string>>();
  readonly #sipServers = new Map<number, Account>();
  readonly #sipServersAt = new AddressIndex<number>();
  readonly #sendersAt = new AddressIndex<number>();
  readonly #sendersByPrefix = new Map<string, Set<number>>();
  readonly #rules = new Map<number, DialRule>();
  readonly #rulesByName = new Map<string, DialRule>();
  readonly #rulesByPlan = new Map<string, readonly DialRule[]>();
  readonly #origins: FieldOrigins;
  #nextId: number;

  constructor(snapshot: DirectorySnapshot) {
    this.#nextId = snapshot.nextId;
    this.tariffs = new NamedRecords(snapshot.tariffs ?? []);
    this.packets = new NamedRecords(snapshot.packets ?? []);
    this.#origins = new FieldOrigins(snapshot.fieldsSet ?? []);
    for (const account of snapshot.accounts) this.#putAccount(account);
    for (const credential of snapshot.credentials) this.#credentials.set(credential.accountId, credential);
    for (const { number, accountId } of snapshot.numbers) this.#putNumber(number, accountId);
    for (const rule of snapshot.dialRules) this.#keepRule(rule);
    for (const plan of new Set(snapshot.dialRules.map((rule) => rule.dialPlan))) this.#orderPlan(plan);
  }

  get nextId(): number {
    return this.#nextId;
  }

  get size(): { readonly accounts: number; readonly numbers: number; readonly dialRules: number } {
    return { accounts: this.#accounts.size, numbers: this.#numberOwners.size, dialRules: this.#rules.size };
  }

  /** The account with exactly this name, as a digest's user name must have it. */
  accountByName(name: string): Account | undefined {
    const id = this.#byName.get(name);
    return id === undefined ? undefined : this.#accounts.get(id);
  }

  /** The account whose name differs at most in case: names are unique in this sense. */
  accountByNameIgnoringCase(name: string): Account | undefined {
    const id = this.#byFoldedName.get(name.toLowerCase());
    return id === undefined ? undefined : this.#accounts.get(id);
  }

  accountById(accountId: number): Account | undefined {
    return this.#accounts.get(accountId);
  }

  /** The resellers above an account, the nearest first. */
  *resellersAbove(accountId: number): Generator<Account> {
    let aboveId = this.accountById(accountId)?.resellerId;
    for (let count = 0; aboveId !== undefined && count < maxResellersAbove; count++) {
      const reseller = this.accountById(aboveId);
      if (reseller === undefined) return;
      yield reseller;
      aboveId = reseller.resellerId;
    }
  }

  /** Who set a field of an account, and when; `undefined` for one that still has its default. */
  fieldOrigin(accountId: number, field: string): Origin | undefined {
    return this.#origins.of(accountId, field);
  }

  accounts(): Iterable<Account> {
    return this.#accounts.values();
  }

  credentialOf(accountId: number): Credential | undefined {
    return this.#credentials.get(accountId);
  }

  /** The account that owns a number, in canonical digits. */
  numberOwner(number: string): Account | undefined {
    const id = this.#numberOwners.get(number);
    return id === undefined ? undefined : this.#accounts.get(id);
  }

  numbersOf(accountId: number): readonly string[] {
    return [...(this.#numbersOf.get(accountId) ?? [])];
  }

  sipServers(): readonly Account[] {
    return [...this.#sipServers.values()];
  }

  /** SIP servers whose calls may come from this numeric address. */
  sipServersAt(address: string): readonly Account[] {
    return this.#resolve(this.#sipServersAt.at(address));
  }

  /** Whether an enabled SIP server or traffic sender is listed with this address. */
  isListed(address: string): boolean {
    const ids = [...this.#sipServersAt.at(address), ...this.#sendersAt.at(address)];
    return this.#resolve(ids).some(({ enabled }) => enabled);
  }

  /**
   * The traffic sender that a request with this source and dialled number belongs to. `needAuth` says what must match:
   * 1 and 9 the address, 2 the tech prefix, 3 both, 6 address and port. Among several the longest prefix wins, then a
   * single address before a range. A prefix that was dialled is stripped also where it was not demanded.
   */
  matchTrafficSender(address: string, dialled: string, port?: number): TrafficSenderMatch | undefined {
    let best: TrafficSenderMatch | undefined;
    for (const account of this.#resolve(this.#sendersAt.at(address))) {
      const strip = account.techPrefix !== '' && dialled.startsWith(account.techPrefix) ? account.techPrefix.length : 0;
      if (account.needAuth === 3 && strip === 0) continue;
      if (account.needAuth === 6 && !isFrom(account, address, port)) continue;
      if (best === undefined || better({ account, strip }, best)) best = { account, strip };
    }
    for (const account of this.#sendersOfDialledPrefix(dialled)) {
      const match = { account, strip: account.techPrefix.length };
      if (best === undefined || better(match, best)) best = match;
    }
    return best;
  }

  /** The rules of one dial plan, in the order in which they were made; the empty name is the common plan. */
  dialRules(dialPlan: string): readonly DialRule[] {
    return this.#rulesByPlan.get(dialPlan) ?? [];
  }

  allDialRules(): readonly DialRule[] {
    return [...this.#rules.values()];
  }

  dialRuleByName(name: string): DialRule | undefined {
    return this.#rulesByName.get(name);
  }

  /** Brings memory up to a change that the store has committed. */
  apply(change: StoreChange): void {
    switch (change.kind) {
      case 'account put':
        this.#putAccount(change.account);
        this.#origins.set({ accountId: change.account.id, fields: change.fields, origin: change.origin });
        return;
      case 'account remove':
        this.#removeAccount(change.accountId);
        return;
      case 'credential put':
        this.#credentials.set(change.credential.accountId, change.credential);
        return;
      case 'number put':
        this.#putNumber(change.ownership.number, change.ownership.accountId);
        return;
      case 'number remove':
        this.#removeNumber(change.number);
        return;
      case 'dial rule put':
        this.#putRule(change.rule);
        return;
      case 'dial rule remove':
        this.#removeRule(change.ruleId);
        return;
      case 'tariff put':
        this.tariffs.put(change.tariff);
        this.#nextId = Math.max(this.#nextId, change.tariff.id + 1);
        return;
      case 'packet put':
        this.packets.put(change.packet);
        this.#nextId = Math.max(this.#nextId, change.packet.id + 1);
        return;
      case 'web password put':
      case 'setting put':
      case 'setting remove':
        return;
    }
  }

  /** A copy for planning a change on, in small steps; without the origins of fields. Nothing may change meanwhile. */
  *copy(): Generator<void, AccountDirectory> {
    const empty = { accounts: [], credentials: [], numbers: [], dialRules: [...this.#rules.values()] };
    const copy = new AccountDirectory({
      ...{ ...empty, tariffs: this.tariffs.all(), packets: this.packets.all(), nextId: this.#nextId },
    });
    let at = 0;
    for (const account of this.#accounts.values()) {
      copy.#putAccount(account);
      if (++at % recordsPerStep === 0) yield;
    }
    for (const credential of this.#credentials.values()) {
      copy.#credentials.set(credential.accountId, credential);
      if (++at % recordsPerStep === 0) yield;
    }
    for (const [number, accountId] of this.#numberOwners) {
      copy.#putNumber(number, accountId);
      if (++at % recordsPerStep === 0) yield;
    }
    return copy;
  }

  #putAccount(account: Account): void {
    const previous = this.#accounts.get(account.id);
    if (previous !== undefined) this.#forgetIndexes(previous);
    const namesake = this.#byFoldedName.get(account.name.toLowerCase());
    assert(namesake === undefined || namesake === account.id, `two accounts are named ${account.name}`);
    this.#nextId = Math.max(this.#nextId, account.id + 1);
    this.#accounts.set(account.id, account);
    this.#byName.set(account.name, account.id);
    this.#byFoldedName.set(account.name.toLowerCase(), account.id);
    if (account.kind === 'sipserver') this.#sipServers.set(account.id, account);
    for (const address of trunkAddresses(account)) this.#sipServersAt.add(address, account.id);
    for (const address of senderAddresses(account)) this.#sendersAt.add(address, account.id);
    if (isPrefixOnly(account)) {
      const senders = this.#sendersByPrefix.get(account.techPrefix) ?? new Set<number>();
      this.#sendersByPrefix.set(account.techPrefix, senders.add(account.id));
    }
  }

  #forgetIndexes(account: Account): void {
    this.#byName.delete(account.name);
    this.#byFoldedName.delete(account.name.toLowerCase());
    this.#sipServers.delete(account.id);
    for (const address of trunkAddresses(account)) this.#sipServersAt.remove(address, account.id);
    for (const address of senderAddresses(account)) this.#sendersAt.remove(address, account.id);
    const senders = this.#sendersByPrefix.get(account.techPrefix);
    senders?.delete(account.id);
    if (senders?.size === 0) this.#sendersByPrefix.delete(account.techPrefix);
  }

  #removeAccount(accountId: number): void {
    const account = this.#accounts.get(accountId);
    if (account === undefined) return;
    this.#forgetIndexes(account);
    this.#accounts.delete(accountId);
    this.#origins.remove(accountId);
    this.#credentials.delete(accountId);
    for (const number of this.numbersOf(accountId)) this.#removeNumber(number);
  }

  #putNumber(number: string, accountId: number): void {
    this.#removeNumber(number);
    this.#numberOwners.set(number, accountId);
    const numbers = this.#numbersOf.get(accountId) ?? new Set<string>();
    this.#numbersOf.set(accountId, numbers.add(number));
  }

  #removeNumber(number: string): void {
    const owner = this.#numberOwners.get(number);
    if (owner === undefined) return;
    this.#numberOwners.delete(number);
    const numbers = this.#numbersOf.get(owner);
    numbers?.delete(number);
    if (numbers?.size === 0) this.#numbersOf.delete(owner);
  }

  #putRule(rule: DialRule): void {
    const previous = this.#rules.get(rule.id);
    if (previous !== undefined) this.#rulesByName.delete(previous.name);
    this.#keepRule(rule);
    if (previous !== undefined && previous.dialPlan !== rule.dialPlan) this.#orderPlan(previous.dialPlan);
    this.#orderPlan(rule.dialPlan);
  }

  #keepRule(rule: DialRule): void {
    this.#nextId = Math.max(this.#nextId, rule.id + 1);
    this.#rules.set(rule.id, rule);
    this.#rulesByName.set(rule.name, rule);
  }

  #removeRule(ruleId: number): void {
    const rule = this.#rules.get(ruleId);
    if (rule === undefined) return;
    this.#rules.delete(ruleId);
    this.#rulesByName.delete(rule.name);
    this.#orderPlan(rule.dialPlan);
  }

  #orderPlan(dialPlan: string): void {
    const rules = [...this.#rules.values()].filter((rule) => rule.dialPlan === dialPlan).sort((a, b) => a.id - b.id);
    if (rules.length === 0) this.#rulesByPlan.delete(dialPlan);
    else this.#rulesByPlan.set(dialPlan, rules);
  }

  #resolve(ids: readonly number[]): Account[] {
    return ids.flatMap((id) => this.#accounts.get(id) ?? []);
  }

  #sendersOfDialledPrefix(dialled: string): Account[] {
    if (this.#sendersByPrefix.size === 0) return [];
    for (let length = Math.min(dialled.length, maxTechPrefixLength); length >= minTechPrefixLength; length--) {
      const senders = this.#sendersByPrefix.get(dialled.slice(0, length));
      if (senders !== undefined) return this.#resolve([...senders]);
    }
    return [];
  }
}

/** A tech prefix is a secret: shorter ones are guessed, longer ones leave no room for a number. */
export const minTechPrefixLength = 8;
export const maxTechPrefixLength = 24;

function isPrefixOnly(account: Account): boolean {
  return account.kind === 'trafficsender' && account.needAuth === 2 && account.techPrefix !== '';
}

const addressModes: readonly number[] = [1, 3, 6, 9];

/** Addresses, ranges and host names that an account is listed with, as a SIP server or as a traffic sender. */
export function listedAddresses(account: Account): readonly string[] {
  return [...trunkAddresses(account), ...senderAddresses(account)];
}

function senderAddresses(account: Account): readonly string[] {
  if (account.kind !== 'trafficsender' || !addressModes.includes(account.needAuth)) return [];
  return [...new Set(account.authIp.map((text) => (text.includes('/') ? text : splitPort(text).host)))];
}

function trunkAddresses(account: Account): readonly string[] {
  if (account.trunk === undefined) return [];
  return [...new Set([account.trunk.host, ...account.trunk.addresses])];
}

function isFrom(account: Account, address: string, port: number | undefined): boolean {
  if (port === undefined) return false;
  return account.authIp.map(splitPort).some((entry) => {
    return entry.port === port && canonicalAddress(entry.host) === canonicalAddress(address);
  });
}

function better(one: TrafficSenderMatch, other: TrafficSenderMatch): boolean {
  if (one.strip !== other.strip) return one.strip > other.strip;
  return one.account.enabled && !other.account.enabled;
}

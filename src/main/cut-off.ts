import { listedAddresses } from '../accounts/directory.ts';
import type { Account } from '../accounts/model.ts';
import { type AddressWords, ipv4Offset, isIpv4Words, maskWords, readAddressWords } from '../base/net/address-words.ts';
import { parsePrefix, rangeHolds } from '../base/net/prefix.ts';
import type { Call } from '../call/b2bua/call.ts';
import type { ListedSources } from '../guard/lists/listed-sources.ts';
import type { CutOff } from '../guard/lists/ports.ts';
import type { Ban, BanScope } from '../guard/bans/ban.ts';
import { isHit } from './guard-trust.ts';
import type { Binding } from '../registrar/binding.ts';

const mostNamed = 1000;

/** Who is served now, and could be cut off. */
export interface Served {
  readonly bindings: Iterable<readonly Binding[]>;
  readonly calls: Iterable<Call>;
  readonly accounts: Iterable<Account>;
  /** Addresses that the host name of a SIP server stands for. */
  readonly resolved: (accountId: number) => Iterable<string>;
  /** Whether an address is never stopped by a list. */
  readonly isSpared: (address: string) => boolean;
}

/** Whom the sources would cut off, a thousand of each kind at most. */
export function cutOffBy(sources: ListedSources, { bindings, calls, accounts, resolved, isSpared }: Served): CutOff {
  const isHit = (text: string): boolean => meets(sources, text) && !isSpared(text.replace(/\/.*$/, ''));
  const phones = new Set<string>();
  for (const list of bindings) for (const { user, sourceAddress } of list) if (isHit(sourceAddress)) phones.add(user);
  const callIds: string[] = [];
  for (const { record } of calls) if (isHit(record.cdr.sourceAddress)) callIds.push(record.cdr.callId);
  const peers: string[] = [];
  for (const account of accounts) {
    if (account.enabled && [...listedAddresses(account), ...resolved(account.id)].some(isHit)) peers.push(account.name);
  }
  return {
    bindings: [...phones].slice(0, mostNamed),
    calls: callIds.slice(0, mostNamed),
    peers: peers.slice(0, mostNamed),
  };
}

/** Whom a ban by hand would cut off, a thousand of each kind at most. */
export function cutOffByBan(
  { scope, subject }: Pick<Ban, 'scope' | 'subject'>,
  { bindings, calls, accounts, resolved }: Omit<Served, 'isSpared'>,
): CutOff {
  const phones = [...bindings].flat().filter((binding) => {
    const { user, sourceAddress, sourcePort, userAgent } = binding;
    if (scope === 'user') return user === subject;
    if (scope === 'user agent') return userAgent.toLowerCase().includes(subject.toLowerCase());
    return isHit(scope, subject, sourceAddress, sourcePort);
  });
  const cut = [...calls].filter(({ record: { cdr } }) => {
    if (scope === 'user') return cdr.callerName === subject;
    if (scope === 'caller number') return digitsOf(cdr.callerNumber) === digitsOf(subject);
    return isHit(scope, subject, cdr.sourceAddress, cdr.sourcePort);
  });
  const peers = [...accounts].filter(
    (account) =>
      account.enabled &&
      [...listedAddresses(account), ...resolved(account.id)].some((listed) => holdsListed(scope, subject, listed)),
  );
  return {
    bindings: [...new Set(phones.map(({ user }) => user))].slice(0, mostNamed),
    calls: cut.map(({ record }) => record.cdr.callId).slice(0, mostNamed),
    peers: peers.map(({ name }) => name).slice(0, mostNamed),
  };
}

/** Whether a ban holds some of the addresses that an account is listed with: an address or a range. */
function holdsListed(scope: BanScope, subject: string, listed: string): boolean {
  if (scope !== 'address' && scope !== 'prefix') return false;
  return rangeHolds(listed, firstOf(subject)) || rangeHolds(subject, firstOf(listed));
}

function firstOf(range: string): string {
  return range.replace(/\/.*$/, '');
}

function digitsOf(number: string): string {
  return number.replace(/^\+/, '');
}

/** Whether any address of a range, or the address, is among the sources; a host name is not. */
function meets(sources: ListedSources, text: string): boolean {
  const first: AddressWords = new Uint32Array(4);
  if (!text.includes('/')) return readAddressWords(text, first) && sources.holds(first);
  const prefix = parsePrefix(text);
  const [address = '', bits = ''] = prefix.ok ? prefix.value.text.split('/') : [];
  if (!readAddressWords(address, first)) return false;
  const length = Number(bits) + (isIpv4Words(first) ? ipv4Offset : 0);
  maskWords(first, length);
  return sources.meets(first, lastOf(first, length));
}

function lastOf(first: AddressWords, length: number): AddressWords {
  const last = first.slice();
  for (let index = 0; index < 4; index++) {
    const kept = Math.min(32, Math.max(0, length - 32 * index));
    if (kept < 32) last[index] = ((last[index] ?? 0) | (0xffffffff >>> kept)) >>> 0;
  }
  return last;
}

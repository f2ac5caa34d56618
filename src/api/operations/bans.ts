import { isIP } from 'node:net';
import { canonicalAddress, splitPort } from '../../accounts/address-index.ts';
import { formatEndpoint } from '../../base/net/endpoint.ts';
import { parsePrefix } from '../../base/net/prefix.ts';
import { fail, ok } from '../../base/result/result.ts';
import { type Ban, type BanAction, banKey, type BanScope, placeOf } from '../../guard/bans/ban.ts';
import type { Arguments } from '../operation.ts';
import type { LiveServer, OperationPorts } from '../ports.ts';
import type { BanView } from '../views.ts';
import { flag, optionalText, text, whole } from './arguments.ts';
import { shownSource } from '../../guard/lists/block-lists.ts';
import type { ValueOf } from '../operation-table.ts';
import { blockListView } from './block-lists.ts';
import { commandLine, notFound, type OperationsOf, type Outcome, quoted } from './outcome.ts';

type Names = 'ban list' | 'ban add' | 'ban remove' | 'ban clear' | 'ban explain' | 'ban allow';

const maxRows = 10_000;
const usualRows = 1000;
const maxMinutes = 5_256_000;
const highestPort = 65_535;

/** Who is banned, shed, allowed or only reported, and what an operator does about it. Only a running server knows. */
export function banOperations(ports: OperationPorts): OperationsOf<Names> {
  const audit = (action: string, subject: string, detail: string): Promise<void> =>
    ports.store.apply([], [{ atMs: ports.clock.wallMs(), by: commandLine, action, subject, detail }]);
  return {
    'ban list': (given) => Promise.resolve(list(ports, given)),
    'ban add': async (given) => {
      const live = running(ports);
      if (!live.ok) return live;
      const wanted = wantedBan(ports, given, 'ban');
      if (!wanted.ok) return wanted;
      const confirmed = flag(given, 'confirmed');
      if (!confirmed.ok) return confirmed;
      const { value: ban } = wanted;
      const cutOff = live.value.cutOffBy(ban);
      const banned = confirmed.value || Object.values(cutOff).every(({ length }) => length === 0);
      if (banned) {
        live.value.putBan(ban);
        await audit('ban', ban.key, ban.reason);
      }
      return ok({ ban: view(ban), banned, ...cutOff });
    },
    'ban allow': async (given) => {
      const live = running(ports);
      if (!live.ok) return live;
      const wanted = wantedBan(ports, given, 'allow');
      if (!wanted.ok) return wanted;
      const { value: ban } = wanted;
      if (ban.scope !== 'address' && ban.scope !== 'prefix') {
        return fail({ code: 'arguments', message: 'only an address or a range can be allowed' });
      }
      live.value.putBan(ban);
      await audit('allow', ban.key, ban.reason);
      return ok({ ban: view(ban) });
    },
    'ban remove': async (given) => {
      const live = running(ports);
      if (!live.ok) return live;
      const subject = text(given, 'subject');
      if (!subject.ok) return subject;
      const meant = subjectOf(subject.value);
      const lifted = live.value.liftBans(meant);
      if (lifted.length > 0) await audit('lift ban', lifted.join(', '), '');
      const within = live.value.bansOf(meant).filter(({ action }) => action === 'ban' || action === 'shed');
      const listedOn = live.value.blockLists?.concerning(meant) ?? [];
      return ok({
        lifted,
        within: within.map(({ subject: range }) => range),
        listedOn: listedOn.map(({ record }) => record.name),
      });
    },
    'ban clear': async () => {
      const live = running(ports);
      if (!live.ok) return live;
      const lifted = live.value.liftAllBans();
      await audit('lift all bans', 'bans', String(lifted));
      return ok({ lifted });
    },
    'ban explain': (given) => Promise.resolve(explain(ports, given)),
  };
}

function running({ live }: OperationPorts): Outcome<LiveServer> {
  if (live !== undefined) return ok(live);
  const message = "the server is not running, and bans are in its memory; start it with 'ringfence serve'";
  return fail({ code: 'server is not running', message });
}

function list(ports: OperationPorts, given: Arguments): Outcome<ValueOf<'ban list'>> {
  const live = running(ports);
  if (!live.ok) return live;
  const limit = whole(given, 'limit', { min: 1, max: maxRows, otherwise: usualRows });
  if (!limit.ok) return limit;
  const all = [...live.value.bans()];
  const lists = live.value.blockLists?.states().map(blockListView) ?? [];
  return ok({ total: all.length, bans: all.slice(-limit.value).reverse().map(view), lists });
}

function explain(ports: OperationPorts, given: Arguments): Outcome<{ bans: readonly BanView[] }> {
  const live = running(ports);
  if (!live.ok) return live;
  const subject = text(given, 'subject');
  if (!subject.ok) return subject;
  const address = canonicalAddress(splitPort(subject.value).host);
  const meant = subjectOf(subject.value);
  const isAbout = (ban: Ban): boolean => ban.subject === meant || placeOf(ban).user === meant;
  const found =
    isIP(address) === 0
      ? [...live.value.bans()].filter(isAbout)
      : [...live.value.bansOf(address), ...listedBans(live.value, address)];
  if (found.length > 0) return ok({ bans: found.map(view) });
  return notFound(`nothing is listed about ${quoted(subject.value)}; 'ringfence bans list' shows all`);
}

/** What block lists say of an address, each as the ban that it is in effect. */
function listedBans({ blockLists }: LiveServer, address: string): readonly Ban[] {
  return (blockLists?.concerning(address) ?? []).map(({ record, entry }) => {
    const scope = entry.includes('/') ? 'prefix' : 'address';
    const origin = `list ${record.name}`;
    return {
      ...{ key: banKey(scope, entry), action: 'ban', scope, subject: entry, rule: origin, by: origin },
      reason: `the block list from ${shownSource(record)} names it`,
      ...{ evidence: 'list', count: 1, atMs: record.takenAtMs, untilMs: undefined },
    };
  });
}

/** What the operator wants listed; the scope follows from the form of the subject, where nobody names it. */
function wantedBan(ports: OperationPorts, given: Arguments, action: Extract<BanAction, 'ban' | 'allow'>): Outcome<Ban> {
  const written = text(given, 'subject');
  if (!written.ok) return written;
  const scope = optionalText(given, 'scope');
  if (!scope.ok) return scope;
  const minutes = whole(given, 'minutes', { min: 1, max: maxMinutes, otherwise: undefined });
  if (!minutes.ok) return minutes;
  const reason = optionalText(given, 'reason');
  if (!reason.ok) return reason;
  const target = targetOf(written.value.trim(), scope.value);
  if (target === undefined) {
    const message = `${quoted(written.value)} cannot be listed; write an address, a range, address:port, or name --user, --number or --agent`;
    return fail({ code: 'arguments', message });
  }
  if (target.scope === 'user' && ports.directory.accountByName(target.subject) === undefined) {
    return notFound(`there is no user ${quoted(target.subject)}`);
  }
  const atMs = ports.clock.wallMs();
  return ok({
    key: banKey(target.scope, target.subject),
    ...{ action, ...target, rule: 'manual', reason: reason.value ?? '', evidence: 'an operator' },
    ...{ count: 1, by: commandLine, atMs },
    untilMs: minutes.value === undefined ? undefined : atMs + minutes.value * 60_000,
  });
}

function targetOf(
  written: string,
  scope: string | undefined,
): { readonly scope: BanScope; readonly subject: string } | undefined {
  if (written === '') return undefined;
  if (scope === 'user' || scope === 'caller number' || scope === 'user agent') return { scope, subject: written };
  if (scope !== undefined) return undefined;
  // The guard does not ask over which link a link-local address was heard.
  if (isIP(written) !== 0) return { scope: 'address', subject: canonicalAddress(written.replace(/%.*$/, '')) };
  const { host, port } = splitPort(written);
  if (port !== undefined && isIP(host) !== 0) {
    if (port < 1 || port > highestPort) return undefined;
    return { scope: 'address and port', subject: formatEndpoint({ address: canonicalAddress(host), port }) };
  }
  const prefix = parsePrefix(written);
  if (!prefix.ok) return undefined;
  const { network } = prefix.value;
  const [address = ''] = network.split('/');
  // A range of one address is that address: whoever bans both and lifts one lifts it.
  return network === `${address}/${address.includes(':') ? 128 : 32}`
    ? { scope: 'address', subject: address }
    : { scope: 'prefix', subject: network };
}

/** A subject as the list has it: addresses and ranges have one spelling there. */
function subjectOf(written: string): string {
  return targetOf(written.trim(), undefined)?.subject ?? written.trim();
}

function view({ key: _key, untilMs, ...ban }: Ban): BanView {
  return { ...ban, untilMs: untilMs ?? null };
}

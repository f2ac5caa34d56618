import { fail, ok, type Result } from '../base/result/result.ts';
import { detached } from '../sip/message/index.ts';
import { type Binding, bindingPlace } from './binding.ts';
import type { AskedContact } from './contact-uri.ts';

/** What a REGISTER asks for, already parsed, and where it came from. Its texts may be parts of the message. */
export interface RegisterRequest {
  readonly accountId: number;
  readonly user: string;
  readonly contacts: '*' | readonly AskedContact[];
  /** The Expires header in seconds, if there is one. */
  readonly expiresS: number | undefined;
  readonly callId: string;
  readonly cseq: number;
  readonly userAgent: string;
  readonly path: readonly string[];
  readonly transport: Binding['transport'];
  readonly sourceAddress: string;
  readonly sourcePort: number;
  readonly localAddress: string;
  readonly localPort: number;
  /** Whether this very request was authenticated, and not taken for what was proven before. */
  readonly isProven: boolean;
}

/** The three registration times of the settings in seconds, and how many bindings one user may have. */
export interface RegisterBounds {
  readonly minS: number;
  readonly maxS: number;
  readonly defaultS: number;
  readonly maxBindings: number;
}

/** What changes: both lists are empty for a query. `bindings` is what the answer lists. */
export interface RegisterOutcome {
  readonly bindings: readonly Binding[];
  readonly put: readonly Binding[];
  readonly removed: readonly Binding[];
}

export interface RegisterRefusal {
  readonly status: 400 | 403 | 423 | 500;
  readonly reason: string;
}

/**
 * Applies a REGISTER to the bindings of its user, all or nothing (RFC 3261 §10.3 steps 6 to 8). A user with too many
 * devices loses the one that registered longest ago, so that a phone whose port keeps changing is never locked out.
 */
export function applyRegister(
  current: readonly Binding[],
  request: RegisterRequest,
  bounds: RegisterBounds,
  nowMs: number,
): Result<RegisterOutcome, RegisterRefusal> {
  const live = current.filter((binding) => binding.expiresAtMs > nowMs);
  if (request.contacts === '*') return removeAll(live, request);
  const contacts = contactsByKey(request.accountId, request.contacts);
  if (contacts.length > bounds.maxBindings) {
    return fail({ status: 403, reason: `Too Many Contacts (at most ${bounds.maxBindings})` });
  }
  const put: Binding[] = [];
  const removed: Binding[] = [];
  for (const { key, contact } of contacts) {
    const known = live.find((binding) => binding.key === key);
    if (known !== undefined && isOutOfOrder(known, request))
      return fail({ status: 500, reason: 'Request Out of Order' });
    const grantedS = grantedSeconds(contact, request.expiresS, bounds);
    if (!grantedS.ok) return grantedS;
    if (grantedS.value > 0) put.push(toBinding(key, contact, request, known, nowMs + grantedS.value * 1000, nowMs));
    else if (known !== undefined) removed.push(known);
  }
  const kept = live.filter(({ key }) => !contacts.some((asked) => asked.key === key));
  const surplusCount = kept.length + put.length - bounds.maxBindings;
  if (surplusCount <= 0) return ok({ bindings: [...kept, ...put], put, removed });
  const surplus = kept.toSorted((one, other) => one.registeredAtMs - other.registeredAtMs).slice(0, surplusCount);
  const bindings = [...kept.filter((binding) => !surplus.includes(binding)), ...put];
  return ok({ bindings, put, removed: [...removed, ...surplus] });
}

function removeAll(live: readonly Binding[], request: RegisterRequest): Result<RegisterOutcome, RegisterRefusal> {
  if (request.expiresS !== 0) return fail({ status: 400, reason: 'Contact * Needs Expires 0' });
  if (live.some((binding) => isOutOfOrder(binding, request)))
    return fail({ status: 500, reason: 'Request Out of Order' });
  return ok({ bindings: [], put: [], removed: live });
}

function isOutOfOrder(binding: Binding, request: RegisterRequest): boolean {
  return binding.callId === request.callId && request.cseq <= binding.cseq;
}

interface KeyedContact {
  readonly key: string;
  readonly contact: AskedContact;
}

/** A contact that stands twice in one REGISTER is one binding, and the last word about it counts. */
function contactsByKey(accountId: number, contacts: readonly AskedContact[]): readonly KeyedContact[] {
  const keyed: KeyedContact[] = [];
  for (const contact of contacts) {
    const key = bindingKey(accountId, contact);
    const earlier = keyed.findIndex((one) => one.key === key);
    if (earlier < 0) keyed.push({ key, contact });
    else keyed[earlier] = { key, contact };
  }
  return keyed;
}

/**
 * An instance with a reg-id names a flow of a device whatever its contact is now; without reg-id the URI names the
 * binding, though there be an instance (RFC 5626 §6).
 */
function bindingKey(accountId: number, contact: AskedContact): string {
  const instance = contact.params.get('+sip.instance') ?? '';
  const regId = contact.params.get('reg-id') ?? '';
  if (instance === '' || regId === '') return `${accountId}|${contact.uri}`;
  return `${accountId}|${instance}|${regId}`;
}

function grantedSeconds(
  contact: AskedContact,
  expiresHeaderS: number | undefined,
  bounds: RegisterBounds,
): Result<number, RegisterRefusal> {
  const own = contact.params.get('expires');
  const askedS = own !== undefined && /^\d{1,10}$/.test(own) ? Number(own) : (expiresHeaderS ?? bounds.defaultS);
  if (askedS === 0) return ok(0);
  if (askedS < bounds.minS) return fail({ status: 423, reason: 'Interval Too Brief' });
  return ok(Math.min(askedS, bounds.maxS));
}

/** Most REGISTERs repeat what is known, and its texts are then kept: a part of a message keeps all of it in memory. */
function toBinding(
  key: string,
  contact: AskedContact,
  request: RegisterRequest,
  known: Binding | undefined,
  expiresAtMs: number,
  nowMs: number,
): Binding {
  const { transport, sourceAddress, sourcePort } = request;
  const q = Number(contact.params.get('q') ?? '1');
  return {
    key: known?.key ?? detached(key),
    accountId: request.accountId,
    user: request.user,
    contact: keptText(known?.contact, contact.uri),
    instance: keptText(known?.instance, contact.params.get('+sip.instance') ?? ''),
    callId: keptText(known?.callId, request.callId),
    cseq: request.cseq,
    q: q >= 0 && q <= 1 ? Math.round(q * 1000) : 1000,
    expiresAtMs,
    registeredAtMs: nowMs,
    transport,
    sourceAddress,
    sourcePort,
    provenAt: request.isProven ? bindingPlace(transport, sourceAddress, sourcePort) : (known?.provenAt ?? ''),
    localAddress: request.localAddress,
    localPort: request.localPort,
    userAgent: keptText(known?.userAgent, request.userAgent),
    path: request.path.map((uri, at) => keptText(known?.path[at], uri)),
  };
}

function keptText(known: string | undefined, asked: string): string {
  return known === asked ? known : detached(asked);
}

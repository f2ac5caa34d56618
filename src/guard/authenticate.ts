import type { KeyObject } from 'node:crypto';
import type { AccountDirectory } from '../accounts/directory.ts';
import type { Account, Credential } from '../accounts/model.ts';
import { mayUseTransport } from '../accounts/phone-transport.ts';
import { BoundedMap } from '../base/bounded/bounded-map.ts';
import { rangeHolds } from '../base/net/prefix.ts';
import type { Secret } from '../base/log/secret.ts';
import type { Random } from '../base/random/random.ts';
import type { Clock } from '../base/time/clock.ts';
import type { Settings } from '../settings/index.ts';
import {
  buildChallenges,
  type DigestCredentials,
  digestUriMatches,
  NonceCount,
  NonceMint,
  parseCredentials,
  verifyDigest,
} from '../sip/digest/index.ts';
import { HeaderList, type SipRequest } from '../sip/message/index.ts';
import { type Flow, flowKey } from '../sip/transport/flow.ts';
import { type Evidence, type FindingKind, type FindingObserver, findingOf, userAgentOf } from './findings.ts';
import type { Endpoint } from '../base/net/endpoint.ts';

/** What a request has proven about who sent it. */
export type Identity =
  | { readonly kind: 'account'; readonly account: Account; readonly by: 'digest' | 'cache' }
  /** No usable credentials, or an old nonce: asked (again), and no evidence of anything. */
  | { readonly kind: 'challenge'; readonly stale: boolean }
  /** Credentials with a valid nonce that are wrong: the same 403 whatever was wrong. */
  | { readonly kind: 'refused'; readonly reason: Fault; readonly userName: string };

/** What was wrong with credentials; for the log and the guard, never for the peer. */
type Fault = Extract<
  FindingKind,
  | 'wrong password'
  | 'unknown user'
  | 'account disabled'
  | 'address not permitted'
  | 'wrong transport'
  | 'digest uri'
  | 'refused user'
  | 'not authorised'
>;

/** Whether an account has a live registration from the source of a flow, by address, transport and maybe port. */
type RegistrationLookUp = (accountId: number, flow: Flow, anyPort: boolean) => boolean;

const maxCountedNonces = 200_000;
const maxCachedLogins = 50_000;
const cachedLoginMs = 60_000;

interface CachedLogin {
  readonly accountId: number;
  readonly untilMs: number;
}

/** Who decides whether credentials are looked at, and is told of what they were. */
export interface CredentialGate extends FindingObserver {
  look(remote: Endpoint, user: string, userAgent: string): 'verify' | 'ask' | 'refuse';
}

/** Checks digest credentials against the directory. Holds nothing for strangers but the nonce counts of answers that verified. */
export class Authenticator {
  readonly #directory: AccountDirectory;
  readonly #clock: Clock;
  readonly #settings: () => Settings;
  readonly #realm: string;
  readonly #onAuthenticated: (flow: Flow) => void;
  readonly #onRefused: (flow: Flow) => void;
  readonly #isRegisteredAt: RegistrationLookUp;
  readonly #gate: CredentialGate;
  readonly #mint: NonceMint;
  readonly #counts: NonceCount;
  /** An account that is not there has an HA1 too, which nobody knows, so that its answer costs the same work. */
  readonly #nobodysHa1: string;
  readonly #cache = new BoundedMap<string, CachedLogin>(maxCachedLogins);

  constructor(options: {
    readonly directory: AccountDirectory;
    readonly clock: Clock;
    readonly settings: () => Settings;
    readonly realm: string;
    readonly nonceKey: KeyObject;
    readonly bootId: string;
    readonly random: Random;
    readonly gate: CredentialGate;
    /** Told of each flow on which a challenge was answered rightly. */
    readonly onAuthenticated: (flow: Flow) => void;
    /** Told of each flow on which a challenge was answered wrongly. */
    readonly onRefused?: (flow: Flow) => void;
    /** Whether an account has a live registration from there; nobody has where it is not given. */
    readonly isRegisteredAt?: RegistrationLookUp;
  }) {
    this.#directory = options.directory;
    this.#clock = options.clock;
    this.#settings = options.settings;
    this.#realm = options.realm;
    this.#nobodysHa1 = options.random.hex(32);
    this.#onAuthenticated = options.onAuthenticated;
    this.#onRefused = options.onRefused ?? (() => {});
    this.#isRegisteredAt = options.isRegisteredAt ?? (() => false);
    this.#gate = options.gate;
    const lifetimeMs = options.settings().nonce_lifetime * 1000;
    this.#mint = new NonceMint(options.nonceKey, options.bootId, options.clock, { lifetimeMs });
    this.#counts = new NonceCount(maxCountedNonces);
  }

  /** Values for WWW-Authenticate or Proxy-Authenticate, strongest first. */
  challenges(flow: Flow, stale: boolean): string[] {
    const offered = this.#settings().useshadigestauth;
    const algorithms =
      offered === 0 ? (['MD5'] as const) : offered === 1 ? (['SHA-256', 'MD5'] as const) : (['SHA-256'] as const);
    return buildChallenges({
      realm: this.#realm,
      nonce: this.#mint.mint(nonceSource(flow)),
      stale,
      algorithms,
      qop: true,
    });
  }

  /** The challenge that a request is owed: 401 for REGISTER, 407 for the rest, as headers of the answer. */
  challengeHeaders(request: SipRequest, flow: Flow, stale: boolean): HeaderList {
    const name = request.method === 'REGISTER' ? 'www-authenticate' : 'proxy-authenticate';
    const headers = new HeaderList();
    for (const value of this.challenges(flow, stale)) headers.append(name, value);
    this.#gate.observe(findingOf('challenged', flow, { message: request, user: fromUser(request) }));
    return headers;
  }

  /** Whether a nonce is one that we made for this source over UDP, and that has not expired. */
  isOwnNonce(nonce: string, { address, port }: Endpoint): boolean {
    return this.#mint.check(nonce, { transport: 'udp', address, port }) === 'valid';
  }

  /** Whose request this is, by the header that its method answers challenges with. */
  identify(request: SipRequest, flow: Flow): Identity {
    const name = request.method === 'REGISTER' ? 'authorization' : 'proxy-authorization';
    for (const value of request.headers.getAll(name)) {
      const credentials = parseCredentials(value);
      if (credentials.ok && credentials.value.realm === this.#realm)
        return this.#check(credentials.value, request, flow);
    }
    return this.#unasked(request, flow) ?? { kind: 'challenge', stale: false };
  }

  /** Forgets cached log-ins of an account: its password, state or addresses changed. */
  purge(accountId: number): void {
    for (const [key, login] of this.#cache.entries()) if (login.accountId === accountId) this.#cache.delete(key);
  }

  #check(credentials: DigestCredentials, request: SipRequest, flow: Flow): Identity {
    const strength = this.#settings().strongdigestauth;
    let evidence: Evidence = flow.transport === 'udp' ? 'none' : 'connection';
    if (!this.#algorithmOffered(credentials)) return { kind: 'challenge', stale: false };
    if (strength >= 3 && credentials.qop === undefined) return { kind: 'challenge', stale: false };
    if (strength >= 1) {
      const verdict = this.#mint.check(credentials.nonce, nonceSource(flow));
      if (verdict === 'expired' || (verdict === 'foreign' && strength >= 2)) return { kind: 'challenge', stale: true };
      if (verdict === 'valid') evidence = 'nonce';
    }
    const observed = { message: request, user: credentials.username, evidence };
    const look = this.#gate.look(flow.remote, credentials.username, userAgentOf(request));
    if (look !== 'verify') {
      this.#gate.observe(findingOf(look === 'ask' ? 'unverified' : 'refused user', flow, observed));
      if (look === 'ask') return { kind: 'challenge', stale: false };
      return { kind: 'refused', reason: 'refused user', userName: credentials.username };
    }
    const account = this.#directory.accountByName(credentials.username);
    const credential = account && this.#directory.credentialOf(account.id);
    const verifies = (ha1: Secret<string> | undefined): boolean =>
      verifyDigest(credentials, ha1?.reveal() ?? this.#nobodysHa1, request.method, request.body);
    const verified = verifies(ha1Of(credential, credentials));
    // The account's previous password is a phone that was not told yet, not a guess. It is not called stale: a phone
    // that hears this asks again at once with the same password, and never stops.
    if (!verified && verifies(previousHa1Of(credential, credentials))) {
      this.#gate.observe(findingOf('previous password', flow, observed));
      return { kind: 'challenge', stale: false };
    }
    const problem = this.#problem(account, verified, credentials, request, flow);
    if (account === undefined || problem !== undefined) {
      this.#onRefused(flow);
      const reason = problem ?? 'unknown user';
      this.#gate.observe(findingOf(reason, flow, observed));
      return { kind: 'refused', reason, userName: credentials.username };
    }
    if (strength >= 2 && this.#counts.take(credentials) === 'replayed') return { kind: 'challenge', stale: true };
    this.#remember(account, flow);
    this.#gate.observe(findingOf('authenticated', flow, observed));
    this.#onAuthenticated(flow);
    return { kind: 'account', account, by: 'digest' };
  }

  /** The first thing that is wrong, for the log; the peer never learns which. */
  #problem(
    account: Account | undefined,
    verified: boolean,
    credentials: DigestCredentials,
    request: SipRequest,
    flow: Flow,
  ): Fault | undefined {
    if (account === undefined) return 'unknown user';
    if (!verified) return 'wrong password';
    if (!account.enabled) return 'account disabled';
    if (account.kind !== 'enduser' && account.kind !== 'trafficsender') return 'account disabled';
    if (this.#settings().strongdigestauth >= 2 && !digestUriMatches(credentials.uri, request.uri)) return 'digest uri';
    if (!permits(account.permitIp, flow.remote.address)) return 'address not permitted';
    const { stricttransport } = this.#settings();
    return mayUseTransport(account, flow.transport, stricttransport) ? undefined : 'wrong transport';
  }

  #algorithmOffered(credentials: DigestCredentials): boolean {
    const offered = this.#settings().useshadigestauth;
    return credentials.algorithm === 'MD5' ? offered < 2 : offered > 0;
  }

  #remember(account: Account, flow: Flow): void {
    if (this.#settings().cacheregistrations === 0) return;
    this.#cache.set(flowKey(flow), { accountId: account.id, untilMs: this.#clock.monotonicMs() + cachedLoginMs });
  }

  /** Who is taken at his word for what he proved before; a REGISTER only where [auth.authfastusers] lets it. */
  #unasked(request: SipRequest, flow: Flow): Identity | undefined {
    const { authfastusers } = this.#settings();
    if (request.method === 'REGISTER' && authfastusers === 1) return undefined;
    return this.#fromCache(request, flow) ?? this.#fromRegistration(request, flow);
  }

  /** [protocol.reuseepauth] at 1: from where its user is registered; with [protocol.reusedifferentportreg] from any port there. */
  #fromRegistration(request: SipRequest, flow: Flow): Identity | undefined {
    const { reuseepauth, reusedifferentportreg } = this.#settings();
    if (reuseepauth === 0) return undefined;
    const { fromUri } = request;
    if (fromUri === undefined || fromUri.scheme === 'tel') return undefined;
    const account = this.#directory.accountByName(fromUri.user);
    if (account?.kind !== 'enduser' || !this.#maySkip(account, flow)) return undefined;
    if (!this.#isRegisteredAt(account.id, flow, reusedifferentportreg === 1)) return undefined;
    return { kind: 'account', account, by: 'cache' };
  }

  #maySkip(account: Account, flow: Flow): boolean {
    if (!account.enabled || !permits(account.permitIp, flow.remote.address)) return false;
    return mayUseTransport(account, flow.transport, this.#settings().stricttransport);
  }

  /** [auth.cacheregistrations] at 1: the same source and transport, for a minute, for the same user only. */
  #fromCache(request: SipRequest, flow: Flow): Identity | undefined {
    if (this.#settings().cacheregistrations === 0) return undefined;
    const login = this.#cache.get(flowKey(flow));
    if (login === undefined || login.untilMs < this.#clock.monotonicMs()) return undefined;
    const account = this.#directory.accountById(login.accountId);
    if (account === undefined || !this.#maySkip(account, flow)) return undefined;
    if (!request.from.uri.includes(`:${account.name}@`)) return undefined;
    return { kind: 'account', account, by: 'cache' };
  }
}

/** The name that a request gives its sender. */
function fromUser(request: SipRequest): string {
  const { fromUri } = request;
  return fromUri !== undefined && fromUri.scheme !== 'tel' ? fromUri.user : '';
}

/** Whether `address` lies in one of the ranges; an empty list permits every address. */
export function permits(ranges: readonly string[], address: string): boolean {
  if (ranges.length === 0) return true;
  return ranges.some((range) => rangeHolds(range, address));
}

function nonceSource(flow: Flow): { address: string; port: number; transport: string } {
  return { address: flow.remote.address, port: flow.remote.port, transport: flow.transport };
}

function ha1Of(credential: Credential | undefined, { algorithm }: DigestCredentials): Secret<string> | undefined {
  return algorithm === 'MD5' ? credential?.ha1Md5 : credential?.ha1Sha256;
}

function previousHa1Of(
  credential: Credential | undefined,
  { algorithm }: DigestCredentials,
): Secret<string> | undefined {
  return algorithm === 'MD5' ? credential?.previousHa1Md5 : credential?.previousHa1Sha256;
}

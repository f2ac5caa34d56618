import type { Clock, Timer } from '../../base/time/clock.ts';
import { type HeaderList, namesToken } from '../message/index.ts';

/** RFC 4028 §4: the least that any Session-Expires and Min-SE may be, in seconds. */
export const leastSessionS = 90;

/** What an element wants of a session timer; `intervalS` 0 asks for none and takes what the peer asks for. */
export interface SessionTimerPolicy {
  readonly intervalS: number;
  /** What we accept at least: Min-SE of our requests and of our 422. */
  readonly minS: number;
}

/** What both sides have agreed on; undefined is a session without a timer. */
export interface SessionTerms {
  readonly intervalS: number;
  readonly refresher: 'us' | 'peer';
}

interface SessionExpires {
  readonly intervalS: number;
  readonly refresher: 'uac' | 'uas' | undefined;
}

const longestS = 86_400 * 7;

function readSessionExpires(headers: HeaderList): SessionExpires | undefined {
  const [, digits, params = ''] = /^(\d{1,9})\s*((?:;.*)?)$/.exec(headers.get('session-expires') ?? '') ?? [];
  if (digits === undefined) return undefined;
  const refresher = /;\s*refresher\s*=\s*(uac|uas)\s*(?:;|$)/i.exec(params)?.[1]?.toLowerCase();
  return {
    intervalS: Math.min(Number(digits), longestS),
    refresher: refresher === 'uac' || refresher === 'uas' ? refresher : undefined,
  };
}

/** Min-SE of a message in seconds; 90 where it names none. */
export function readMinSe(headers: HeaderList): number {
  const digits = /^\d{1,9}/.exec(headers.get('min-se') ?? '')?.[0];
  return Math.min(Math.max(Number(digits ?? leastSessionS), leastSessionS), longestS);
}

/** Headers of our INVITE or UPDATE (RFC 4028 §7.1, §7.4); `refresher` is named once there is one. */
export function offerSessionTimer(
  headers: HeaderList,
  policy: SessionTimerPolicy,
  terms: SessionTerms | undefined,
): void {
  if (policy.intervalS === 0 && terms === undefined) return;
  const refresher = terms === undefined ? '' : `;refresher=${terms.refresher === 'us' ? 'uac' : 'uas'}`;
  headers.append('session-expires', `${Math.max(terms?.intervalS ?? policy.intervalS, policy.minS)}${refresher}`);
  if (policy.minS > leastSessionS) headers.append('min-se', String(policy.minS));
}

/** What a 2xx to our INVITE or UPDATE agrees to (RFC 4028 §7.2). Of a peer without timers, we are the refresher. */
export function acceptedTerms(headers: HeaderList, policy: SessionTimerPolicy): SessionTerms | undefined {
  const accepted = readSessionExpires(headers);
  if (accepted !== undefined) {
    return {
      intervalS: Math.max(accepted.intervalS, leastSessionS),
      refresher: accepted.refresher === 'uas' ? 'peer' : 'us',
    };
  }
  return policy.intervalS === 0 ? undefined : { intervalS: policy.intervalS, refresher: 'us' };
}

/** How a request that would set the timer is to be answered: refused for its Session-Expires, or with these terms. */
export type SessionVerdict =
  | { readonly kind: 'too small'; readonly minS: number }
  | { readonly kind: 'agreed'; readonly terms: SessionTerms | undefined; readonly headers: HeaderList };

/** Answers the session timer of a peer's INVITE or UPDATE (RFC 4028 §9); `answer` is filled with our 2xx's headers. */
export function judgeSessionTimer(request: HeaderList, policy: SessionTimerPolicy, answer: HeaderList): SessionVerdict {
  const asked = readSessionExpires(request);
  const supported = namesToken(request, 'supported', 'timer') || namesToken(request, 'require', 'timer');
  // A peer that knows no timers cannot read a 422: a proxy has asked in its name.
  if (asked !== undefined && supported && asked.intervalS < policy.minS)
    return { kind: 'too small', minS: policy.minS };
  if (asked === undefined && policy.intervalS === 0) return { kind: 'agreed', terms: undefined, headers: answer };
  const wanted = policy.intervalS === 0 ? (asked?.intervalS ?? 0) : policy.intervalS;
  const floorS = Math.max(Math.min(asked?.intervalS ?? wanted, wanted), readMinSe(request), policy.minS);
  // Never more than was asked for (RFC 4028 §9), be it less than we would have: whoever cannot read a 422 is not refused.
  const agreedS = Math.max(Math.min(floorS, asked?.intervalS ?? floorS), leastSessionS);
  const refresher = supported ? (asked?.refresher ?? 'uac') : 'uas';
  // Without support in the peer the answer says nothing of timers, unless a proxy asked.
  if (supported || asked !== undefined) answer.append('session-expires', `${agreedS};refresher=${refresher}`);
  if (supported) answer.append('require', 'timer');
  return {
    kind: 'agreed',
    terms: { intervalS: agreedS, refresher: refresher === 'uac' ? 'peer' : 'us' },
    headers: answer,
  };
}

/** Runs one session's timer: asks for a refresh at half of the interval, and tells when the session has expired (RFC 4028 §10). */
export class SessionTimer {
  readonly #clock: Clock;
  readonly #onRefresh: () => void;
  readonly #onExpired: () => void;
  #terms: SessionTerms | undefined;
  /** Where we refresh, the expiry is only waited for once a refresh is under way: one timer less for each call. */
  #refresh: Timer | undefined;
  #expiry: Timer | undefined;
  #isOver = false;

  constructor(clock: Clock, onRefresh: () => void, onExpired: () => void) {
    this.#clock = clock;
    this.#onRefresh = onRefresh;
    this.#onExpired = onExpired;
  }

  get terms(): SessionTerms | undefined {
    return this.#terms;
  }

  /** The session was set up or refreshed on these terms: everything counts from now. */
  restart(terms: SessionTerms | undefined): void {
    this.#cancel();
    this.#terms = terms;
    if (terms === undefined || this.#isOver) return;
    const { intervalS, refresher } = terms;
    const untilExpiryMs = (intervalS - Math.min(32, Math.floor(intervalS / 3))) * 1000;
    if (refresher === 'peer') return this.#expireIn(untilExpiryMs);
    const untilRefreshMs = intervalS * 500;
    this.#refresh = this.#clock.after(untilRefreshMs, () => {
      this.#expireIn(untilExpiryMs - untilRefreshMs);
      this.#onRefresh();
    });
  }

  #expireIn(delayMs: number): void {
    this.#expiry = this.#clock.after(delayMs, () => this.#onExpired());
  }

  /** Tries the refresh again after so many milliseconds; the expiry stands. */
  refreshIn(delayMs: number): void {
    if (this.#isOver) return;
    this.#refresh?.cancel();
    this.#refresh = this.#clock.after(delayMs, () => this.#onRefresh());
  }

  /** The session is over: an answer to a refresh that comes later starts nothing any more. */
  stop(): void {
    this.#isOver = true;
    this.#cancel();
  }

  #cancel(): void {
    this.#refresh?.cancel();
    this.#expiry?.cancel();
    this.#refresh = undefined;
    this.#expiry = undefined;
  }
}

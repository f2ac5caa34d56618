import type { Clock } from '../../base/time/clock.ts';

/** What a lease is counted for: an account's id, or the name of a pool. */
export type Subject = number | string;

/** One thing of several that may be in use at once, taken for a call; it is counted until it is released. */
export interface Lease {
  readonly subject: Subject;
  /** The call's id. */
  readonly owner: string;
  /** On the monotonic clock; the audit renews it for as long as its call is in the table. */
  readonly expiresAtMs: number;
  /** Gives it back; a second time changes nothing. */
  release(): void;
}

/** What an audit found. All three are 0 unless something in this server is wrong. */
export interface Drift {
  /** Leases whose call is not in the table. */
  readonly orphans: number;
  /** Leases that were taken back because nobody had renewed them. */
  readonly expired: number;
  /** Calls that should hold a lease and hold none. */
  readonly missing: number;
}

/** Longer than any audit is apart from the next one, by far. */
export const leaseMs = 300_000;

interface Held extends Lease {
  expiresAtMs: number;
}

/** How many of something each subject has in use: counted from the leases themselves, so that nothing can drift away. */
export class Leases {
  readonly #clock: Clock;
  readonly #bySubject = new Map<Subject, Set<Held>>();
  #size = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** All leases that are held now. */
  get size(): number {
    return this.#size;
  }

  inUse(subject: Subject): number {
    return this.#bySubject.get(subject)?.size ?? 0;
  }

  take(subject: Subject, owner: string): Lease {
    const expiresAtMs = this.#clock.monotonicMs() + leaseMs;
    const held: Held = { subject, owner, expiresAtMs, release: () => this.#drop(held) };
    const taken = this.#bySubject.get(subject);
    if (taken === undefined) this.#bySubject.set(subject, new Set([held]));
    else taken.add(held);
    this.#size++;
    return held;
  }

  /**
   * Holds the leases against the calls that there are: renews those whose call is in the table, takes back what has
   * expired, and tells what does not fit.
   * @param expected the calls that should hold a lease, by subject; nothing where that is not known.
   */
  audit(
    isCall: (callId: string) => boolean,
    expected?: readonly { readonly subject: Subject; readonly owner: string }[],
  ): Drift {
    const nowMs = this.#clock.monotonicMs();
    const drift = { orphans: 0, expired: 0, missing: 0 };
    for (const held of [...this.#bySubject.values()].flatMap((taken) => [...taken])) {
      if (isCall(held.owner)) held.expiresAtMs = nowMs + leaseMs;
      else drift.orphans++;
      if (held.expiresAtMs > nowMs) continue;
      drift.expired++;
      this.#drop(held);
    }
    for (const { subject, owner } of expected ?? []) {
      if (![...(this.#bySubject.get(subject) ?? [])].some((held) => held.owner === owner)) drift.missing++;
    }
    return drift;
  }

  #drop(held: Held): void {
    const taken = this.#bySubject.get(held.subject);
    if (taken?.delete(held) !== true) return;
    this.#size--;
    if (taken.size === 0) this.#bySubject.delete(held.subject);
  }
}

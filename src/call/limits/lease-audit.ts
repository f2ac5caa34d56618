import type { Log } from '../../base/log/log.ts';
import type { Clock, Timer } from '../../base/time/clock.ts';
import type { Drift, Leases, Subject } from './leases.ts';

const auditMs = 30_000;

/** A call as the table of calls has it. */
export interface AuditedCall {
  readonly callId: string;
  /** Whose line it should hold; undefined once it is over, or where nobody pays. */
  readonly holdsLineOf: Subject | undefined;
}

/**
 * Recounts what is in use from the table of calls, now and then, and tells what differs. It must find nothing: a lease
 * that its call did not give back would lock an account out, and one that is missing would let it go beyond its limit.
 */
export class LeaseAudit {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #lines: Leases;
  readonly #others: readonly Leases[];
  readonly #calls: () => Iterable<AuditedCall>;
  #timer: Timer | undefined;
  #found = 0;

  constructor(parts: {
    readonly clock: Clock;
    readonly log: Log;
    readonly lines: Leases;
    readonly others: readonly Leases[];
    readonly calls: () => Iterable<AuditedCall>;
  }) {
    this.#clock = parts.clock;
    this.#log = parts.log;
    this.#lines = parts.lines;
    this.#others = parts.others;
    this.#calls = parts.calls;
  }

  /** What all audits have found so far. */
  get found(): number {
    return this.#found;
  }

  start(): void {
    this.#timer = this.#clock.after(auditMs, () => {
      this.run();
      this.start();
    });
  }

  stop(): void {
    this.#timer?.cancel();
  }

  run(): void {
    const callIds = new Set<string>();
    const expected: { subject: Subject; owner: string }[] = [];
    for (const { callId, holdsLineOf } of this.#calls()) {
      callIds.add(callId);
      if (holdsLineOf !== undefined) expected.push({ subject: holdsLineOf, owner: callId });
    }
    const isCall = (callId: string): boolean => callIds.has(callId);
    this.#tell('lines', this.#lines.audit(isCall, expected));
    for (const leases of this.#others) this.#tell('other leases', leases.audit(isCall));
  }

  #tell(of: string, drift: Drift): void {
    const { orphans, expired, missing } = drift;
    if (orphans + expired + missing === 0) return;
    this.#found += orphans + expired + missing;
    this.#log.error('leases do not agree with the calls', { of, ...drift });
  }
}

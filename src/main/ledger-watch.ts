import { printAmount } from '../base/money/money.ts';
import type { Log } from '../base/log/log.ts';
import type { Clock, Timer } from '../base/time/clock.ts';
import type { Ledger } from '../billing/ledger/ledger.ts';

const lookMs = 60_000;

/** Checks the ledger at start and once in each billing day, and tells what came of it. */
export class LedgerWatch {
  readonly #ledger: Ledger;
  readonly #clock: Clock;
  readonly #log: Log;
  #day = '';
  #timer: Timer | undefined;
  /** What the last check found that does not agree; undefined before the first. */
  #findings: number | undefined;
  #checkedAtMs = 0;

  constructor(ledger: Ledger, { clock, log }: { readonly clock: Clock; readonly log: Log }) {
    this.#ledger = ledger;
    this.#clock = clock;
    this.#log = log;
  }

  /** -1 before the first check is done, and when one could not be. */
  get findings(): number {
    return this.#findings ?? -1;
  }

  get checkedAtMs(): number {
    return this.#checkedAtMs;
  }

  start(): void {
    const refusal = this.#ledger.mayPrice();
    if (refusal !== undefined) this.#log.error('no call that costs something is let through', { ...refusal });
    this.#look();
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #look(): void {
    const { day } = this.#ledger.periods.today();
    if (day !== this.#day) {
      this.#day = day;
      void this.#check();
    }
    this.#timer = this.#clock.after(lookMs, () => this.#look());
  }

  async #check(): Promise<void> {
    try {
      const { postings, totalMicros, findings, notes } = await this.#ledger.check();
      this.#findings = findings.length;
      this.#checkedAtMs = this.#clock.wallMs();
      for (const finding of findings) this.#log.error('the ledger does not agree', { finding });
      this.#log.info('ledger checked', {
        postings,
        total: printAmount(totalMicros),
        findings: findings.length,
        notes: notes.length,
      });
    } catch (error) {
      this.#findings = undefined;
      this.#log.error('the ledger could not be checked', { error: String(error) });
    }
  }
}

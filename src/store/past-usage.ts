import type { PastCall, PastTalk } from '../call/limits/past-calls.ts';
import type { PastCharge } from '../call/money/trade.ts';
import type { WorkerLink } from './worker-link.ts';

const maxSourceCalls = 200_000;

/** What the CDRs tell of past calls: limits that reach back count it after a restart. */
export class PastUsage {
  readonly #link: Pick<WorkerLink, 'read'>;

  constructor(link: Pick<WorkerLink, 'read'>) {
    this.#link = link;
  }

  /** Talk of finished calls that began since then; several calls of one quarter of an hour are one entry. */
  async talkSince(sinceMs: number): Promise<readonly PastTalk[]> {
    const { cdrs = [] } = await this.#link.read({ kind: 'talk', sinceMs });
    return cdrs.map((row) => ({
      payerId: typeof row['payer_id'] === 'number' ? row['payer_id'] : undefined,
      calleeName: String(row['callee_name']),
      startedAtMs: Number(row['started_at_ms']),
      talkMs: Number(row['talk_ms']),
    }));
  }

  /** The last calls that were admitted since then and are over, oldest first. */
  async sourceCallsSince(sinceMs: number): Promise<readonly PastCall[]> {
    const { cdrs = [] } = await this.#link.read({ kind: 'source calls', sinceMs, limit: maxSourceCalls });
    return cdrs.toReversed().map((row) => ({
      payerId: Number(row['payer_id']),
      sourceAddress: String(row['source_address']),
      startedAtMs: Number(row['started_at_ms']),
      answeredAtMs: typeof row['answered_at_ms'] === 'number' ? row['answered_at_ms'] : undefined,
      endedAtMs: Number(row['ended_at_ms']),
    }));
  }

  /** What calls that began since then were charged, oldest first; of many the newest. */
  async callChargesSince(sinceMs: number): Promise<readonly PastCharge[]> {
    const { cdrs = [] } = await this.#link.read({ kind: 'call charges', sinceMs, limit: maxSourceCalls });
    return cdrs.toReversed().map((row) => ({
      callId: String(row['call_id']),
      accountId: Number(row['account_id']),
      costMicros: BigInt(String(row['cost_micros'])),
      day: String(row['day']),
      atMs: Number(row['at_ms']),
      payerId: typeof row['payer_id'] === 'number' ? row['payer_id'] : undefined,
      sourceAddress: String(row['source_address']),
    }));
  }

  /** Early media of calls that the account paid for and that began since then. */
  async earlyMediaMsSince(accountId: number, sinceMs: number): Promise<number> {
    const { cdrs: [row] = [] } = await this.#link.read({ kind: 'early media', accountId, sinceMs });
    return Number(row?.['early_media_ms'] ?? 0);
  }
}

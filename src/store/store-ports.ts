import type { Log } from '../base/log/log.ts';
import type { LedgerStore, PricingRefusal } from '../billing/ledger/ports.ts';
import type { Posting } from '../billing/ledger/posting.ts';
import type { SpendPeakStore } from '../billing/limits/spend-peaks.ts';
import type { CallStore } from '../call/ports.ts';
import type { BlockListStore } from '../guard/lists/ports.ts';
import type { BanStore, DecisionStore } from '../guard/ports.ts';
import { banPut } from './ban-rows.ts';
import { blockListCopyPut, blockListPut, blockListRemovals } from './block-list-rows.ts';
import { amendWrite, answerWrite, beginWrite, dialledWrite, endWrite } from './call-rows.ts';
import { decisionPut } from './decision-rows.ts';
import type { Failure, RowChange } from './messages.ts';
import { spendPeakPut } from './spend-peak-rows.ts';
import type { WorkerLink } from './worker-link.ts';

/** Calls, their answers and their charges: whoever writes one waits until it is on the disk, or is told that it is not. */
export function callStore({ writes }: WorkerLink): CallStore {
  return {
    begin: (row) => writes.write(beginWrite(row)),
    dialled: (callId, invites, money) => writes.write(dialledWrite(callId, invites, money), 'soon'),
    answer: (row) => writes.write(answerWrite(row)),
    end: (cdr, charges = []) => writes.write(endWrite(cdr, charges), 'soon'),
    amend: (cdr, charges) => writes.write(amendWrite(cdr, charges)),
  };
}

/** What nobody waits for: a row that cannot be written is told to the log. */
export class UnawaitedRows {
  readonly #link: WorkerLink;
  readonly #log: Log;

  constructor(link: WorkerLink, log: Log) {
    this.#link = link;
    this.#log = log;
  }

  decisions(): DecisionStore {
    const what = 'a decision could not be stored';
    return { put: (decision) => this.#write(what, [decisionPut(decision)], 'now', { id: decision.id }) };
  }

  bans(): BanStore {
    const what = 'a change of bans could not be stored';
    const removal = (key: string): RowChange => ({ kind: 'remove', table: 'bans', column: 'ban_key', value: key });
    return {
      put: (ban) => this.#write(what, [banPut(ban)], 'soon'),
      remove: (keys) => this.#write(what, keys.map(removal), 'soon'),
    };
  }

  blockLists(): BlockListStore {
    const what = 'a change of block lists could not be stored';
    return {
      put: (record) => this.#write(what, [blockListPut(record)], 'soon'),
      putCopy: (name, which, text) => this.#write(what, [blockListCopyPut(name, which, text)], 'soon'),
      remove: (name) => this.#write(what, blockListRemovals(name), 'soon'),
    };
  }

  spendPeaks(): SpendPeakStore {
    const what = 'what an account is used to spend could not be stored';
    return { put: (peak) => this.#write(what, [spendPeakPut(peak)], 'soon') };
  }

  /** The bounds of a billing day. */
  period({ day, startsAtMs, endsAtMs }: Parameters<LedgerStore['putPeriod']>[0]): void {
    const row = { day, starts_at_ms: startsAtMs, ends_at_ms: endsAtMs };
    const what = 'the bounds of a billing day could not be stored';
    this.#write(what, [{ kind: 'put', table: 'periods', row }], 'now', { day });
  }

  #write(failure: string, changes: readonly RowChange[], when: 'now' | 'soon', details: object = {}): void {
    this.#link.writes.write(['rows', ...changes], when).catch((error: unknown) => {
      this.#log.error(failure, { ...details, error: String(error) });
    });
  }
}

/** Postings, and why there can be none for now. */
export function ledgerStore(link: WorkerLink, rows: UnawaitedRows): LedgerStore {
  const reversals = async (id: string): Promise<readonly Posting[]> => {
    const { postings = [] } = await link.read({ kind: 'postings', filter: { by: 'reverses', id } });
    return postings.map(({ posting }) => posting);
  };
  return {
    post: (postings) => link.writes.write(['post', postings, []]),
    find: async (id) => {
      const { postings: [found] = [] } = await link.read({ kind: 'postings', filter: { by: 'id', id } });
      return found?.posting;
    },
    takenBackMicros: async (id) => sumOf((await reversals(id)).filter(({ kind }) => kind === 'chargeback')),
    reversedMicros: async (id) => sumOf(await reversals(id)),
    putPeriod: (period) => rows.period(period),
    check: () => link.checkLedger(),
    refusal: () => link.ledgerHalt ?? refusalOf(link.writes.fault ?? link.journalFault),
  };
}

/** What the postings took, positive. */
function sumOf(postings: readonly Posting[]): bigint {
  return postings.reduce((sum, { amountMicros }) => sum - amountMicros, 0n);
}

/** What a store that cannot write means for calls that cost something. */
function refusalOf(fault: Failure | undefined): PricingRefusal | undefined {
  switch (fault?.reason) {
    case undefined:
    case 'refused':
      return undefined;
    case 'full':
      return { reason: 'disk full', message: fault.message };
    case 'stalled':
      return { reason: 'store stalled', message: fault.message };
    case 'broken':
    case 'superseded':
    case 'closed':
      return { reason: 'store broken', message: fault.message };
  }
}

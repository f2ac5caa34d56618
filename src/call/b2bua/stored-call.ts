import type { Log } from '../../base/log/log.ts';
import type { Clock } from '../../base/time/clock.ts';
import type { Posting } from '../../billing/ledger/posting.ts';
import type { DialledLeg, LiveCall } from '../../billing/seam.ts';
import type { StreamStats } from '../../media/index.ts';
import type { MeteredCalls } from '../money/metered-calls.ts';
import type { CallStore } from '../ports.ts';
import type { DialogRecord, InviteRecord } from '../record.ts';
import type { CallRecord } from './call-record.ts';
import { mediaAbuse } from './media-abuse.ts';

/** A CDR that the disk did not take is tried again so often. */
const endTries = 360;
const endRetryMs = 10_000;

/** What writing a call down needs of the server. */
interface StoredCallParts {
  readonly store: CallStore;
  readonly money: MeteredCalls;
  readonly clock: Clock;
}

/**
 * A call as the disk has it: a row from before anything is dialled, by which the next start can end it after a crash,
 * and in the end one CDR with what the call costs, in place of the row.
 */
export class StoredCall {
  readonly #parts: StoredCallParts;
  readonly #record: CallRecord;
  readonly #live: LiveCall;
  readonly #log: Log;
  #invites: readonly InviteRecord[] = [];
  #hasRow = false;
  /** Settled once the CDR and its charges are on the disk, or given up; undefined while the call is not over. */
  #closed: Promise<void> | undefined;
  #lateCharges = 0;

  constructor(parts: StoredCallParts, record: CallRecord, live: LiveCall, log: Log) {
    this.#parts = parts;
    this.#record = record;
    this.#live = live;
    this.#log = log;
  }

  /** Resolves when the row is on disk, with every INVITE that is known by now: only then anything may be dialled. */
  begin(): Promise<void> {
    const { store, money } = this.#parts;
    const { cdr } = this.#record;
    const { callId, startedAtMs } = cdr;
    this.#hasRow = true;
    return store.begin({ callId, startedAtMs, cdr, invites: this.#invites, money: money.writtenMoney(callId) });
  }

  /** Further INVITEs are written down too, but not waited for: a crash between costs some ringing, and no money. */
  dialling(invites: readonly InviteRecord[]): void {
    this.#invites = [...this.#invites, ...invites];
    if (this.#hasRow) this.#rewrite('a further destination is not written down');
  }

  #rewrite(failure: string): void {
    const { store, money } = this.#parts;
    const { callId } = this.#record.cdr;
    store.dialled(callId, this.#invites, money.writtenMoney(callId)).catch((error: unknown) => {
      this.#log.warn(failure, { error: String(error) });
    });
  }

  /** Resolves when both dialogs are on disk: only then either side is told that the call is answered. */
  answered(caller: DialogRecord, callee: DialogRecord): Promise<void> {
    const { store, money } = this.#parts;
    const { cdr } = this.#record;
    const { callId, startedAtMs, answeredAtMs = startedAtMs } = cdr;
    return store.answer({ callId, answeredAtMs, cdr, caller, callee, money: money.writtenMoney(callId) });
  }

  /**
   * The CDR is written last, with what the media plane measured and what the call costs; until then the row stands for
   * a restart to find. A full disk is tried again: the charge is out of the balance already.
   */
  close(measured: Promise<readonly StreamStats[]>): Promise<void> {
    const { store, money } = this.#parts;
    const write = async (charges: readonly Posting[]): Promise<void> => {
      const stats = await measured;
      this.#record.quality(stats);
      const abuse = mediaAbuse(stats);
      if (abuse !== undefined) this.#log.warn('media from elsewhere, over the rate or malformed was dropped', abuse);
      await this.#insist(() => store.end(this.#record.cdr, charges));
    };
    this.#closed = money.charge(this.#live, write).catch((error: unknown) => {
      this.#log.error('CDR is not written; the next start writes it', { error: String(error) });
    });
    return this.#closed;
  }

  /** A SIP server that was given up answered, and may charge for it: what is on the disk already is amended. */
  answeredLate(leg: DialledLeg, attemptIndex: number): void {
    const { store, money } = this.#parts;
    this.#record.lateAnswer(attemptIndex);
    const closed = this.#closed;
    if (closed === undefined) {
      money.lateAnswer(this.#live, leg);
      // Its carrier charges for it, also when this server dies before the call ends.
      return this.#rewrite('a late answer of a SIP server is not written down');
    }
    const amend = async (charges: readonly Posting[]): Promise<void> => {
      await closed;
      await this.#insist(() => store.amend(this.#record.cdr, charges));
    };
    this.#lateCharges++;
    money.chargeLate(this.#live, leg, this.#lateCharges, amend).catch((error: unknown) => {
      this.#log.error('a late answer of a SIP server is not in the CDR', { error: String(error) });
    });
  }

  async #insist(write: () => Promise<void>): Promise<void> {
    for (let triesLeft = endTries; ; triesLeft--) {
      try {
        return await write();
      } catch (error) {
        if (triesLeft === 0) throw error;
        this.#log.warn('CDR is not written yet', { error: String(error), triesLeft });
        await new Promise<void>((resolve) => void this.#parts.clock.after(endRetryMs, resolve));
      }
    }
  }
}

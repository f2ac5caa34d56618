import type { WallClock } from './wall-clock.ts';
import { MemoryPostings } from '../kit/memory-ledger.ts';
import type { Random } from '../../src/base/random/random.ts';
import type { Clock, Timer } from '../../src/base/time/clock.ts';
import type { CallStore } from '../../src/call/ports.ts';
import type { CallAnswer, CallRow, Cdr, InviteRecord, UnfinishedCall } from '../../src/call/record.ts';
import type { Posting } from '../../src/billing/ledger/posting.ts';
import type { Decision } from '../../src/guard/decision.ts';
import type { DecisionStore } from '../../src/guard/ports.ts';
import type { Binding } from '../../src/registrar/binding.ts';
import type { BindingStore } from '../../src/registrar/ports.ts';

/** What is on the disk of the simulation: all that a crash leaves. */
export class Disk {
  readonly rows = new Map<string, CallRow>();
  readonly answers = new Map<string, CallAnswer>();
  readonly cdrs = new Map<string, Cdr>();
  readonly bindings = new Map<string, Binding>();
  readonly decisions = new Map<string, Decision>();
  readonly postings = new MemoryPostings();

  unfinished(): readonly UnfinishedCall[] {
    return [...this.rows.values()].map((row) => {
      const answer = this.answers.get(row.callId);
      return {
        cdr: answer?.cdr ?? row.cdr,
        answeredAtMs: answer?.answeredAtMs,
        caller: answer?.caller,
        callee: answer?.callee,
        invites: row.invites,
        money: answer?.money ?? row.money,
      };
    });
  }
}

/** What servers asked of the disk, also what it never took: the truth that the checks compare with. */
export class Asked {
  readonly begun = new Map<string, CallRow & { readonly life: number }>();
  readonly answered = new Map<string, CallAnswer>();
  readonly ended = new Map<string, { readonly life: number; readonly cdr: Cdr }[]>();
  /** The INVITEs that the row of a call had at last. */
  readonly invites = new Map<string, readonly InviteRecord[]>();
}

export interface StoreOptions {
  readonly disk: Disk;
  readonly asked: Asked;
  /** The server's own clock: what it has not seen committed when it dies, it never hears of. */
  readonly clock: Clock;
  readonly random: Random;
  readonly maxDelayMs: number;
  /** How many of a thousand begins and answers the disk refuses. */
  readonly failurePerMille: number;
  readonly life: number;
  /** By which the server's times are read as those of the world. */
  readonly wall: WallClock;
  /** Asked before and after each write; true when the server is dead by then. */
  readonly onWrite: () => boolean;
}

/** A store that commits in order, each write after a time of its own, and tells of it a little later. */
export class MemoryStore {
  readonly calls: CallStore;
  readonly bindings: BindingStore;
  readonly decisions: DecisionStore;
  readonly #options: StoreOptions;
  #lastCommitMs = 0;
  readonly #pending = new Map<Timer, () => void>();

  constructor(options: StoreOptions) {
    this.#options = options;
    const { disk, asked, life, wall } = options;
    this.calls = {
      begin: (row) => {
        asked.begun.set(row.callId, { ...row, life });
        asked.invites.set(row.callId, row.invites);
        return this.#commit(() => disk.rows.set(row.callId, row), this.#fails());
      },
      dialled: (callId, invites, money) => {
        asked.invites.set(callId, invites);
        return this.#commit(() => {
          const row = disk.rows.get(callId);
          if (row !== undefined) disk.rows.set(callId, { ...row, invites, money });
        }, false);
      },
      answer: (answer) => {
        asked.answered.set(answer.callId, { ...answer, answeredAtMs: wall.trueMs(answer.answeredAtMs) });
        return this.#commit(() => disk.answers.set(answer.callId, answer), this.#fails());
      },
      end: (written, charges = []) => {
        const cdr = inTrueTime(written, wall);
        asked.ended.set(cdr.callId, [...(asked.ended.get(cdr.callId) ?? []), { life, cdr }]);
        return this.#commit(() => {
          void disk.postings.post(charges);
          if (!disk.cdrs.has(cdr.callId)) disk.cdrs.set(cdr.callId, cdr);
          disk.rows.delete(cdr.callId);
          disk.answers.delete(cdr.callId);
        }, false);
      },
      amend: (cdr, charges) =>
        this.#commit(() => {
          void disk.postings.post(charges);
          disk.cdrs.set(cdr.callId, inTrueTime(cdr, wall));
        }, false),
    };
    this.bindings = {
      put: (binding) => void this.#commit(() => disk.bindings.set(binding.key, binding), false),
      remove: (key) => void this.#commit(() => disk.bindings.delete(key), false),
    };
    this.decisions = {
      put: (decision) => void this.#commit(() => disk.decisions.set(decision.id, decision), false),
    };
  }

  /** Postings that belong to no call. */
  post(postings: readonly Posting[]): Promise<void> {
    return this.#commit(() => void this.#options.disk.postings.post(postings), false);
  }

  /** Commits what is still gathered, as an orderly stop does. */
  close(): void {
    for (const [timer, write] of this.#pending) {
      timer.cancel();
      write();
    }
    this.#pending.clear();
  }

  #fails(): boolean {
    return this.#options.random.below(1000) < this.#options.failurePerMille;
  }

  #commit(write: () => void, fails: boolean): Promise<void> {
    const { clock, random, maxDelayMs, onWrite } = this.#options;
    const nowMs = clock.monotonicMs();
    this.#lastCommitMs = Math.max(this.#lastCommitMs, nowMs + random.below(maxDelayMs + 1));
    return new Promise((resolve, reject) => {
      const timer = clock.after(this.#lastCommitMs - nowMs, () => {
        this.#pending.delete(timer);
        // A write that a crash forestalls never was; one that it follows is there, and nobody has heard of it.
        if (onWrite()) return;
        if (!fails) write();
        if (onWrite()) return;
        clock.after(random.below(2), fails ? () => reject(new Error('the disk is full')) : resolve);
      });
      if (!fails) this.#pending.set(timer, write);
    });
  }
}

function inTrueTime(cdr: Cdr, wall: WallClock): Cdr {
  const { startedAtMs, answeredAtMs, endedAtMs } = cdr;
  return {
    ...cdr,
    startedAtMs: wall.trueMs(startedAtMs),
    answeredAtMs: wall.trueTime(answeredAtMs),
    endedAtMs: wall.trueTime(endedAtMs),
  };
}

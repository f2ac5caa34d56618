import type { Clock, Timer } from '../../base/time/clock.ts';
import type { HeaderList, SipResponse } from '../message/index.ts';
import { type TimerValues, transactionTimeoutMs } from '../transaction/index.ts';

/** What a PRACK acknowledges (RFC 3262 §7.2). */
export interface RAck {
  readonly rseq: number;
  readonly seq: number;
  readonly method: string;
}

/** The RSeq of a reliable provisional response; undefined where there is none, or none that the RFC allows. */
export function readRSeq(headers: HeaderList): number | undefined {
  const digits = /^\d{1,10}$/.exec(headers.get('rseq') ?? '')?.[0];
  const rseq = Number(digits ?? 0);
  return rseq >= 1 && rseq <= 0xffff_ffff ? rseq : undefined;
}

/** The RAck of a PRACK; undefined where it cannot be read. */
export function readRAck(headers: HeaderList): RAck | undefined {
  const [, rseq, seq, method] = /^(\d{1,10})\s+(\d{1,10})\s+(\S{1,32})$/.exec(headers.get('rack') ?? '') ?? [];
  return method === undefined ? undefined : { rseq: Number(rseq), seq: Number(seq), method };
}

/**
 * Puts reliable provisional responses of one dialog in their order (RFC 3262 §4): the first may have any number, each
 * other must be the next. What is repeated or early is not processed, and not acknowledged again.
 */
export class ReliableReceiver {
  #last: number | undefined;

  /** @returns whether the response is new, and a PRACK is owed. */
  accept(rseq: number): boolean {
    if (this.#last !== undefined && rseq !== this.#last + 1) return false;
    this.#last = rseq;
    return true;
  }
}

interface Waiting {
  readonly rseq: number;
  readonly response: SipResponse;
  readonly hasSdp: boolean;
}

/** Responses that may wait behind one that is not acknowledged. */
const maxQueued = 4;

export interface ReliableSenderOptions {
  readonly clock: Clock;
  readonly timers: TimerValues;
  readonly inviteSeq: number;
  /** Any number from 1 to 2^31 - 1 (RFC 3262 §3). */
  readonly firstRSeq: number;
  readonly send: (response: SipResponse) => void;
  /** No PRACK came for 64 times T1. */
  readonly onTimeout: () => void;
}

/**
 * Sends the reliable provisional responses of one dialog, one after another: each is repeated after T1, doubling, until
 * its PRACK, for 64 times T1 (RFC 3262 §3).
 */
export class ReliableSender {
  readonly #options: ReliableSenderOptions;
  #nextRSeq: number;
  #sent: Waiting | undefined;
  #queue: Waiting[] = [];
  #repeat: Timer | undefined;
  #giveUp: Timer | undefined;
  #onClear: (() => void) | undefined;
  #unacknowledged: number | undefined;

  constructor(options: ReliableSenderOptions) {
    this.#options = options;
    this.#nextRSeq = options.firstRSeq;
  }

  /** Sends a response with Require and RSeq added, now or when those before it are acknowledged. */
  send(response: SipResponse, hasSdp: boolean): void {
    if (this.#queue.length === maxQueued) {
      const spare = this.#queue.findIndex((waiting) => !waiting.hasSdp);
      if (spare < 0) return;
      this.#queue.splice(spare, 1);
    }
    response.headers.append('require', '100rel');
    this.#queue.push({ rseq: 0, response, hasSdp });
    this.#sendNext();
  }

  /** Whether everything that was sent is acknowledged. */
  get isClear(): boolean {
    return this.#sent === undefined && this.#queue.length === 0;
  }

  /** The response that a PRACK is for; undefined owes it a 481 (RFC 3262 §3). */
  sentFor({ rseq, seq, method }: RAck): { readonly hasSdp: boolean } | undefined {
    const sent = this.#sent;
    return sent?.rseq === rseq && seq === this.#options.inviteSeq && method === 'INVITE' ? sent : undefined;
  }

  /** The response under way has its PRACK. */
  acknowledge(): void {
    this.#stopTimers();
    this.#sent = undefined;
    this.#sendNext();
    if (this.#onClear !== undefined) this.whenClear(this.#onClear);
  }

  /** Calls once no description waits for its PRACK: a 2xx must not overtake it, and ends every repetition. */
  whenClear(go: () => void): void {
    if (this.#sent?.hasSdp === true || this.#queue.some(({ hasSdp }) => hasSdp)) {
      this.#onClear = go;
      return;
    }
    const left = this.#sent;
    this.stop();
    this.#unacknowledged = left?.rseq;
    go();
  }

  /** The RSeq that a final response has overtaken: its PRACK may still come (RFC 3262 §3). */
  get unacknowledged(): number | undefined {
    return this.#unacknowledged;
  }

  stop(): void {
    this.#onClear = undefined;
    this.#queue = [];
    this.#sent = undefined;
    this.#stopTimers();
  }

  #sendNext(): void {
    const next = this.#sent === undefined ? this.#queue.shift() : undefined;
    if (next === undefined) return;
    const rseq = this.#nextRSeq++;
    next.response.headers.append('rseq', String(rseq));
    this.#sent = { ...next, rseq };
    const { clock, timers, send } = this.#options;
    send(next.response);
    this.#arm(next.response, timers.t1Ms);
    this.#giveUp = clock.after(transactionTimeoutMs(timers), () => {
      this.stop();
      this.#options.onTimeout();
    });
  }

  #arm(response: SipResponse, intervalMs: number): void {
    this.#repeat = this.#options.clock.after(intervalMs, () => {
      this.#options.send(response);
      this.#arm(response, intervalMs * 2);
    });
  }

  #stopTimers(): void {
    this.#repeat?.cancel();
    this.#giveUp?.cancel();
  }
}

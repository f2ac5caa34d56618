import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Heartbeat } from '../call/record.ts';
import type { Posting } from '../billing/ledger/posting.ts';
import type { LedgerFindings, PricingRefusal } from '../billing/ledger/ports.ts';
import { assert } from '../base/result/assert.ts';
import type { Clock } from '../base/time/clock.ts';
import {
  type Answer,
  type Failure,
  type FromWorker,
  type Read,
  type Resumed,
  type RowChange,
  StoreError,
  type ToWorker,
} from './messages.ts';
import { WriteQueue } from './write-queue.ts';

/** The main thread's end of the wire to the store's thread. */
export class WorkerLink {
  readonly writes: WriteQueue;
  readonly epoch: number;
  /** The last heartbeat of the server that worked on this folder before us. */
  readonly lastHeartbeat: Heartbeat | undefined;
  /** Why the ledger waits for its operator. */
  #ledgerHalt: PricingRefusal | undefined;
  #journalFault: Failure | undefined;
  readonly #dataFolder: string;
  readonly #worker: Worker;
  readonly #reads = new Map<
    number,
    { readonly resolve: (answer: Answer) => void; readonly reject: (error: Error) => void }
  >();
  #nextRead = 1;
  #gone: Failure | undefined;

  private constructor(
    worker: Worker,
    dataFolder: string,
    clock: Clock,
    ready: Extract<FromWorker, { readonly kind: 'ready' }>,
  ) {
    this.#dataFolder = dataFolder;
    this.#worker = worker;
    this.epoch = ready.epoch;
    this.lastHeartbeat = ready.lastHeartbeat;
    this.#ledgerHalt = ready.ledgerHalt;
    this.writes = new WriteQueue(clock, (batch, writes) => this.#post({ kind: 'write', batch, writes }));
    worker.on('message', (message: FromWorker) => this.#take(message));
    worker.on('error', (error) => this.#lose(`the store's thread failed: ${messageOf(error)}`));
    worker.on('exit', () => this.#lose("the store's thread has ended"));
  }

  /** Starts the thread; rejects with what is wrong when the database cannot be used. */
  static start(dataFolder: string, clock: Clock): Promise<WorkerLink> {
    const workerData = { dataFolder, nowMs: clock.wallMs() };
    const worker = new Worker(new URL('./worker.ts', import.meta.url), { name: 'store', workerData });
    return new Promise((resolve, reject) => {
      worker.once('error', reject);
      worker.once('message', (message: FromWorker) => {
        worker.off('error', reject);
        if (message.kind === 'ready') resolve(new WorkerLink(worker, dataFolder, clock, message));
        else reject(new StoreError({ reason: 'broken', message: notReady(message) }));
      });
    });
  }

  get ledgerHalt(): PricingRefusal | undefined {
    return this.#ledgerHalt;
  }

  /** Why the journal of the ledger does not take postings for now. */
  get journalFault(): Failure | undefined {
    return this.#journalFault;
  }

  /**
   * Lets the ledger go on with the database as it is now and what the journal gives back. Its halt stands until
   * `ledgerGoesOn`: nothing is priced by sums that are still those of the old database.
   */
  async resumeLedger(): Promise<Resumed> {
    const { resumed } = await this.read({ kind: 'resume ledger' });
    assert(resumed !== undefined, 'a resume answers what it did');
    return resumed;
  }

  ledgerGoesOn(): void {
    this.#ledgerHalt = undefined;
  }

  /** Holds the ledger against its journal and the CDRs, in a thread that lives no longer. */
  async checkLedger(): Promise<LedgerFindings> {
    const place = {
      databasePath: join(this.#dataFolder, 'ringfence.db'),
      journalFolder: join(this.#dataFolder, 'ledger'),
    };
    const worker = new Worker(new URL('./ledger-check-worker.ts', import.meta.url), {
      name: 'ledger check',
      workerData: place,
    });
    return new Promise((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
      worker.once('exit', () => reject(new Error('the check of the ledger ended without a result')));
    });
  }

  /** Sends rows ahead of the write `['staged', stage]`, which alone makes them hold. */
  stage(stage: number, rows: readonly RowChange[], postings: readonly Posting[] = []): void {
    this.#post({ kind: 'stage', stage, rows, postings });
  }

  dropStage(stage: number): void {
    this.#post({ kind: 'drop stage', stage });
  }

  read(read: Read): Promise<Answer> {
    if (this.#gone !== undefined) return Promise.reject(new StoreError(this.#gone));
    const id = this.#nextRead++;
    return new Promise((resolve, reject) => {
      this.#reads.set(id, { resolve, reject });
      this.#post({ kind: 'read', id, read });
    });
  }

  /** Ends the thread after everything that was posted before. */
  async close(): Promise<void> {
    const ended = new Promise<void>((resolve) => {
      this.#worker.once('exit', () => resolve());
    });
    this.writes.flush();
    await this.read({ kind: 'close' });
    this.#lose('the store is closed', 'closed');
    await ended;
  }

  #post(message: ToWorker): void {
    this.#worker.postMessage(message);
  }

  #take(message: FromWorker): void {
    switch (message.kind) {
      case 'written':
        this.#journalFault = message.journalFault;
        this.writes.written(message.batch, message.failures);
        return;
      case 'answer':
        this.#reads.get(message.id)?.resolve(message.rows);
        this.#reads.delete(message.id);
        return;
      case 'failed':
        this.#reads.get(message.id)?.reject(new StoreError({ reason: 'refused', message: message.message }));
        this.#reads.delete(message.id);
        return;
      case 'ready':
      case 'not ready':
        return;
    }
  }

  #lose(message: string, reason: Failure['reason'] = 'broken'): void {
    if (this.#gone !== undefined) return;
    this.#gone = { reason, message };
    this.writes.stop(this.#gone);
    for (const { reject } of this.#reads.values()) reject(new StoreError(this.#gone));
    this.#reads.clear();
  }
}

function notReady(message: FromWorker): string {
  return message.kind === 'not ready' ? message.message : "the store's thread is odd";
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

import { Worker } from 'node:worker_threads';
import type { Random } from '../../base/random/random.ts';
import type { Clock, Timer } from '../../base/time/clock.ts';
import type { Command, Report } from './messages.ts';
import { PairPool, type PortRange } from './pair-pool.ts';
import type { MediaEvent, MediaFault, PortPair, RefusedSource, StreamStats } from './ports.ts';

export interface LinkOptions {
  readonly poolAhead: number;
  readonly drainMs: number;
  readonly workers: number;
  readonly random: Random;
  readonly clock: Clock;
  readonly onFailure: (error: Error) => void;
  /** Packets were dropped. */
  readonly onRefused: (sources: readonly RefusedSource[], counts: Readonly<Record<MediaFault, number>>) => void;
  /** The program of a worker, if it is not the relay itself. */
  readonly workerUrl?: URL;
}

/** The port pairs that one stream takes. */
export interface StreamPairs {
  readonly a: PortPair;
  readonly b: PortPair;
}

/** A worker that dies at once is not started again at once. */
const restartMs = 1000;

/**
 * Commands look so long for company: to wake a thread costs more than most commands. It is one packet of audio, and
 * what arrives meanwhile waits at its port, which is bound ahead.
 */
const gatherMs = 20;

/** The signalling thread's end of one media worker: its pools, commands in batches, and the answers. */
export class WorkerLink {
  readonly #options: LinkOptions;
  #worker: Worker;
  readonly #pools: ReadonlyMap<string, PairPool>;
  readonly #onWaiting: () => void;
  readonly #answers = new Map<number, (stats: readonly StreamStats[]) => void>();
  readonly #watchers = new Map<number, (event: MediaEvent) => void>();
  #batch: Command[] = [];
  #gathering: Timer | undefined;
  #nextRequest = 1;
  #closed = false;
  /** False from the death of a worker until the next one runs: commands would go nowhere. */
  #running = true;
  #generation = 0;
  #onBound: (() => void) | undefined;

  /** `onWaiting` is told when a pair begins to rest, see `nextReadyMs`. */
  constructor(options: LinkOptions, ranges: ReadonlyMap<string, PortRange>, onWaiting: () => void) {
    const ahead = Math.ceil(options.poolAhead / options.workers);
    this.#options = options;
    this.#onWaiting = onWaiting;
    this.#pools = new Map(
      [...ranges].map(([address, range]) => [address, new PairPool(range, ahead, options.drainMs, options.random)]),
    );
    this.#worker = this.#startWorker();
  }

  /** Counts the workers that died: a session of an earlier generation has no relay any more. */
  get generation(): number {
    return this.#generation;
  }

  /** Resolves when the first pairs are bound, as many as can be. */
  ready(): Promise<void> {
    return new Promise((resolve) => {
      this.#onBound = () => {
        if ([...this.#pools.values()].every((pool) => pool.bindingCount === 0)) resolve();
      };
      this.#topUp();
      this.#flush();
      this.#onBound();
    });
  }

  freeCount(address: string): number {
    return this.#closed ? 0 : (this.#pools.get(address)?.freeCount ?? 0);
  }

  /** When the next pair has rested; infinity when none is waiting. */
  get nextReadyMs(): number {
    return Math.min(...[...this.#pools.values()].map((pool) => pool.nextReadyMs ?? Number.POSITIVE_INFINITY));
  }

  settle(): void {
    for (const [address, pool] of this.#pools) {
      for (const rtp of pool.settle(this.#options.clock.monotonicMs())) this.send({ kind: 'unbind', address, rtp });
    }
    this.#topUp();
  }

  /** All of the pairs or none. */
  takePairs(addressA: string, addressB: string, streamCount: number): readonly StreamPairs[] | undefined {
    if (!this.#running) return undefined;
    const taken: StreamPairs[] = [];
    while (taken.length < streamCount) {
      const a = this.#takePair(addressA);
      const b = this.#takePair(addressB);
      if (a === undefined || b === undefined) {
        for (const pair of [a, b, ...taken.flatMap((pairs) => [pairs.a, pairs.b])]) {
          if (pair !== undefined) this.#pools.get(pair.address)?.putBack(pair.rtp);
        }
        return undefined;
      }
      taken.push({ a, b });
    }
    this.#topUp();
    return taken;
  }

  release(pairs: readonly StreamPairs[], generation: number): void {
    const nowMs = this.#options.clock.monotonicMs();
    for (const { address, rtp } of pairs.flatMap(({ a, b }) => [a, b])) {
      if (generation === this.#generation) this.#pools.get(address)?.release(rtp, nowMs);
      else this.#pools.get(address)?.releaseUnbound(rtp, nowMs);
    }
    this.#onWaiting();
  }

  /** Sends a command with those before it, within 20 ms; at once what is said of money, and what a person waits for. */
  send(command: Command): void {
    if (this.#closed || !this.#running) return;
    this.#batch.push(command);
    if (command.kind === 'paid' || command.kind === 'stats') this.#flush();
    else this.#gathering ??= this.#options.clock.after(gatherMs, () => this.#flush());
  }

  request(kind: 'stats' | 'close', session: number): Promise<readonly StreamStats[]> {
    if (this.#closed) return Promise.resolve([]);
    const request = this.#nextRequest++;
    this.send({ kind, session, request });
    return new Promise((resolve) => {
      this.#answers.set(request, resolve);
    });
  }

  /** `undefined` ends the watch. */
  watch(session: number, onEvent: ((event: MediaEvent) => void) | undefined): void {
    if (onEvent === undefined) this.#watchers.delete(session);
    else this.#watchers.set(session, onEvent);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#gathering?.cancel();
    this.#forgetWaiting();
    await this.#worker.terminate();
  }

  #takePair(address: string): PortPair | undefined {
    const rtp = this.#pools.get(address)?.take();
    return rtp === undefined ? undefined : { address, rtp, rtcp: rtp + 1 };
  }

  #topUp(): void {
    if (!this.#running) return;
    for (const [address, pool] of this.#pools) {
      for (const rtp of pool.topUp()) this.send({ kind: 'bind', address, rtp });
    }
  }

  #flush(): void {
    this.#gathering?.cancel();
    this.#gathering = undefined;
    const batch = this.#batch;
    if (batch.length === 0) return;
    this.#batch = [];
    this.#worker.postMessage(batch);
  }

  #takeAll(reports: readonly Report[]): void {
    for (const report of reports) this.#take(report);
  }

  #take(report: Report): void {
    switch (report.kind) {
      case 'bound':
        this.#pools.get(report.address)?.bound(report.rtp);
        this.#onBound?.();
        return;
      case 'unusable':
        this.#pools.get(report.address)?.unusable(report.rtp, this.#options.clock.monotonicMs());
        this.#onWaiting();
        this.#topUp();
        this.#onBound?.();
        return;
      case 'refused':
        this.#options.onRefused(report.sources, report.counts);
        return;
      case 'silent':
        this.#watchers.get(report.session)?.({ kind: 'silent', silentMs: report.silentMs });
        return;
      case 'stats':
        this.#answers.get(report.request)?.(report.stats);
        this.#answers.delete(report.request);
    }
  }

  #startWorker(): Worker {
    const worker = new Worker(this.#options.workerUrl ?? new URL('../relay/relay-worker.ts', import.meta.url), {
      name: 'media',
    });
    let reason: Error | undefined;
    worker.on('message', (reports: readonly Report[]) => this.#takeAll(reports));
    worker.on('error', (error: Error) => {
      reason = error;
    });
    // Whatever it died of, its ports are free again only when it has exited.
    worker.on('exit', (code) => this.#fail(reason ?? new Error(`media worker ended by itself with code ${code}`)));
    return worker;
  }

  /** Its calls have lost their media and are told so; after a moment a new worker serves the next ones. */
  #fail(error: Error): void {
    if (this.#closed) return;
    this.#running = false;
    this.#generation++;
    this.#batch = [];
    this.#gathering?.cancel();
    this.#gathering = undefined;
    for (const pool of this.#pools.values()) pool.lost();
    const watchers = [...this.#watchers.values()];
    this.#forgetWaiting();
    this.#options.onFailure(error);
    for (const tell of watchers) tell({ kind: 'lost' });
    this.#options.clock.after(restartMs, () => {
      if (this.#closed) return;
      this.#worker = this.#startWorker();
      this.#running = true;
      this.#topUp();
    });
  }

  /** Nobody waits for ever for a worker that is gone. */
  #forgetWaiting(): void {
    for (const answer of this.#answers.values()) answer([]);
    this.#answers.clear();
    this.#watchers.clear();
  }
}

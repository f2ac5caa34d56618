import type { Random } from '../../base/random/random.ts';
import { assert } from '../../base/result/assert.ts';
import type { Clock, Timer } from '../../base/time/clock.ts';
import type { MediaFault, MediaPlane, MediaSession, RefusedSource, SessionOptions } from './ports.ts';
import { noRefusals } from '../relay/refused-media.ts';
import { PortRange } from './pair-pool.ts';
import { RelaySession } from './relay-session.ts';
import { WorkerLink } from './worker-link.ts';

export interface MediaPlaneOptions {
  /** First and last UDP port for media, both included. [media.start-rtp-port-end-rtp-port] */
  readonly portStart: number;
  readonly portEnd: number;
  /** Local addresses, IPv4 and IPv6, that media ports are bound on. */
  readonly addresses: readonly string[];
  /** Port pairs of each address that are kept bound and free, over all workers. */
  readonly poolAhead: number;
  /** How long a pair rests after its call. */
  readonly drainMs: number;
  readonly workers: number;
  readonly random: Random;
  readonly clock: Clock;
  /** A worker died: its calls have no media any more. Another one takes its place. */
  readonly onFailure: (error: Error) => void;
  /** The program of a worker, if it is not the relay itself. */
  readonly workerUrl?: URL;
}

/** Pairs that have rested are taken back at most so often: a timer for each would wake the thread for each call. */
const settlePaceMs = 250;

/**
 * Starts the relay in worker threads and binds the first port pairs.
 * @throws Error when an address has not a single pair of ports to bind.
 */
export async function createMediaPlane(options: MediaPlaneOptions): Promise<MediaPlane> {
  const plane = new RelayPlane(options);
  try {
    await plane.ready();
  } catch (error) {
    await plane.close();
    throw error;
  }
  return plane;
}

class RelayPlane implements MediaPlane {
  readonly #options: MediaPlaneOptions;
  readonly #ranges: ReadonlyMap<string, PortRange>;
  readonly #links: readonly WorkerLink[];
  readonly refused = noRefusals();
  #tellRefused: (sources: readonly RefusedSource[]) => void = () => {};
  #settling: { readonly timer: Timer; readonly dueMs: number } | undefined;
  #settledMs = Number.NEGATIVE_INFINITY;
  #nextSession = 1;

  constructor(options: MediaPlaneOptions) {
    const { portStart, portEnd, random } = options;
    this.#options = options;
    this.#ranges = new Map(
      options.addresses.map((address) => [address, new PortRange(portStart, portEnd, random)] as const),
    );
    const onRefused = (sources: readonly RefusedSource[], counts: Readonly<Record<MediaFault, number>>): void =>
      this.#onRefused(sources, counts);
    this.#links = Array.from(
      { length: options.workers },
      () => new WorkerLink({ ...options, onRefused }, this.#ranges, () => this.#planSettling()),
    );
  }

  async ready(): Promise<void> {
    await Promise.all(this.#links.map((link) => link.ready()));
    for (const address of this.#options.addresses) {
      if (this.#links.some((link) => link.freeCount(address) > 0)) continue;
      const { portStart, portEnd } = this.#options;
      throw new Error(`no pair of media ports from ${portStart} to ${portEnd} can be bound on ${address}`);
    }
  }

  openSession(options: SessionOptions): MediaSession | undefined {
    const { addressA, addressB, streamCount } = options;
    for (const address of [addressA, addressB]) {
      assert(this.#ranges.has(address), `${address} is not an address of the media plane`);
    }
    const free = (link: WorkerLink): number => Math.min(link.freeCount(addressA), link.freeCount(addressB));
    const [link] = this.#links.toSorted((one, other) => free(other) - free(one));
    const pairs = link?.takePairs(addressA, addressB, streamCount);
    if (link === undefined || pairs === undefined) return undefined;
    return new RelaySession(link, this.#nextSession++, options, pairs);
  }

  capacity(): { readonly free: number; readonly total: number } {
    let free = 0;
    let total = 0;
    for (const [address, range] of this.#ranges) {
      total += range.count;
      for (const link of this.#links) free += link.freeCount(address);
    }
    return { free, total };
  }

  watchRefused(tell: (sources: readonly RefusedSource[]) => void): void {
    this.#tellRefused = tell;
  }

  async close(): Promise<void> {
    this.#settling?.timer.cancel();
    await Promise.all(this.#links.map((link) => link.close()));
  }

  #onRefused(sources: readonly RefusedSource[], counts: Readonly<Record<MediaFault, number>>): void {
    this.refused.foreign += counts.foreign;
    this.refused['over rate'] += counts['over rate'];
    this.refused.malformed += counts.malformed;
    this.refused['no call'] += counts['no call'];
    if (sources.length > 0) this.#tellRefused(sources);
  }

  #planSettling(): void {
    const readyMs = Math.min(...this.#links.map((link) => link.nextReadyMs));
    if (readyMs === Number.POSITIVE_INFINITY) return;
    const dueMs = Math.max(readyMs, this.#settledMs + settlePaceMs);
    if (this.#settling !== undefined && this.#settling.dueMs <= dueMs) return;
    this.#settling?.timer.cancel();
    const { clock } = this.#options;
    const timer = clock.after(Math.max(0, dueMs - clock.monotonicMs()), () => {
      this.#settling = undefined;
      this.#settledMs = clock.monotonicMs();
      for (const link of this.#links) link.settle();
      this.#planSettling();
    });
    this.#settling = { timer, dueMs };
  }
}

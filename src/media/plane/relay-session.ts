import { assert } from '../../base/result/assert.ts';
import type { MediaSession, PortPair, SessionOptions, Side, SideConfig, StreamStats } from './ports.ts';
import type { StreamPairs, WorkerLink } from './worker-link.ts';

/** A session whose streams are relayed by a worker thread. After `close` every call is without effect. */
export class RelaySession implements MediaSession {
  readonly #link: WorkerLink;
  readonly #id: number;
  readonly #options: SessionOptions;
  #pairs: readonly StreamPairs[] = [];
  readonly #generation: number;
  #closing: Promise<readonly StreamStats[]> | undefined;

  constructor(link: WorkerLink, id: number, options: SessionOptions, pairs: readonly StreamPairs[]) {
    this.#link = link;
    this.#id = id;
    this.#options = options;
    this.#generation = link.generation;
    const { silenceMs, holdSilenceMs, onEvent } = options;
    link.send({ kind: 'open', session: id, silenceMs, holdSilenceMs });
    link.watch(id, onEvent);
    for (const pair of pairs) this.#open(pair);
  }

  get streamCount(): number {
    return this.#pairs.length;
  }

  ports(stream: number, side: Side): PortPair {
    const pairs = this.#pairs[stream];
    assert(pairs !== undefined, `the session has no stream ${stream}`);
    return pairs[side];
  }

  addStream(): boolean {
    if (this.#closing !== undefined || this.#isLost) return false;
    const [pairs] = this.#link.takePairs(this.#options.addressA, this.#options.addressB, 1) ?? [];
    if (pairs === undefined) return false;
    this.#open(pairs);
    return true;
  }

  configure(stream: number, side: Side, config: SideConfig): void {
    if (this.#closing !== undefined || this.#isLost) return;
    assert(stream >= 0 && stream < this.#pairs.length, `the session has no stream ${stream}`);
    this.#link.send({ kind: 'configure', session: this.#id, stream, side, config });
  }

  setPaidUntil(remainingMs: number | undefined): void {
    if (this.#closing === undefined && !this.#isLost) this.#link.send({ kind: 'paid', session: this.#id, remainingMs });
  }

  stats(): Promise<readonly StreamStats[]> {
    if (this.#isLost) return Promise.resolve([]);
    return this.#closing ?? this.#link.request('stats', this.#id);
  }

  close(): Promise<readonly StreamStats[]> {
    if (this.#closing !== undefined) return this.#closing;
    this.#closing = this.#isLost ? Promise.resolve([]) : this.#link.request('close', this.#id);
    this.#link.watch(this.#id, undefined);
    this.#link.release(this.#pairs, this.#generation);
    return this.#closing;
  }

  /** The worker that relayed it has died. */
  get #isLost(): boolean {
    return this.#link.generation !== this.#generation;
  }

  #open(pairs: StreamPairs): void {
    this.#pairs = [...this.#pairs, pairs];
    this.#link.send({ kind: 'stream', session: this.#id, a: pairs.a, b: pairs.b });
  }
}

import { BoundedMap } from '../../base/bounded/bounded-map.ts';

/** One admitted call of a source. Its talk time is known once it is over; until then it runs since its answer. */
export class SourceCall {
  readonly startedAtMs: number;
  readonly #source: Source;
  #answeredAtMs: number | undefined;
  #endedAtMs: number | undefined;
  #hasLeft = false;

  constructor(source: Source, startedAtMs: number) {
    this.#source = source;
    this.startedAtMs = startedAtMs;
  }

  answered(atMs: number): void {
    if (this.#endedAtMs !== undefined) return;
    this.#answeredAtMs = atMs;
    if (!this.#hasLeft) this.#source.talking.add(this);
  }

  ended(atMs: number): void {
    if (this.#endedAtMs !== undefined) return;
    this.#endedAtMs = atMs;
    if (this.#source.talking.delete(this)) this.#source.finishedMs += this.talkMs(atMs);
  }

  talkMs(nowMs: number): number {
    return this.#answeredAtMs === undefined ? 0 : Math.max(0, (this.#endedAtMs ?? nowMs) - this.#answeredAtMs);
  }

  /** It began before the window: its talk counts no more. */
  left(): void {
    this.#hasLeft = true;
    const isTalking = this.#source.talking.delete(this);
    if (!isTalking && this.#endedAtMs !== undefined) this.#source.finishedMs -= this.talkMs(this.#endedAtMs);
  }
}

interface Source {
  /** In the order of their start. */
  readonly calls: SourceCall[];
  /** Calls before this place have left the window. */
  first: number;
  /** Talk of the calls within the window that are over: a call must not cost a walk over all of them. */
  finishedMs: number;
  readonly talking: Set<SourceCall>;
}

const maxSources = 20_000;
const maxCallsOfSource = 100_000;

/** The calls of each source within a window that slides [limits.maxcallperip, limits.maxdurationperip]. */
export class SourceCalls {
  readonly #sources = new BoundedMap<string, Source>(maxSources);

  /** Counts a call that was admitted; what comes back is told of its answer and its end. */
  add(source: string, startedAtMs: number): SourceCall {
    let known = this.#sources.get(source);
    if (known === undefined) {
      known = { calls: [], first: 0, finishedMs: 0, talking: new Set() };
      this.#sources.set(source, known);
    }
    const call = new SourceCall(known, startedAtMs);
    known.calls.push(call);
    if (known.calls.length - known.first > maxCallsOfSource) leave(known);
    return call;
  }

  /** Calls that began after `sinceMs`. */
  count(source: string, sinceMs: number): number {
    const known = this.#within(source, sinceMs);
    return known === undefined ? 0 : known.calls.length - known.first;
  }

  /** Talk time of these calls in whole seconds, of those that run up to now. */
  talkS(source: string, sinceMs: number, nowMs: number): number {
    const known = this.#within(source, sinceMs);
    let talkMs = known?.finishedMs ?? 0;
    for (const call of known?.talking ?? []) talkMs += call.talkMs(nowMs);
    return Math.floor(talkMs / 1000);
  }

  #within(source: string, sinceMs: number): Source | undefined {
    const known = this.#sources.get(source);
    if (known === undefined) return undefined;
    while ((known.calls[known.first]?.startedAtMs ?? Number.POSITIVE_INFINITY) <= sinceMs) leave(known);
    // Copied now and then only: taking one away at the front moves all the others.
    if (known.first > 1000 && known.first * 2 > known.calls.length) {
      known.calls.splice(0, known.first);
      known.first = 0;
    }
    if (known.first < known.calls.length) return known;
    this.#sources.delete(source);
    return undefined;
  }
}

function leave(source: Source): void {
  source.calls[source.first]?.left();
  source.first++;
}

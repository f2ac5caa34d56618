import { BoundedMap } from '../../base/bounded/bounded-map.ts';

/** One admitted call of a source. Its talk time is known once it is over; until then it runs since `answeredAtMs`. */
export interface SourceCall {
  readonly startedAtMs: number;
  answeredAtMs: number | undefined;
  endedAtMs: number | undefined;
}

interface Source {
  /** In the order of their start. */
  readonly calls: SourceCall[];
  /** Calls before this place have left the window. */
  first: number;
}

const maxSources = 20_000;
const maxCallsOfSource = 100_000;

/** The calls of each source within a window that slides [limits.maxcallperip, limits.maxdurationperip]. */
export class SourceCalls {
  readonly #sources = new BoundedMap<string, Source>(maxSources);

  /** Counts a call that was admitted; what comes back is told of its answer and its end. */
  add(source: string, startedAtMs: number): SourceCall {
    const call: SourceCall = { startedAtMs, answeredAtMs: undefined, endedAtMs: undefined };
    const known = this.#sources.get(source);
    if (known === undefined) this.#sources.set(source, { calls: [call], first: 0 });
    else {
      known.calls.push(call);
      if (known.calls.length - known.first > maxCallsOfSource) known.first++;
    }
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
    let talkMs = 0;
    for (let at = known?.first ?? 0; at < (known?.calls.length ?? 0); at++) {
      const call = known?.calls[at];
      if (call?.answeredAtMs !== undefined) talkMs += Math.max(0, (call.endedAtMs ?? nowMs) - call.answeredAtMs);
    }
    return Math.floor(talkMs / 1000);
  }

  #within(source: string, sinceMs: number): Source | undefined {
    const known = this.#sources.get(source);
    if (known === undefined) return undefined;
    while ((known.calls[known.first]?.startedAtMs ?? Number.POSITIVE_INFINITY) <= sinceMs) known.first++;
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

import type { Side, SideConfig, StreamStats } from '../plane/ports.ts';
import { RefusedMedia } from './refused-media.ts';
import { StreamRelay } from './stream-relay.ts';

export interface SilenceLimits {
  /** 0 never. */
  readonly silenceMs: number;
  readonly holdSilenceMs: number;
}

/** The streams of one call, and what is watched over all of them: silence, and how long the media is paid for. */
export class SessionRelay {
  readonly #limits: SilenceLimits;
  readonly #refused: RefusedMedia;
  readonly #streams: StreamRelay[] = [];
  #paidUntilMs = Number.POSITIVE_INFINITY;
  /** Silence counts from the last change by signalling, so that a call which rings long is not silent when answered. */
  #changedMs: number;
  #reportedMs: number | undefined;

  constructor(limits: SilenceLimits, nowMs: number, refused = new RefusedMedia()) {
    this.#limits = limits;
    this.#refused = refused;
    this.#changedMs = nowMs;
  }

  addStream(nowMs: number): StreamRelay {
    const stream = new StreamRelay(nowMs, this.#refused);
    stream.paidUntilMs = this.#paidUntilMs;
    this.#streams.push(stream);
    return stream;
  }

  configure(stream: number, side: Side, config: SideConfig, nowMs: number): void {
    this.#changedMs = nowMs;
    this.#streams[stream]?.configure(side, config, nowMs);
  }

  setPaidUntil(remainingMs: number | undefined, nowMs: number): void {
    this.#paidUntilMs = remainingMs === undefined ? Number.POSITIVE_INFINITY : nowMs + remainingMs;
    for (const stream of this.#streams) stream.paidUntilMs = this.#paidUntilMs;
  }

  stats(): readonly StreamStats[] {
    return this.#streams.map((stream) => stream.stats());
  }

  /** How long nothing came, once for each silence that reaches its limit; else undefined. Asked a few times a second. */
  silence(nowMs: number): number | undefined {
    const sides = this.#streams.flatMap((stream) => [stream.a, stream.b]).filter((side) => side.isConfigured);
    if (sides.length < 2) return undefined;
    const lastMs = Math.max(this.#changedMs, ...sides.map((side) => side.lastRtpMs ?? 0));
    const held = this.#streams.every((stream) => stream.a.isHeld || stream.b.isHeld);
    const limitMs = held ? this.#limits.holdSilenceMs : this.#limits.silenceMs;
    if (limitMs === 0 || nowMs - lastMs < limitMs || this.#reportedMs === lastMs) return undefined;
    this.#reportedMs = lastMs;
    return nowMs - lastMs;
  }
}

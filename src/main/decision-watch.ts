import type { Log } from '../base/log/log.ts';
import type { Clock, Timer } from '../base/time/clock.ts';
import type { Settings } from '../settings/index.ts';

const dayMs = 86_400_000;
/** Between two slices: what else waits for the disk goes first. */
const pauseMs = 100;

export interface DecisionWatchParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly settings: () => Pick<Settings, 'decision_days' | 'max_decisions'>;
  /** Removes one slice; 0 when nothing is left to go. */
  readonly prune: (beforeMs: number, maxRows: number) => Promise<number>;
}

/** Keeps the decisions from growing without end: at start and once a day the old ones and those too many go, in slices. */
export class DecisionWatch {
  readonly #parts: DecisionWatchParts;
  #timer: Timer | undefined;
  #isStopped = false;

  constructor(parts: DecisionWatchParts) {
    this.#parts = parts;
  }

  start(): void {
    void this.#prune();
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }

  async #prune(removed = 0): Promise<void> {
    const { clock, log, settings, prune } = this.#parts;
    const { decision_days, max_decisions } = settings();
    let slice = 0;
    try {
      slice = await prune(clock.wallMs() - decision_days * dayMs, max_decisions);
    } catch (error) {
      log.warn('old decisions could not be removed', { error: String(error) });
    }
    if (this.#isStopped) return;
    const total = removed + slice;
    if (slice === 0 && total > 0) log.info('old decisions removed', { decisions: total });
    this.#timer = clock.after(slice === 0 ? dayMs : pauseMs, () => void this.#prune(slice === 0 ? 0 : total));
  }
}

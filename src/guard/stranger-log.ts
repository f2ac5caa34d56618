import { BoundedMap } from '../base/bounded/bounded-map.ts';
import type { Log, LogFields } from '../base/log/log.ts';
import type { Clock } from '../base/time/clock.ts';

const minuteMs = 60_000;
const linesPerSource = 5;
const linesInAll = 200;
const maxSources = 10_000;

interface Minute {
  readonly startedMs: number;
  lines: number;
}

/**
 * The log of what strangers are refused. Anybody can cause such a line, so there are a few a minute for each source
 * and a bound for all together; what goes beyond is counted, and told in one line.
 */
export class StrangerLog {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #sources = new BoundedMap<string, Minute>(maxSources);
  #all: Minute = { startedMs: Number.NEGATIVE_INFINITY, lines: 0 };
  #untold = 0;

  constructor(clock: Clock, log: Log) {
    this.#clock = clock;
    this.#log = log;
  }

  refused(message: string, source: string, fields: LogFields): void {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#all.startedMs >= minuteMs) this.#begin(nowMs);
    const known = this.#sources.get(source);
    const minute = known === undefined || nowMs - known.startedMs >= minuteMs ? { startedMs: nowMs, lines: 0 } : known;
    if (minute !== known) this.#sources.set(source, minute);
    if (minute.lines >= linesPerSource || this.#all.lines >= linesInAll) {
      this.#untold++;
      return;
    }
    minute.lines++;
    this.#all.lines++;
    this.#log.info(message, { ...fields, source });
  }

  #begin(nowMs: number): void {
    if (this.#untold > 0)
      this.#log.info('more refusals of strangers were not told one by one', { count: this.#untold });
    this.#untold = 0;
    this.#all = { startedMs: nowMs, lines: 0 };
  }
}

import { BoundedMap } from '../base/bounded/bounded-map.ts';
import type { Log, LogFields } from '../base/log/log.ts';
import type { Clock } from '../base/time/clock.ts';
import { StrangerCounts } from './stranger-counts.ts';

const minuteMs = 60_000;
const linesPerSource = 5;
const linesInAll = 200;
const maxSources = 10_000;
const longestValue = 200;

interface Minute {
  readonly startedMs: number;
  lines: number;
}

/**
 * The log of what strangers are refused. Anybody can cause such a line, so there are a few a minute for each source
 * and a bound for all together; what goes beyond is told in one line. All are counted by source, rule and minute.
 */
export class StrangerLog {
  readonly counts: StrangerCounts;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #sources = new BoundedMap<string, Minute>(maxSources);
  #all: Minute = { startedMs: Number.NEGATIVE_INFINITY, lines: 0 };
  #untold = 0;

  constructor(clock: Clock, log: Log) {
    this.#clock = clock;
    this.counts = new StrangerCounts(clock);
    this.#log = log;
  }

  refused(message: string, source: string, fields: LogFields): void {
    this.counts.add(source, ruleOf(message, fields));
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
    this.#log.info(message, { ...shortened(fields), source });
  }

  #begin(nowMs: number): void {
    if (this.#untold > 0)
      this.#log.info('more refusals of strangers were not told one by one', { count: this.#untold });
    this.#untold = 0;
    this.#all = { startedMs: nowMs, lines: 0 };
  }
}

/** What a stranger calls itself, or its call, can be as long as a message. */
function shortened(fields: LogFields): LogFields {
  const entries = Object.entries(fields);
  return Object.fromEntries(
    entries.map(([name, value]) => [name, typeof value === 'string' ? value.slice(0, longestValue) : value]),
  );
}

/** What the refusal is counted under: words of our own, never the stranger's. */
function ruleOf(message: string, { rule, reason }: LogFields): string {
  if (typeof rule === 'string') return rule;
  return typeof reason === 'string' ? reason : message;
}

import { BoundedMap } from '../../base/bounded/bounded-map.ts';
import type { Clock } from '../../base/time/clock.ts';
import { type DnsAnswer, type DnsSource, foldName, type RecordType } from './records.ts';

const maxEntries = 10_000;
/** Below it a TTL would have every call ask anew; a record of 0 s lives this long. */
const minTtlS = 1;
const maxTtlS = 86_400;
/** RFC 2308 §5 advises one to three hours at most; a carrier that has just mended its zone is not to wait so long. */
const maxNegativeTtlS = 300;
/** A server that fails is not asked again with every call (RFC 9520 §3.2). */
const failureTtlS = 5;
/** RFC 8767 §5: when nobody can tell what is so now, what was so lately is used, and asked for again after this. */
const staleRetryS = 30;
const maxStaleMs = 86_400_000;

interface Entry {
  readonly answer: DnsAnswer;
  readonly freshUntilMs: number;
  /** The last answer with records, and how long it may stand in for a failing server. */
  readonly fallback: { readonly answer: DnsAnswer; readonly untilMs: number } | undefined;
}

/** Keeps answers for as long as they say, both yes and no; one question is asked once however many want to know. */
export class DnsCache implements DnsSource {
  readonly #source: DnsSource;
  readonly #clock: Clock;
  readonly #entries = new BoundedMap<string, Entry>(maxEntries);
  readonly #underWay = new Map<string, Promise<DnsAnswer>>();

  constructor(source: DnsSource, clock: Clock) {
    this.#source = source;
    this.#clock = clock;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** The `ttlS` of what is told is what is left of it. */
  ask(type: RecordType, name: string): Promise<DnsAnswer> {
    const key = `${type} ${foldName(name)}`;
    const known = this.#entries.get(key);
    const leftMs = (known?.freshUntilMs ?? 0) - this.#clock.monotonicMs();
    if (known !== undefined && leftMs > 0) return Promise.resolve(withTtl(known.answer, Math.ceil(leftMs / 1000)));
    const underWay = this.#underWay.get(key);
    if (underWay !== undefined) return underWay;
    const asked = this.#source.ask(type, name).then((answer) => this.#keep(key, answer));
    this.#underWay.set(key, asked);
    return asked;
  }

  #keep(key: string, answer: DnsAnswer): DnsAnswer {
    this.#underWay.delete(key);
    const nowMs = this.#clock.monotonicMs();
    const known = this.#entries.get(key)?.fallback;
    if (answer.kind === 'failed' && known !== undefined && known.untilMs > nowMs) {
      const stale = withTtl(known.answer, staleRetryS);
      this.#entries.set(key, { answer: stale, freshUntilMs: nowMs + staleRetryS * 1000, fallback: known });
      return stale;
    }
    const ttlS = keptS(answer);
    const kept = withTtl(answer, ttlS);
    const freshUntilMs = nowMs + ttlS * 1000;
    const fallback = kept.kind === 'records' ? { answer: kept, untilMs: freshUntilMs + maxStaleMs } : undefined;
    this.#entries.set(key, { answer: kept, freshUntilMs, fallback });
    return kept;
  }
}

function keptS(answer: DnsAnswer): number {
  switch (answer.kind) {
    case 'records':
      return Math.min(Math.max(answer.ttlS, minTtlS), maxTtlS);
    case 'none':
      return Math.min(Math.max(answer.ttlS, minTtlS), maxNegativeTtlS);
    case 'failed':
      return failureTtlS;
  }
}

function withTtl(answer: DnsAnswer, ttlS: number): DnsAnswer {
  return answer.kind === 'failed' ? answer : { ...answer, ttlS };
}

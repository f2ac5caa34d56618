import type { Endpoint } from '../../base/net/endpoint.ts';
import { payloadType, sequenceNumber, ssrcOf } from '../rtp/packet.ts';
import { maxDropout, sequenceDelta } from '../rtp/reception.ts';

/** What a side's description says about where its packets may come from. */
export interface SourceRules {
  readonly target: Endpoint | undefined;
  readonly learnFrom: readonly string[];
  readonly sourceCheck: 0 | 1 | 2;
  readonly payloadTypes: readonly number[];
}

/** `own`: of the stream's source; `foreign`: of another that the rules let through; `refused`: of another. */
export type Admission = 'own' | 'foreign' | 'refused';

/** In sequence from one source that fits in everything: enough to lock. */
const quickLockPackets = 5;
/** With rivals or an unexpected payload type, the best of so many. */
const slowLockPackets = 10;
/** Learning that has not ended by then begins anew, so that junk cannot hold the places of candidates. */
const restartPackets = 50;
const maxCandidates = 4;
/** A locked source must be silent for so long before another may take its place without signalling. */
export const relockSilenceMs = 2000;

interface Source {
  readonly address: string;
  port: number;
  ssrc: number;
  sequence: number;
  lastMs: number;
  /** Packets in sequence. */
  run: number;
  typesFit: boolean;
}

/**
 * Finds out where one side sends from, and holds on to it (RTP behind NAT without being open to injection). While
 * learning, packets of the best candidate so far are the stream's own, so that a good call loses none.
 */
export class SourceLock {
  #rules: SourceRules;
  #locked: Source | undefined;
  #candidates: Source[] = [];
  #learningPackets = 0;
  /** Before the last change of target: its late packets are relayed, but are not a new candidate for a while. */
  #former: Source | undefined;
  #formerUntilMs = 0;

  constructor(rules: SourceRules) {
    this.#rules = rules;
  }

  /** Changes whenever `source` or `isLocked` may have changed. */
  version = 0;

  /** The locked source, else the best candidate so far. */
  get source(): Endpoint | undefined {
    return this.#locked ?? this.#best();
  }

  get isLocked(): boolean {
    return this.#locked !== undefined;
  }

  /** SSRC of the locked source, undefined while learning. */
  get ssrc(): number | undefined {
    return this.#locked?.ssrc;
  }

  /** New rules from signalling; a new target or other addresses to learn from open the learning again. */
  configure(rules: SourceRules, nowMs: number): void {
    const former = this.#rules;
    this.#rules = rules;
    this.version++;
    if (sameTarget(former.target, rules.target) && sameAddresses(former.learnFrom, rules.learnFrom)) return;
    this.#former = this.#locked;
    this.#formerUntilMs = nowMs + relockSilenceMs;
    this.#reopen();
  }

  /** Judges one RTP packet with a valid header. */
  admit(packet: Uint8Array, address: string, port: number, nowMs: number): Admission {
    const locked = this.#locked;
    if (locked === undefined) return this.#learn(packet, address, port, nowMs);
    if (locked.port === port && locked.address === address) {
      locked.ssrc = ssrcOf(packet);
      locked.sequence = sequenceNumber(packet);
      locked.lastMs = nowMs;
      return 'own';
    }
    if (nowMs - locked.lastMs < relockSilenceMs) return this.#other();
    if (locked.address === address && continues(locked, packet)) {
      locked.port = port;
      locked.sequence = sequenceNumber(packet);
      locked.lastMs = nowMs;
      this.version++;
      return 'own';
    }
    if (this.#rules.sourceCheck === 2) return 'refused';
    this.#reopen();
    return this.#learn(packet, address, port, nowMs);
  }

  #other(): Admission {
    return this.#rules.sourceCheck === 2 ? 'refused' : 'foreign';
  }

  #reopen(): void {
    this.#locked = undefined;
    this.#candidates = [];
    this.#learningPackets = 0;
    this.version++;
  }

  #learn(packet: Uint8Array, address: string, port: number, nowMs: number): Admission {
    const { sourceCheck, learnFrom } = this.#rules;
    if (sourceCheck === 2 && !learnFrom.includes(address)) return 'refused';
    if (this.#isFormer(address, port, nowMs)) return 'own';
    if (++this.#learningPackets > restartPackets) {
      this.#candidates = [];
      this.#learningPackets = 1;
    }
    const candidate = this.#candidate(packet, address, port);
    if (candidate === undefined) return this.#other();
    candidate.lastMs = nowMs;
    const best = this.#best();
    if (best !== undefined && this.#isConvincing(best)) {
      this.#locked = best;
      this.#former = undefined;
    }
    this.version++;
    return candidate === best ? 'own' : this.#other();
  }

  #isFormer(address: string, port: number, nowMs: number): boolean {
    const former = this.#former;
    if (former === undefined || former.address !== address || former.port !== port) return false;
    if (nowMs < this.#formerUntilMs && !isAt(former, this.#rules.target)) return true;
    this.#former = undefined;
    return false;
  }

  #candidate(packet: Uint8Array, address: string, port: number): Source | undefined {
    const ssrc = ssrcOf(packet);
    const sequence = sequenceNumber(packet);
    const typesFit = this.#rules.payloadTypes.includes(payloadType(packet));
    const known = this.#candidates.find((candidate) => candidate.port === port && candidate.address === address);
    if (known === undefined) {
      if (this.#candidates.length === maxCandidates) return undefined;
      const fresh = { address, port, ssrc, sequence, lastMs: 0, run: 1, typesFit };
      this.#candidates.push(fresh);
      return fresh;
    }
    if (known.ssrc !== ssrc) known.run = 1;
    else if (continues(known, packet)) known.run++;
    else return known;
    known.ssrc = ssrc;
    known.sequence = sequence;
    known.typesFit &&= typesFit;
    return known;
  }

  #best(): Source | undefined {
    let best: Source | undefined;
    for (const candidate of this.#candidates) {
      if (best === undefined || this.#score(candidate) > this.#score(best)) best = candidate;
    }
    return best;
  }

  /** Address before payload type before length of the run: the last is the easiest to forge. */
  #score(candidate: Source): number {
    const address = isAt(candidate, this.#rules.target) ? 2 : Number(this.#rules.learnFrom.includes(candidate.address));
    return address * 1000 + Number(candidate.typesFit) * 100 + Math.min(candidate.run, 99);
  }

  #isConvincing(best: Source): boolean {
    if (best.run < quickLockPackets) return false;
    return (this.#candidates.length === 1 && best.typesFit) || this.#learningPackets >= slowLockPackets;
  }
}

function continues(source: Source, packet: Uint8Array): boolean {
  const ahead = sequenceDelta(sequenceNumber(packet), source.sequence);
  return ssrcOf(packet) === source.ssrc && ahead > 0 && ahead < maxDropout;
}

function isAt(source: Source, target: Endpoint | undefined): boolean {
  return target !== undefined && source.port === target.port && source.address === target.address;
}

function sameTarget(one: Endpoint | undefined, other: Endpoint | undefined): boolean {
  return one?.port === other?.port && one?.address === other?.address;
}

function sameAddresses(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((address, index) => address === other[index]);
}

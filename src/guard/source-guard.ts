import { BoundedMap } from '../base/bounded/bounded-map.ts';
import type { Clock } from '../base/time/clock.ts';
import type { Admission, PacketSource } from '../sip/transport/index.ts';

/**
 * What a source has proven when a packet of it arrives: P0, that it receives at its address (a TCP connection; on UDP
 * a nonce, tag or branch of ours, known only once the packet is read); P1, that this address authenticated lately; P2,
 * nothing.
 */
export type Proof = 'P0' | 'P1' | 'P2';

/** Packets by the proof of their source, since the start. */
export interface SourceCounts {
  P0: number;
  P1: number;
  P2: number;
}

const maxProvenAddresses = 100_000;
const provenMs = 3600 * 1000;

/**
 * Stands before the parser: every packet is asked about here, with its source and what that has proven. In this
 * version everybody is served and counted; budgets, sheds and bans decide here once they are in effect.
 */
export class SourceGuard {
  readonly counts: SourceCounts = { P0: 0, P1: 0, P2: 0 };
  readonly #clock: Clock;
  /** Addresses that authenticated lately, with the time until which that counts. */
  readonly #proven = new BoundedMap<string, number>(maxProvenAddresses);

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  admit(source: PacketSource): Admission {
    this.counts[this.proofOf(source)]++;
    return 'serve';
  }

  proofOf({ transport, remote }: Pick<PacketSource, 'transport' | 'remote'>): Proof {
    if (transport !== 'udp') return 'P0';
    return this.hasProven(remote.address) ? 'P1' : 'P2';
  }

  /** Whether somebody authenticated from this address in the last hour. */
  hasProven(address: string): boolean {
    const untilMs = this.#proven.get(address);
    return untilMs !== undefined && untilMs > this.#clock.monotonicMs();
  }

  /** The address answered a challenge rightly. */
  authenticated(address: string): void {
    this.#proven.set(address, this.#clock.monotonicMs() + provenMs);
  }
}

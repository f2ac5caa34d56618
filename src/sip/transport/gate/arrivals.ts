import type { Socket } from 'node:net';
import { BoundedMap } from '../../../base/bounded/bounded-map.ts';
import { sourceKey } from '../../../base/net/source-key.ts';
import { HandshakeBudget } from './handshake-budget.ts';
import type { GateCounts, GateLimits } from './messages.ts';

const maxKnownSources = 100_000;
const knownMs = 24 * 3600 * 1000;

/** A connection from its first packet to the end of its handshake. */
export interface Arrival {
  /** The handshake is over: the time limit is off. */
  settle(): void;
}

/** Counts connections from the moment that they are accepted, and turns away what is over a maximum or the budget. */
export class Arrivals {
  readonly #limits: GateLimits;
  readonly #budget: HandshakeBudget;
  readonly #known = new BoundedMap<string, number>(maxKnownSources);
  readonly #perSource = new Map<string, number>();
  #connections = 0;
  #handshakes = 0;
  #begun = 0;
  #done = 0;
  #resumed = 0;
  #failed = 0;
  #refused = 0;

  constructor(limits: GateLimits, nowMs: number) {
    this.#limits = limits;
    this.#budget = new HandshakeBudget(limits.strangerHandshakesPerSecond, nowMs);
  }

  get counts(): GateCounts {
    return {
      begun: this.#begun,
      done: this.#done,
      resumed: this.#resumed,
      failed: this.#failed,
      refused: this.#refused,
    };
  }

  know(address: string, nowMs: number): void {
    this.#known.set(sourceKey(address), nowMs + knownMs);
  }

  /** Lets the connection in; undefined when it was ended, before it cost anything. */
  admit(socket: Socket, nowMs: number): Arrival | undefined {
    const source = sourceKey(socket.remoteAddress ?? '');
    if (!this.#hasRoom(source, nowMs)) {
      this.#refused += 1;
      socket.resetAndDestroy();
      return undefined;
    }
    this.#begun += 1;
    this.#connections += 1;
    this.#handshakes += 1;
    this.#perSource.set(source, (this.#perSource.get(source) ?? 0) + 1);
    let isSettled = false;
    const deadline = setTimeout(() => socket.destroy(), this.#limits.handshakeTimeoutMs);
    const settle = (): void => {
      if (isSettled) return;
      isSettled = true;
      this.#handshakes -= 1;
      clearTimeout(deadline);
    };
    socket.once('close', () => {
      if (!isSettled) this.#failed += 1;
      settle();
      this.#release(source);
    });
    return { settle };
  }

  /** A handshake of TLS came to its end. */
  done(isResumed: boolean): void {
    this.#done += 1;
    if (isResumed) this.#resumed += 1;
  }

  #hasRoom(source: string, nowMs: number): boolean {
    const { maxConnections, maxConnectionsPerSource, maxHandshakes } = this.#limits;
    if (this.#connections >= maxConnections || this.#handshakes >= maxHandshakes) return false;
    if ((this.#perSource.get(source) ?? 0) >= maxConnectionsPerSource) return false;
    const knownUntilMs = this.#known.get(source);
    return this.#budget.admits(source, knownUntilMs !== undefined && knownUntilMs > nowMs, nowMs);
  }

  #release(source: string): void {
    this.#connections -= 1;
    const left = (this.#perSource.get(source) ?? 0) - 1;
    if (left > 0) this.#perSource.set(source, left);
    else this.#perSource.delete(source);
  }
}

import type { Random } from '../../base/random/random.ts';

/** A port that another program holds is tried again after this. */
const retryMs = 60_000;

/** The even ports of one address that are not bound; shared by the workers. */
export class PortRange {
  readonly #ports: number[] = [];
  readonly #random: Random;
  readonly count: number;

  /** Both ports of a pair lie from `start` to `end`, both included. [media.start-rtp-port-end-rtp-port] */
  constructor(start: number, end: number, random: Random) {
    this.#random = random;
    for (let port = start + (start % 2); port + 1 <= end; port += 2) this.#ports.push(port);
    this.count = this.#ports.length;
  }

  take(): number | undefined {
    return takeAny(this.#ports, this.#random);
  }

  giveBack(port: number): void {
    this.#ports.push(port);
  }
}

/**
 * The port pairs of one address that one worker has bound ahead. They are known by their even port. The pool decides;
 * its owner binds and unbinds.
 */
export class PairPool {
  readonly #range: PortRange;
  readonly #ahead: number;
  readonly #drainMs: number;
  readonly #random: Random;
  #free: number[] = [];
  readonly #binding = new Set<number>();
  /** In the order they become ready; a pair that drains is bound, a port that is retried is not. */
  #waiting: { readonly port: number; readonly readyMs: number; readonly bound: boolean }[] = [];

  constructor(range: PortRange, ahead: number, drainMs: number, random: Random) {
    this.#range = range;
    this.#ahead = ahead;
    this.#drainMs = drainMs;
    this.#random = random;
  }

  get freeCount(): number {
    return this.#free.length;
  }

  get bindingCount(): number {
    return this.#binding.size;
  }

  /** Ports to bind now, so that enough pairs are free ahead. */
  topUp(): readonly number[] {
    const ports: number[] = [];
    while (this.#free.length + this.#binding.size < this.#ahead) {
      const port = this.#range.take();
      if (port === undefined) break;
      this.#binding.add(port);
      ports.push(port);
    }
    return ports;
  }

  bound(port: number): void {
    if (!this.#binding.delete(port)) return;
    this.#free.push(port);
  }

  /** Another program holds one of the two ports: they are left alone for a while. */
  unusable(port: number, nowMs: number): void {
    if (this.#binding.delete(port)) this.#wait(port, nowMs + retryMs, false);
  }

  take(): number | undefined {
    return takeAny(this.#free, this.#random);
  }

  /** Gives back a pair that was never used. */
  putBack(port: number): void {
    this.#free.push(port);
  }

  /** Late packets of the old call must not reach the next one: the pair rests first. */
  release(port: number, nowMs: number): void {
    this.#wait(port, nowMs + this.#drainMs, true);
  }

  /** Gives back a pair of a worker that died: its sockets died with it. */
  releaseUnbound(port: number, nowMs: number): void {
    this.#wait(port, nowMs + this.#drainMs, false);
  }

  /** The worker died, and with it every socket: nothing is bound any more. */
  lost(): void {
    for (const port of [...this.#free, ...this.#binding]) this.#range.giveBack(port);
    this.#free = [];
    this.#binding.clear();
    this.#waiting = this.#waiting.map(({ port, readyMs }) => ({ port, readyMs, bound: false }));
  }

  /** When the next pair has rested; undefined when none is waiting. */
  get nextReadyMs(): number | undefined {
    return this.#waiting[0]?.readyMs;
  }

  /** Takes back what has rested. @returns ports that are bound beyond need, to unbind. */
  settle(nowMs: number): readonly number[] {
    const firstLater = this.#waiting.findIndex((entry) => entry.readyMs > nowMs);
    const ready = this.#waiting.splice(0, firstLater === -1 ? this.#waiting.length : firstLater);
    for (const entry of ready) {
      if (entry.bound) this.#free.push(entry.port);
      else this.#range.giveBack(entry.port);
    }
    const surplus: number[] = [];
    while (this.#free.length > this.#ahead * 2) {
      const port = this.take();
      if (port === undefined) break;
      surplus.push(port);
      this.#range.giveBack(port);
    }
    return surplus;
  }

  #wait(port: number, readyMs: number, bound: boolean): void {
    const later = this.#waiting.findLastIndex((entry) => entry.readyMs <= readyMs);
    this.#waiting.splice(later + 1, 0, { port, readyMs, bound });
  }
}

/** Removes an entry at random, so that nobody can guess the ports of the next call. */
function takeAny(ports: number[], random: Random): number | undefined {
  if (ports.length === 0) return undefined;
  const index = random.below(ports.length);
  const port = ports[index];
  const last = ports.pop();
  if (last !== undefined && index < ports.length) ports[index] = last;
  return port;
}

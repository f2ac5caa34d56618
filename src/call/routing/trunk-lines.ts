/** How many calls each SIP server carries now, so that none gets more at once than it was declared to take. */
export class TrunkLines {
  readonly #inUse = new Map<number, number>();

  /** @returns what gives the line back, or undefined when all are taken; `maxCalls` 0 is no bound. */
  take(sipServerId: number, maxCalls: number): (() => void) | undefined {
    const inUse = this.#inUse.get(sipServerId) ?? 0;
    if (maxCalls > 0 && inUse >= maxCalls) return undefined;
    this.#inUse.set(sipServerId, inUse + 1);
    let isTaken = true;
    return () => {
      if (!isTaken) return;
      isTaken = false;
      const left = (this.#inUse.get(sipServerId) ?? 1) - 1;
      if (left > 0) this.#inUse.set(sipServerId, left);
      else this.#inUse.delete(sipServerId);
    };
  }
}

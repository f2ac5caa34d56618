/** Lets `perSecond` things through, and a burst of one second's worth after a pause. Starts full. */
export class TokenBucket {
  #tokens: number;
  #perMs: number;
  #capacity: number;
  #filledMs: number;

  constructor(perSecond: number, nowMs: number) {
    this.#tokens = perSecond;
    this.#capacity = perSecond;
    this.#perMs = perSecond / 1000;
    this.#filledMs = nowMs;
  }

  take(nowMs: number): boolean {
    this.#tokens = Math.min(this.#capacity, this.#tokens + (nowMs - this.#filledMs) * this.#perMs);
    this.#filledMs = nowMs;
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }

  /** Takes effect from now on; what is saved up is kept, up to the new burst. */
  setRate(perSecond: number): void {
    this.#capacity = perSecond;
    this.#perMs = perSecond / 1000;
  }
}

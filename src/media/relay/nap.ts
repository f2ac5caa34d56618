/** Added to the way of a packet at most; a packet of speech is 20 ms. */
const napMs = 1;

/**
 * Lets packets gather. Waking up for every single packet costs more than relaying it, so after a round of the event
 * loop that had packets the thread sleeps for a millisecond, and the next round takes all that came meanwhile. A
 * packet after a pause is relayed at once. Only for a thread that has nothing else to do.
 */
export class Nap {
  readonly #never = new Int32Array(new SharedArrayBuffer(4));
  #planned = false;

  /** Called for each packet; sleeps once after all packets of this round. */
  readonly afterThisRound = (): void => {
    if (this.#planned) return;
    this.#planned = true;
    setImmediate(this.#sleep);
  };

  readonly #sleep = (): void => {
    this.#planned = false;
    Atomics.wait(this.#never, 0, 0, napMs);
  };
}

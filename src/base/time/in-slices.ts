/** Resolves in a later turn of the event loop, after what waited in this one has been served. */
export type NextTurn = () => Promise<void>;

/** The most that one turn does of a long work. A step takes about a millisecond at worst. */
export const stepsPerSlice = 10;

/** Does a work of many steps, each a `yield`, a few in one turn of the event loop: calls are served in between. */
export async function inSlices<T>(work: Iterator<unknown, T>, nextTurn: NextTurn): Promise<T> {
  for (let step = 1; ; step++) {
    const next = work.next();
    if (next.done === true) return next.value;
    if (step % stepsPerSlice === 0) await nextTurn();
  }
}

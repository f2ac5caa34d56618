import type { NextTurn } from './in-slices.ts';

/** The next turn of this thread's event loop: its sockets and timers come first. */
export const systemTurn: NextTurn = () => new Promise((resolve) => setImmediate(resolve));

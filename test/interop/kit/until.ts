import { setTimeout as wait } from 'node:timers/promises';

/** Waits until `condition` holds. Throws with `what` when it does not within `timeoutMs`. */
export async function until(
  what: string,
  timeoutMs: number,
  condition: () => boolean | Promise<boolean>,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`not within ${timeoutMs} ms: ${what}`);
    await wait(30);
  }
}

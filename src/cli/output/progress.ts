import type { Clock, Timer } from '../../base/time/clock.ts';
import type { Output } from '../environment.ts';

const patienceMs = 500;
const stepMs = 500;
const clearLine = '\r\x1b[K';

/** Shows that work goes on, on a terminal only, once a person has begun to wait; the line is wiped when it ends. */
export async function withProgress<T>(
  what: string,
  { output, clock }: { readonly output: Output; readonly clock: Clock },
  work: () => Promise<T>,
  /** How many of a hundred parts are done, where that can be asked. */
  ask: () => Promise<number | undefined> = () => Promise.resolve(undefined),
): Promise<T> {
  if (!output.isTerminal) return work();
  const begunMs = clock.monotonicMs();
  let shown = false;
  let percent: number | undefined;
  const show = (): void => {
    shown = true;
    const part = percent === undefined ? '' : ` ${percent} %,`;
    output.write(`${clearLine}${what} ...${part} ${Math.round((clock.monotonicMs() - begunMs) / 1000)} s`);
    timer = clock.after(stepMs, show);
    void ask().then((now) => {
      percent = now;
    });
  };
  let timer: Timer = clock.after(patienceMs, show);
  try {
    return await work();
  } finally {
    timer.cancel();
    if (shown) output.write(clearLine);
  }
}

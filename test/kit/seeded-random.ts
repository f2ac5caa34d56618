import type { Random } from '../../src/base/random/random.ts';

/** Repeatable chance for tests: the same seed gives the same tags, branches and decisions (mulberry32). */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
  return {
    hex: (byteCount) => Array.from({ length: byteCount }, () => (next() & 255).toString(16).padStart(2, '0')).join(''),
    below: (bound) => next() % bound,
  };
}

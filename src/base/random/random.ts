import { randomFillSync } from 'node:crypto';

/** Chance as a parameter: the real source is the system's, the simulation's comes from its seed. */
export interface Random {
  /** `byteCount` random octets as lower-case hex: `hex(8)` is 64 bits, the least for a tag or branch that proves. */
  hex(byteCount: number): string;
  /** A whole number from 0 up to and without `bound`. */
  below(bound: number): number;
}

const poolBytes = 4096;

/** Cryptographic randomness, drawn from the system in blocks because a call for each tag costs more than the tag. */
export function systemRandom(): Random {
  const pool = Buffer.alloc(poolBytes);
  let used = poolBytes;
  const take = (byteCount: number): number => {
    if (used + byteCount > poolBytes) {
      randomFillSync(pool);
      used = 0;
    }
    const start = used;
    used += byteCount;
    return start;
  };
  return {
    hex(byteCount) {
      const start = take(byteCount);
      return pool.toString('hex', start, start + byteCount);
    },
    below(bound) {
      // 48 bits: the bias for any bound below 2^32 is under one in 65,000.
      return pool.readUIntBE(take(6), 6) % bound;
    },
  };
}

/**
 * A hash of 31 bits of a text, different for each seed (FNV-1a with a final mix). Whoever does not know the seed cannot
 * choose texts that share one.
 */
export function textHash(seed: number, text: string): number {
  let hash = seed | 0;
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x7feb352d);
  hash = Math.imul(hash ^ (hash >>> 15), 0x846ca68b);
  return (hash ^ (hash >>> 16)) & 0x7fffffff;
}

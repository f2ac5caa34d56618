/** G.711 µ-law as ITU-T G.711 table 2a defines it, between octets and 16-bit linear samples. */

/** Added before the logarithm so that the smallest segment has the same form as the others. */
const bias = 0x84;
const largest = 32_635;

/** The µ-law octet of digital silence. */
export const ulawSilence = 0xff;

/** @param sample -32768 to 32767; what is too loud is clipped. */
export function encodeUlaw(sample: number): number {
  const magnitude = Math.min(Math.abs(Math.trunc(sample)), largest) + bias;
  const segment = 24 - Math.clz32(magnitude);
  const step = (magnitude >> (segment + 3)) & 15;
  const sign = sample < 0 ? 0x80 : 0;
  return ~(sign | (segment << 4) | step) & 0xff;
}

/** Linear sample of each µ-law octet. */
export const ulawSamples: Int16Array = Int16Array.from({ length: 256 }, (_, octet) => {
  const code = ~octet & 0xff;
  const magnitude = ((((code & 15) << 3) + bias) << ((code >> 4) & 7)) - bias;
  return (code & 0x80) === 0 ? magnitude : -magnitude;
});

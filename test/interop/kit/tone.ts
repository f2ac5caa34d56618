/** Samples of a WAV file with one channel of 16-bit PCM, and their rate. */
export interface Sound {
  readonly samples: Int16Array;
  readonly rateHz: number;
}

export function readWav(file: Buffer): Sound {
  if (file.toString('latin1', 0, 4) !== 'RIFF' || file.readUInt16LE(22) !== 1 || file.readUInt16LE(34) !== 16) {
    throw new Error('not a WAV file with one channel of 16 bits');
  }
  const start = file.indexOf('data', 12, 'latin1') + 8;
  const samples = Int16Array.from({ length: (file.length - start) >> 1 }, (_, at) => file.readInt16LE(start + 2 * at));
  return { samples, rateHz: file.readUInt32LE(24) };
}

/**
 * How much of the sound's energy lies at a frequency (Goertzel's algorithm): 1 for a pure tone, near 0 for anything
 * else, and 0 for silence. Judged in windows, of which the median counts.
 */
export function shareOfTone({ samples, rateHz }: Sound, frequencyHz: number): number {
  const size = Math.round(rateHz / 10);
  const shares: number[] = [];
  for (let from = 0; from + size <= samples.length; from += size) {
    shares.push(shareInWindow(samples.subarray(from, from + size), frequencyHz / rateHz));
  }
  shares.sort((one, other) => one - other);
  return shares[shares.length >> 1] ?? 0;
}

function shareInWindow(window: Int16Array, cyclesPerSample: number): number {
  const coefficient = 2 * Math.cos(2 * Math.PI * cyclesPerSample);
  let last = 0;
  let beforeLast = 0;
  let energy = 0;
  for (const sample of window) {
    [last, beforeLast] = [sample + coefficient * last - beforeLast, last];
    energy += sample * sample;
  }
  const power = last * last + beforeLast * beforeLast - coefficient * last * beforeLast;
  return energy === 0 ? 0 : (2 * power) / (window.length * energy);
}

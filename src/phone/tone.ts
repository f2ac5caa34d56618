import { encodeUlaw } from './ulaw.ts';

export const sampleRateHz = 8000;
export const packetMs = 20;
export const samplesPerPacket = (sampleRateHz * packetMs) / 1000;

const noteMs = 400;
const samplesPerNote = (sampleRateHz * noteMs) / 1000;

/** -12 dB below full scale as RMS: loud enough to hear, far from clipping. */
const amplitude = 32_767 * 10 ** (-12 / 20) * Math.SQRT2;

/** What a phone says: its notes, one after another, for ever. No two voices share a note, so a listener knows who talks. */
export interface Voice {
  readonly notesHz: readonly number[];
}

/** The notes are multiples of 10 Hz at least 40 Hz apart: whole cycles in a note, and apart in a window of 100 ms. */
export const voices: readonly [Voice, Voice, Voice, Voice, Voice, Voice, Voice, Voice] = [
  { notesHz: [440, 480] },
  { notesHz: [560, 620] },
  { notesHz: [700, 770] },
  { notesHz: [860, 940] },
  { notesHz: [1040, 1130] },
  { notesHz: [1240, 1340] },
  { notesHz: [1460, 1580] },
  { notesHz: [1720, 1860] },
];

/** One round of a voice as PCMU payloads of 20 ms each, which may be repeated without a click. */
export function voicePayloads(voice: Voice): readonly Uint8Array[] {
  const round = new Uint8Array(voice.notesHz.length * samplesPerNote);
  for (const [index, noteHz] of voice.notesHz.entries()) {
    const step = (2 * Math.PI * noteHz) / sampleRateHz;
    for (let n = 0; n < samplesPerNote; n++) {
      round[index * samplesPerNote + n] = encodeUlaw(amplitude * Math.sin(step * n));
    }
  }
  return Array.from({ length: round.length / samplesPerPacket }, (_, index) =>
    round.subarray(index * samplesPerPacket, (index + 1) * samplesPerPacket),
  );
}

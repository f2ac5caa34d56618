import { packetMs, samplesPerPacket, sampleRateHz, type Voice } from './tone.ts';
import { ulawSamples } from './ulaw.ts';

/** 100 ms: a Goertzel bin is then 10 Hz wide. */
const windowPackets = 5;
const windowSamples = windowPackets * samplesPerPacket;

export const windowMs = windowPackets * packetMs;

/** Below this a listener hears nothing: -60 dB is a quiet room. */
const silenceDb = -60;

/** The lowest level that is told apart. */
export const lowestDb = -96;

/**
 * The part of a window's power that a voice must have. A window that falls on the change of its notes holds half of
 * each, which leaves half of the power in the two bins.
 */
const voiceShare = 0.4;

/** What one window of received audio holds. */
export interface Heard {
  /** RMS against full scale, from -96 to 0. */
  readonly levelDb: number;
  /** Whose notes these are; undefined for silence and for sound of nobody. */
  readonly voice: Voice | undefined;
  /** The stronger of the voice's notes; 0 without a voice. */
  readonly noteHz: number;
}

export const nothingHeard: Heard = { levelDb: lowestDb, voice: undefined, noteHz: 0 };

/** Listens to PCMU and tells, for each 100 ms, how loud it is and which of the known voices it is (Goertzel). */
export class ToneDetector {
  readonly #voices: readonly Voice[];
  readonly #window = new Float64Array(windowSamples);
  readonly #heardMs = new Map<Voice, number>();
  #filled = 0;
  #last: Heard = nothingHeard;
  #silentMs = 0;

  constructor(voices: readonly Voice[]) {
    this.#voices = voices;
  }

  /** The last whole window. */
  get last(): Heard {
    return this.#last;
  }

  /** Milliseconds of audio that were silence. */
  get silentMs(): number {
    return this.#silentMs;
  }

  /** Milliseconds of audio that this voice was heard for. */
  heardMs(voice: Voice): number {
    return this.#heardMs.get(voice) ?? 0;
  }

  /** Takes the next PCMU samples. */
  add(payload: Uint8Array): void {
    for (const octet of payload) {
      this.#window[this.#filled++] = ulawSamples[octet] ?? 0;
      if (this.#filled === windowSamples) this.#judge();
    }
  }

  #judge(): void {
    this.#filled = 0;
    this.#last = judgeWindow(this.#window, this.#voices);
    const { voice, levelDb } = this.#last;
    if (voice !== undefined) this.#heardMs.set(voice, this.heardMs(voice) + windowMs);
    else if (levelDb < silenceDb) this.#silentMs += windowMs;
  }
}

function judgeWindow(samples: Float64Array, voices: readonly Voice[]): Heard {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  const meanSquare = sum / samples.length;
  const levelDb = meanSquare === 0 ? lowestDb : Math.max(lowestDb, 10 * Math.log10(meanSquare / 32_768 ** 2));
  if (levelDb < silenceDb) return { levelDb, voice: undefined, noteHz: 0 };
  let best: Heard = { levelDb, voice: undefined, noteHz: 0 };
  let bestPower = meanSquare * voiceShare;
  for (const voice of voices) {
    const notes = voice.notesHz.map((noteHz) => ({ noteHz, power: tonePower(samples, noteHz) }));
    const power = notes.reduce((total, note) => total + note.power, 0);
    if (power <= bestPower) continue;
    bestPower = power;
    const strongest = notes.reduce((one, other) => (other.power > one.power ? other : one));
    best = { levelDb, voice, noteHz: strongest.noteHz };
  }
  return best;
}

/** The mean square of the part of the samples that is a sine of this frequency (Goertzel's recursion). */
function tonePower(samples: Float64Array, frequencyHz: number): number {
  const factor = 2 * Math.cos((2 * Math.PI * frequencyHz) / sampleRateHz);
  let one = 0;
  let two = 0;
  for (const sample of samples) {
    const next = sample + factor * one - two;
    two = one;
    one = next;
  }
  const squaredMagnitude = one * one + two * two - factor * one * two;
  return (2 * squaredMagnitude) / samples.length ** 2;
}

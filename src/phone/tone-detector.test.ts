import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { type Voice, voicePayloads, voices } from './tone.ts';
import { ToneDetector } from './tone-detector.ts';
import { encodeUlaw, ulawSamples, ulawSilence } from './ulaw.ts';

describe('µ-law', () => {
  test('every octet survives decoding and encoding, but for the second zero', () => {
    for (let octet = 0; octet < 256; octet++) {
      const again = encodeUlaw(ulawSamples[octet] ?? 0);
      assert.equal(again, octet === 0x7f ? ulawSilence : octet);
    }
  });

  test('any sample comes back within a sixteenth of itself', () => {
    const within = (sample: number): void => {
      const decoded = ulawSamples[encodeUlaw(sample)] ?? 0;
      assert.ok(Math.abs(decoded - sample) <= Math.max(8, Math.abs(sample) / 16), `${sample} became ${decoded}`);
    };
    fc.assert(fc.property(fc.integer({ min: -32_635, max: 32_635 }), within));
  });

  test('what is too loud is clipped and keeps its sign', () => {
    assert.equal(ulawSamples[encodeUlaw(32_767)], 32_124);
    assert.equal(ulawSamples[encodeUlaw(-32_768)], -32_124);
  });
});

describe('tone detection', () => {
  test('each voice is heard as itself, at its level, and as nobody else', () => {
    for (const voice of voices) {
      const detector = listen(voicePayloads(voice));
      assert.equal(detector.heardMs(voice), 800);
      assert.equal(detector.last.voice, voice);
      assert.equal(detector.last.noteHz, voice.notesHz[1]);
      assert.ok(Math.abs(detector.last.levelDb + 12) < 0.2, `level is ${detector.last.levelDb}`);
      for (const other of voices) if (other !== voice) assert.equal(detector.heardMs(other), 0);
    }
  });

  test('a voice is heard wherever in its round the listener joins', () => {
    for (let skipped = 0; skipped < 5; skipped++) {
      for (const voice of voices) {
        const payloads = [...voicePayloads(voice), ...voicePayloads(voice)].slice(skipped, skipped + 40);
        assert.equal(listen(payloads).heardMs(voice), 800, `${voice.notesHz} after ${skipped} packets`);
      }
    }
  });

  test('silence has no voice', () => {
    const detector = listen(Array.from({ length: 10 }, () => new Uint8Array(160).fill(ulawSilence)));
    assert.equal(detector.last.voice, undefined);
    assert.equal(detector.last.levelDb, -96);
    assert.equal(detector.silentMs, 200);
  });

  test('noise and a note that is nobody’s are loud and have no voice', () => {
    const noise = Array.from({ length: 10 }, (_, packet) =>
      Uint8Array.from({ length: 160 }, (_, n) => ((packet * 160 + n) * 2_654_435_761) >>> 24),
    );
    const stranger: Voice = { notesHz: [1000, 2000] };
    for (const payloads of [noise, voicePayloads(stranger)]) {
      const detector = listen(payloads);
      assert.equal(detector.last.voice, undefined);
      assert.ok(detector.last.levelDb > -30);
      assert.equal(detector.silentMs, 0);
    }
  });
});

function listen(payloads: readonly Uint8Array[]): ToneDetector {
  const detector = new ToneDetector(voices);
  for (const payload of payloads) detector.add(payload);
  return detector;
}

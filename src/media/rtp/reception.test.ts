import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mosHundredths, mosOfRating, transmissionRating } from './mos.ts';
import { Reception, sequenceDelta } from './reception.ts';

const deltas: readonly (readonly [number, number, number])[] = [
  [1, 0, 1],
  [0, 65_535, 1],
  [65_535, 0, -1],
  [5, 65_530, 11],
  [32_767, 0, 32_767],
  [32_768, 0, -32_768],
];
for (const [later, earlier, expected] of deltas) {
  test(`sequence ${later} is ${expected} ahead of ${earlier}`, () => {
    assert.equal(sequenceDelta(later, earlier), expected);
  });
}

/** Packets of 20 ms at their due time; the name of a row says what is wrong with them. */
const losses: readonly (readonly [string, readonly number[], number])[] = [
  ['in order', [1, 2, 3, 4], 0],
  ['across the wrap', [65_534, 65_535, 0, 1], 0],
  ['with two missing', [1, 2, 5, 6], 2],
  ['with two missing across the wrap', [65_534, 1, 2], 2],
  ['reordered', [1, 3, 2, 4], 0],
  ['with a duplicate', [1, 2, 2, 3], 0],
  ['with a duplicate before a loss', [1, 2, 2, 4, 5], 0],
  ['restarted far away', [1, 2, 30_000, 30_001], 0],
  ['with a loss before a restart', [1, 4, 30_000, 30_002], 3],
];
for (const [what, sequences, lost] of losses) {
  test(`a stream ${what} has lost ${lost}`, () => {
    const reception = new Reception(8000);
    sequences.forEach((sequence, index) => {
      reception.add(172, sequence, index * 160, 7, index * 20);
    });
    assert.equal(reception.lost, lost);
    assert.equal(reception.packets, sequences.length);
  });
}

test('packets at their due time have no jitter, and every second one 10 ms late comes near 10 ms', () => {
  const even = new Reception(8000);
  const uneven = new Reception(8000);
  for (let index = 0; index < 500; index++) {
    even.add(172, index & 65_535, index * 160, 7, index * 20);
    uneven.add(172, index & 65_535, index * 160, 7, index * 20 + (index % 2) * 10);
  }
  assert.equal(even.jitterMs, 0);
  assert.ok(Math.abs(uneven.jitterMs - 10) < 0.1, `${uneven.jitterMs}`);
});

test('the first jump of transit counts one sixteenth', () => {
  const reception = new Reception(8000);
  reception.add(172, 1, 0, 7, 0);
  reception.add(172, 2, 160, 7, 36);
  assert.equal(reception.jitterMs, 1);
});

test('a new source starts its own run of sequence numbers and keeps the loss of the last one', () => {
  const reception = new Reception(8000);
  reception.add(172, 1, 0, 7, 0);
  reception.add(172, 3, 320, 7, 40);
  reception.add(172, 900, 5_000_000, 8, 60);
  reception.add(172, 901, 5_000_160, 8, 80);
  assert.equal(reception.lost, 1);
  assert.equal(reception.jitterMs, 0);
});

/** R to MOS by the formula of G.107 annex B; MOS 3.6 is the customary limit of satisfaction, at R 70. */
const scores: readonly (readonly [number, number])[] = [
  [-5, 1],
  [50, 2.58],
  [60, 3.1],
  [70, 3.6],
  [80, 4.02],
  [90, 4.34],
  [93.2, 4.41],
  [100, 4.5],
];
for (const [rating, score] of scores) {
  test(`R ${rating} is a mean opinion score of ${score}`, () => {
    assert.equal(Math.round(mosOfRating(rating) * 100) / 100, score);
  });
}

test('loss and delay cost what the E-model says', () => {
  assert.equal(transmissionRating(0, 0), 93.2);
  assert.equal(transmissionRating(25.1, 0), 93.2 - 47.5);
  assert.equal(Math.round(transmissionRating(0, 277.3) * 100), Math.round((93.2 - 6.6552 - 11) * 100));
});

const relayed: readonly (readonly [number, number, number, number])[] = [
  [0, 0, 0, 0],
  [1000, 0, 0, 440],
  [990, 10, 0, 432],
  [950, 50, 5, 389],
  [500, 500, 0, 159],
];
for (const [packets, lost, jitterMs, expected] of relayed) {
  test(`${packets} packets, ${lost} lost, ${jitterMs} ms of jitter score ${expected}`, () => {
    assert.equal(mosHundredths(packets, lost, jitterMs), expected);
  });
}

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RefusedSource } from '../media/index.ts';
import { mediaFindings } from './media-findings.ts';

const source = { address: '203.0.113.66', port: 4000 };

test('media of a stranger is a finding for each second of speech, and a flood of it is twenty at most', () => {
  const cases: readonly (readonly [RefusedSource['fault'], number, number])[] = [
    ['foreign', 10, 1],
    ['foreign', 50, 1],
    ['foreign', 51, 2],
    ['over rate', 100_000, 20],
  ];
  for (const [fault, packets, expected] of cases) {
    assert.equal(mediaFindings({ ...source, fault, packets }).length, expected, `${packets} ${fault}`);
  }
});

test('media proves nothing of who sends it', () => {
  const [foreign] = mediaFindings({ ...source, fault: 'foreign', packets: 50 });
  const [fast] = mediaFindings({ ...source, fault: 'over rate', packets: 50 });
  assert.deepEqual([foreign?.kind, foreign?.evidence], ['injected media', 'none']);
  assert.deepEqual([fast?.kind, fast?.evidence], ['stream rate', 'none']);
});

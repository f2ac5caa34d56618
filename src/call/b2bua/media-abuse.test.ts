import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SideStats } from '../../media/index.ts';
import { mediaAbuse } from './media-abuse.ts';

function side(counts: Partial<SideStats>): SideStats {
  const quality = { packets: 500, octets: 1, lost: 0, jitterMs: 0, mosHundredths: 440 };
  return { ...quality, foreign: 0, overRate: 0, malformed: 0, ...counts };
}

test('packets of strangers and floods are told at the end of a call, with their numbers over all streams [media.checkrtpaddr] [media.rtp-rtcp-flood-protection]', () => {
  const streams = [
    { a: side({ foreign: 30 }), b: side({ foreign: 20, overRate: 1000 }) },
    { a: side({}), b: side({ malformed: 3 }) },
  ];
  assert.deepEqual(mediaAbuse(streams), { foreign: 50, overRate: 1000, malformed: 3 });
});

test('a few stray packets are no news', () => {
  assert.equal(mediaAbuse([{ a: side({ foreign: 49 }), b: side({ malformed: 49 }) }]), undefined);
  assert.equal(mediaAbuse([]), undefined);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RefusedMedia } from './refused-media.ts';

const stranger = '203.0.113.66';

function refuse(media: RefusedMedia, count: number, address = stranger): void {
  for (let sent = 0; sent < count; sent++) media.refused('foreign', address, 4000 + (sent % 7));
}

test('a source is told with its packets over all streams, once, and then counts begin anew', () => {
  const media = new RefusedMedia();
  refuse(media, 70);
  media.refused('malformed', stranger, 1);
  media.refused('no call', stranger, 1);
  assert.deepEqual(media.take(), {
    sources: [{ address: stranger, port: 4006, fault: 'foreign', packets: 70 }],
    counts: { foreign: 70, 'over rate': 0, malformed: 1, 'no call': 1 },
  });
  assert.equal(media.take(), undefined);
});

test('a few packets out of place are counted, and nobody is named for them', () => {
  const media = new RefusedMedia();
  refuse(media, 9);
  assert.deepEqual(media.take(), {
    sources: [],
    counts: { foreign: 9, 'over rate': 0, malformed: 0, 'no call': 0 },
  });
});

test('thousands of forged sources are told by their number, and 256 of them by name', () => {
  const media = new RefusedMedia();
  for (let source = 0; source < 5000; source++) refuse(media, 20, `198.18.${source >> 8}.${source & 255}`);
  const told = media.take();
  assert.equal(told?.sources.length, 256);
  assert.equal(told?.counts.foreign, 100_000);
});

test('one source has 200 packets a period let through where the address is not checked, over all calls together', () => {
  const media = new RefusedMedia();
  const passed = Array.from({ length: 500 }, () => media.mayPass(stranger)).filter(Boolean).length;
  assert.equal(passed, 200);
  assert.equal(media.mayPass('203.0.113.67'), true);
  media.take();
  assert.equal(media.mayPass(stranger), true);
});

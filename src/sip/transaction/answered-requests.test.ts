import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { seededRandom } from '../../../test/kit/seeded-random.ts';
import { SimulatedClock } from '../../../test/kit/simulated-clock.ts';
import { AnsweredRequests } from './answered-requests.ts';

const mebi = 1 << 20;

test('an answer is found again until timer J, and not after', () => {
  const clock = new SimulatedClock();
  const answered = new AnsweredRequests(clock, seededRandom(1), 32_000, mebi);
  answered.remember('REGISTER|z9hG4bK1', 'SIP/2.0 200 OK');
  clock.advance(31_999);
  assert.equal(answered.find('REGISTER|z9hG4bK1'), 'SIP/2.0 200 OK');
  assert.equal(answered.find('REGISTER|z9hG4bK2'), undefined);
  clock.advance(1);
  assert.equal(answered.find('REGISTER|z9hG4bK1'), undefined);
  assert.equal(answered.count, 0);
});

test('what does not fit any more pushes the oldest answers out, and an answer beyond half the ring is not kept', () => {
  const answered = new AnsweredRequests(new SimulatedClock(), seededRandom(1), 32_000, mebi);
  answered.remember('first', 'a'.repeat(300_000));
  answered.remember('second', 'b'.repeat(300_000));
  answered.remember('third', 'c'.repeat(300_000));
  assert.deepEqual([answered.find('first')?.length, answered.count], [300_000, 3]);
  answered.remember('fourth', 'd'.repeat(300_000));
  assert.deepEqual([answered.find('first'), answered.count], [undefined, 3]);
  assert.deepEqual([answered.find('second')?.at(-1), answered.find('fourth')?.at(0)], ['b', 'd']);
  answered.remember('giant', 'e'.repeat(mebi));
  assert.deepEqual([answered.find('giant'), answered.count], [undefined, 3]);
});

test('whatever was answered, in whatever sizes, the newest answers are found as they were given', () => {
  const step = fc.record({
    key: fc.integer({ min: 0, max: 400 }),
    length: fc.integer({ min: 0, max: 90_000 }),
    waitMs: fc.nat(3000),
  });
  fc.assert(
    fc.property(fc.array(step, { minLength: 50, maxLength: 300 }), (steps) => {
      const clock = new SimulatedClock();
      const answered = new AnsweredRequests(clock, seededRandom(7), 32_000, 4 * mebi);
      const model: { key: string; answer: string; atMs: number }[] = [];
      steps.forEach(({ key, length, waitMs }, at) => {
        clock.advance(waitMs);
        const record = { key: `key ${key}`, answer: `${at} `.repeat(length / 4), atMs: clock.monotonicMs() };
        answered.remember(record.key, record.answer);
        model.push(record);
        let octets = 0;
        const asked = new Set<string>();
        for (const { key: name, answer, atMs } of model.toReversed()) {
          octets += answer.length + 100;
          const isKept = octets < 3 * mebi && clock.monotonicMs() - atMs < 32_000;
          if (!isKept) break;
          if (!asked.has(name)) assert.equal(answered.find(name), answer);
          asked.add(name);
        }
      });
    }),
    { numRuns: 30 },
  );
});

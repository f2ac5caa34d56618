import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { TextMap } from './text-map.ts';

function sorted(values: Iterable<number>): readonly number[] {
  return [...values].toSorted((one, other) => one - other);
}

test('a text map holds what a map holds after any sets and deletes', () => {
  const step = fc.record({
    key: fc.constantFrom('a', 'b', 'ab', 'ba', '', 'long key 1', 'long key 2'),
    value: fc.option(fc.nat()),
  });
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const map = new TextMap<number>(3);
      const model = new Map<string, number>();
      for (const { key, value } of steps) {
        if (value === null) assert.equal(map.delete(key), model.delete(key));
        else {
          map.set(key, value);
          model.set(key, value);
        }
        assert.equal(map.size, model.size);
        assert.equal(map.get(key), model.get(key));
      }
      assert.deepEqual(sorted(map.values()), sorted(model.values()));
    }),
  );
});

test('keys that share a hash stay apart', () => {
  // With this many keys of 31 bits some hundred share one.
  const map = new TextMap<number>(5);
  for (let index = 0; index < 500_000; index++) map.set(`k${index}`, index);
  assert.equal(map.size, 500_000);
  for (let index = 0; index < 500_000; index += 2) assert.ok(map.delete(`k${index}`));
  for (let index = 1; index < 500_000; index += 2) assert.equal(map.get(`k${index}`), index);
  assert.deepEqual([map.size, map.has('k0')], [250_000, false]);
});

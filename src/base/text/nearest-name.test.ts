import assert from 'node:assert/strict';
import { test } from 'node:test';
import { editDistance, nearestName } from './nearest-name.ts';

test('two names are apart by the letters to change', () => {
  assert.equal(editDistance('kitten', 'sitting'), 3);
  assert.equal(editDistance('', 'abc'), 3);
  assert.equal(editDistance('abc', 'abc'), 0);
});

test('the nearest name is the one with the fewest letters to change, the first of equals', () => {
  assert.equal(nearestName('maxlins', ['credit', 'maxlines', 'maxline2']), 'maxlines');
  assert.equal(nearestName('ac', ['ab', 'ad']), 'ab');
});

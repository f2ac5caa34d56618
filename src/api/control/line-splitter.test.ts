import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LineSplitter } from './line-splitter.ts';

test('lines come out as they went in, however the stream was cut', () => {
  fc.assert(
    fc.property(fc.array(fc.stringMatching(/^[^\n]{0,30}$/)), fc.integer({ min: 1, max: 20 }), (lines, step) => {
      const stream = Buffer.from(lines.map((line) => `${line}\n`).join(''));
      const splitter = new LineSplitter(() => 1000);
      const found: string[] = [];
      for (let at = 0; at < stream.length; at += step) {
        const outcome = splitter.push(stream.subarray(at, at + step));
        assert.equal(outcome.tooLong, false);
        found.push(...outcome.lines.map((line) => line.toString()));
      }
      assert.deepEqual(found, lines);
    }),
  );
});

test('a line that grows beyond its limit is told at once, ended or not, and lines before it are kept', () => {
  const splitter = new LineSplitter(() => 10);
  assert.deepEqual(splitter.push(Buffer.from('0123456789')), { lines: [], tooLong: false });
  assert.equal(splitter.push(Buffer.from('x')).tooLong, true);
  const ended = new LineSplitter(() => 3).push(Buffer.from('abc\nabcd\n'));
  assert.deepEqual(ended.lines.map(String), ['abc']);
  assert.equal(ended.tooLong, true);
});

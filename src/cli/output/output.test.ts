import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SimulatedClock } from '../../../test/kit/simulated-clock.ts';
import { printable, printableJson } from './escape.ts';
import { duration, localTime, quality } from './format.ts';
import { parseTime } from './parse-time.ts';
import { withProgress } from './progress.ts';
import { table } from './table.ts';

const steering = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;

test('whatever a text holds, nothing that steers a terminal is printed', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      assert.doesNotMatch(printable(text), steering);
    }),
  );
});

test('a value printed as JSON is read back as it was, and steers no terminal', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary' })), (value) => {
      assert.doesNotMatch(printableJson(value, 0), steering);
      assert.deepEqual(JSON.parse(printableJson(value)), value);
    }),
  );
});

test('times are local ISO, and --since takes them back to the second', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 4_000_000_000 }), (seconds) => {
      const text = localTime(seconds * 1000);
      assert.match(text, /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}[+-]\d{2}:\d{2}$/);
      assert.deepEqual(parseTime(text, 0), { ok: true, value: seconds * 1000 });
    }),
  );
});

test('a time is a date of the machine, a moment, or so long ago; anything else is refused', () => {
  const nowMs = Date.UTC(2026, 0, 31, 12);
  const rows = [
    ['2h', nowMs - 7_200_000],
    ['90m', nowMs - 5_400_000],
    ['7d', nowMs - 604_800_000],
    ['30s', nowMs - 30_000],
    ['2026-01-31', new Date(2026, 0, 31).getTime()],
    ['2026-01-31T09:30', new Date(2026, 0, 31, 9, 30).getTime()],
    ['2026-01-31 09:30:15', new Date(2026, 0, 31, 9, 30, 15).getTime()],
    ['2026-01-31T09:30Z', Date.UTC(2026, 0, 31, 9, 30)],
    ['2026-01-31T09:30+01:00', Date.UTC(2026, 0, 31, 8, 30)],
    ['', undefined],
    ['now', undefined],
    ['-2h', undefined],
    ['31.1.2026', undefined],
    ['2026-02-31T99:00', undefined],
    ['1e9', undefined],
  ] as const;
  for (const [text, expected] of rows) {
    const parsed = parseTime(text, nowMs);
    assert.equal(parsed.ok ? parsed.value : undefined, expected, text);
  }
});

test('durations are m:ss, from an hour on h:mm:ss, and a begun second counts', () => {
  const rows = [
    [0, '0:00'],
    [1, '0:01'],
    [59_000, '0:59'],
    [60_000, '1:00'],
    [61_001, '1:02'],
    [3_599_000, '59:59'],
    [3_600_000, '1:00:00'],
    [90_061_000, '25:01:01'],
  ] as const;
  for (const [ms, text] of rows) assert.equal(duration(ms), text);
});

test('quality has two decimals for each side, and a dash for a side that sent nothing', () => {
  const side = { packets: 10, lost: 0, jitterMs: 1, mosHundredths: 440 };
  assert.equal(quality(side, { ...side, mosHundredths: 305 }), '4.40/3.05');
  assert.equal(quality(side, null), '4.40/-');
  assert.equal(quality({ ...side, mosHundredths: 0 }, null), '');
});

test('columns line up, empty cells show a dash, and long cells are cut only for a person', () => {
  const columns = [
    { title: 'name', max: 6, cell: (row: readonly [string, string]) => row[0] },
    { title: 'count', align: 'right', cell: (row: readonly [string, string]) => row[1] },
  ] as const;
  const rows = [
    ['a', '1'],
    ['much too long', ''],
  ] as const;
  const heading = (text: string): string => text;
  assert.equal(table(columns, rows, { cut: true, heading }), 'name    count\na           1\nmuch …      -\n');
  assert.match(table(columns, rows, { cut: false, heading }), /much too long/);
});

test('progress tells how much is done where that can be asked', async () => {
  const clock = new SimulatedClock();
  let written = '';
  const write = (text: string): void => {
    written += text;
  };
  const output = { write, isTerminal: true, columns: 80 };
  const { promise, resolve: finish } = Promise.withResolvers<string>();
  const parts = [undefined, 40, 90];
  const working = withProgress(
    'reading',
    { output, clock },
    () => promise,
    () => Promise.resolve(parts.shift()),
  );
  for (let step = 0; step < 4; step++) {
    clock.advance(500);
    for (let turn = 0; turn < 3; turn++) await Promise.resolve();
  }
  finish('');
  await working;
  assert.match(
    written,
    /reading \.\.\. 1 s[\s\S]*reading \.\.\. 1 s[\s\S]*reading \.\.\. 40 %, 2 s[\s\S]*reading \.\.\. 90 %, 2 s/,
  );
});

test('progress is shown on a terminal after a while, and wiped when the work ends', async () => {
  for (const isTerminal of [true, false]) {
    const clock = new SimulatedClock();
    let written = '';
    const write = (text: string): void => {
      written += text;
    };
    const { promise, resolve: finish } = Promise.withResolvers<string>();
    const working = withProgress('importing', { output: { write, isTerminal, columns: 80 }, clock }, () => promise);
    clock.advance(400);
    assert.equal(written, '');
    clock.advance(2000);
    finish('result');
    assert.equal(await working, 'result');
    assert.equal(clock.pendingCount, 0);
    if (!isTerminal) assert.equal(written, '');
    else assert.ok(written.includes('importing ... 2 s') && written.endsWith('\r\x1b[K'));
  }
});

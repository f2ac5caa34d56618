import assert from 'node:assert/strict';
import { openSync, write } from 'node:fs';
import { describe, test } from 'node:test';
import { SimulatedClock } from '../../../test/kit/simulated-clock.ts';
import { LogOutput, type WriteOctets } from './log-output.ts';

interface Write {
  readonly text: string;
  done(code: string | undefined, taken?: number): void;
}

/** An output whose writes the test answers. */
function heldOutput(): { output: LogOutput; writes: Write[]; lost: string[]; clock: SimulatedClock } {
  const clock = new SimulatedClock();
  const writes: Write[] = [];
  const lost: string[] = [];
  const hold: WriteOctets = (octets, done) => {
    writes.push({
      text: octets.toString(),
      done: (code, taken = octets.length) =>
        code === undefined ? done(null, taken) : done(Object.assign(new Error(code), { code }), 0),
    });
  };
  const recovered = (lines: number, reason: string): number => lost.push(`${lines} for ${reason}`);
  return { output: new LogOutput({ clock, write: hold, recovered }), writes, lost, clock };
}

describe('the output of the log', () => {
  test('hands lines on one write after another, and together what came meanwhile', () => {
    const { output, writes } = heldOutput();
    output.write('a\n');
    output.write('b\n');
    output.write('c\n');
    assert.deepEqual(
      writes.map(({ text }) => text),
      ['a\n'],
    );
    writes[0]?.done(undefined);
    assert.deepEqual(
      writes.map(({ text }) => text),
      ['a\n', 'b\nc\n'],
    );
  });

  test('goes on behind what was taken of a write', () => {
    const { output, writes } = heldOutput();
    output.write('abc\n');
    writes[0]?.done(undefined, 1);
    assert.equal(writes[1]?.text, 'bc\n');
  });

  for (const code of ['ENOSPC', 'EIO', 'EPIPE']) {
    test(`loses lines to ${code}, goes on, and tells how many were lost once lines are taken again`, () => {
      const { output, writes, lost } = heldOutput();
      output.write('a\n');
      output.write('b\n');
      output.write('c\n');
      writes[0]?.done(code);
      writes[1]?.done(code);
      assert.deepEqual(lost, []);
      output.write('d\n');
      writes[2]?.done(undefined);
      assert.equal(writes[2]?.text, 'd\n');
      assert.deepEqual(lost, [`3 for ${code}`]);
    });
  }

  test('asks again a moment later where the reader has no room now', () => {
    const { output, writes, lost, clock } = heldOutput();
    output.write('a\n');
    writes[0]?.done('EAGAIN');
    assert.equal(writes.length, 1);
    clock.advance(50);
    assert.equal(writes[1]?.text, 'a\n');
    writes[1]?.done(undefined);
    assert.deepEqual(lost, []);
  });

  test('keeps 4 MB for a reader that does not read, and loses what comes after them', () => {
    const { output, writes, lost } = heldOutput();
    const line = `${'x'.repeat(1023)}\n`;
    for (let index = 0; index < 5000; index++) output.write(line);
    writes[0]?.done(undefined);
    assert.equal(writes[1]?.text.length, 4 * 1024 * 1024);
    assert.deepEqual(lost, ['903 for nobody reads them']);
  });

  test('writes what waits at the end of the process, and gives up where that fails', () => {
    const { output } = heldOutput();
    for (const line of ['a\n', 'b\n', 'c\n']) output.write(line);
    const written: string[] = [];
    output.finish((octets) => written.push(octets.toString().slice(0, 3)) * 3);
    assert.deepEqual(written, ['b\nc', '\n']);
    output.write('d\n');
    output.finish(() => {
      throw new Error('EIO');
    });
  });

  test('stays alive on a real device that is full', async () => {
    const full = openSync('/dev/full', 'w');
    const codes: (string | undefined)[] = [];
    await new Promise<void>((resolve) => {
      const output = new LogOutput({
        clock: new SimulatedClock(),
        recovered: () => {},
        write: (octets, done) =>
          write(full, octets, (error, taken) => {
            codes.push(error?.code);
            done(error, taken);
            if (codes.length === 2) resolve();
          }),
      });
      output.write('a\n');
      output.write('b\n');
    });
    assert.deepEqual(codes, ['ENOSPC', 'ENOSPC']);
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { SimulatedClock } from '../../../../test/kit/simulated-clock.ts';
import type { Batch } from './messages.ts';
import { type PipeHandlers, ThreadPipe } from './thread-pipe.ts';

const deaf: PipeHandlers<object> = {
  onData: () => {},
  onEnd: () => {},
  onClosed: () => {},
  onPending: () => {},
  onControl: () => {},
  onTaken: () => {},
};

interface Rig {
  readonly pipe: ThreadPipe<object, object>;
  readonly clock: SimulatedClock;
  /** The octets of each batch that left. */
  readonly left: string[][];
}

function rig(): Rig {
  const clock = new SimulatedClock();
  const left: string[][] = [];
  const post = (batch: Batch): void => {
    left.push(batch.filter((entry) => typeof entry === 'string'));
  };
  return { pipe: new ThreadPipe(post, deaf, clock), clock, left };
}

describe('the wire between the gate and the signalling thread', () => {
  it('sends a lone message in the turn of the event loop in which it came', async () => {
    const { pipe, clock, left } = rig();
    for (const octets of ['one', 'two']) {
      pipe.data(1, octets);
      await nextTurn();
      clock.advance(10);
    }
    assert.deepEqual(left, [['one'], ['two']]);
  });

  it('gathers what follows within 10 ms, whatever its connection, and keeps its order', async () => {
    const { pipe, clock, left } = rig();
    pipe.data(1, 'one');
    await nextTurn();
    clock.advance(4);
    pipe.data(1, 'two');
    await nextTurn();
    clock.advance(5);
    pipe.data(2, 'three');
    await nextTurn();
    assert.deepEqual(left, [['one']]);
    clock.advance(1);
    assert.deepEqual(left, [['one'], ['two', 'three']]);
  });

  it('does not gather more than the other side is to get in one piece', async () => {
    const { pipe, left } = rig();
    pipe.data(1, 'one');
    await nextTurn();
    const much = 'x'.repeat(40_000);
    pipe.data(1, much);
    await nextTurn();
    assert.equal(left.length, 1);
    pipe.data(1, much);
    await nextTurn();
    assert.deepEqual(left, [['one'], [much, much]]);
  });

  it('says what it took when it has nothing else to say', async () => {
    const taken: Batch[] = [];
    const pipe = new ThreadPipe((batch) => taken.push(batch), deaf, new SimulatedClock());
    pipe.receive([0, 0, 1, 'x'.repeat(65_536)]);
    await nextTurn();
    assert.deepEqual(taken, [[65_536]]);
  });
});

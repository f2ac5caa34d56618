import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { CallBench } from './call-bench.ts';

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

for (const side of ['caller', 'callee'] as const) {
  test(`a call that its ${side} has ended leaves memory, though its transactions wait half a minute for repetitions`, async () => {
    const bench = await CallBench.connect();
    const call = new WeakRef(bench.stage.server.calls.calls()[0] ?? {});
    if (side === 'caller') bench.alice.send(bench.alice.inDialog('BYE', bench.invite, bench.answer));
    else bench.bob.send(bench.bob.inDialogAsCallee('BYE', bench.bob.request('INVITE')));
    await bench.run();
    const other = side === 'caller' ? bench.bob : bench.alice;
    other.respond(other.request('BYE'), 200);
    await bench.run();
    assert.deepEqual(bench.causes, ['answered']);
    // A WeakRef holds what it was made of until the end of that turn.
    await new Promise((resolve) => setImmediate(resolve));
    collectGarbage();
    assert.equal(call.deref(), undefined);
  });
}

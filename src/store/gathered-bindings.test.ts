import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SimulatedClock } from '../../test/kit/simulated-clock.ts';
import type { Binding } from '../registrar/binding.ts';
import { GatheredBindings } from './gathered-bindings.ts';
import type { Write } from './messages.ts';

const binding: Binding = {
  key: 'a',
  accountId: 1,
  user: '201',
  contact: 'sip:201@192.0.2.1',
  instance: '',
  callId: 'c',
  cseq: 1,
  q: 1000,
  expiresAtMs: 1,
  registeredAtMs: 0,
  transport: 'udp',
  sourceAddress: '192.0.2.1',
  sourcePort: 5060,
  localAddress: '192.0.2.9',
  localPort: 5060,
  userAgent: '',
  path: [],
  provenAt: 'udp:192.0.2.1:5060',
};

async function settle(): Promise<void> {
  for (let round = 0; round < 10; round++) await Promise.resolve();
}

test('what happens to a binding within 200 ms is written once, as it is at the end', async () => {
  const writes: Write[] = [];
  const clock = new SimulatedClock();
  const gathered = new GatheredBindings(clock, (write) => Promise.resolve(void writes.push(write)), assert.fail);
  gathered.put(binding);
  gathered.put({ ...binding, cseq: 2 });
  gathered.put({ ...binding, key: 'b' });
  gathered.remove('b');
  clock.advance(199);
  await settle();
  assert.equal(writes.length, 0);
  clock.advance(1);
  await settle();
  assert.equal(writes.length, 1);
  assert.equal(writes[0]?.length, 3, 'one operation name and two rows');
  assert.match(JSON.stringify(writes), /cseq\\":2/);
});

test('bindings that could not be written are written later, unless something newer came', async () => {
  const writes: Write[] = [];
  const failures: string[] = [];
  const clock = new SimulatedClock();
  let full = true;
  const write = (one: Write): Promise<void> => {
    writes.push(one);
    return full ? Promise.reject(new Error('disk full')) : Promise.resolve();
  };
  const gathered = new GatheredBindings(clock, write, (message) => failures.push(message));
  gathered.put(binding);
  clock.advance(200);
  gathered.put({ ...binding, cseq: 9 });
  await settle();
  assert.deepEqual(failures, ['disk full']);
  full = false;
  clock.advance(200);
  await settle();
  assert.equal(writes.length, 2);
  assert.match(JSON.stringify(writes[1]), /cseq\\":9/);
  await gathered.stop();
  assert.equal(clock.pendingCount, 0);
});

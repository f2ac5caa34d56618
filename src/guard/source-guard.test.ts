import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SimulatedClock } from '../../test/kit/simulated-clock.ts';
import { SourceGuard } from './source-guard.ts';

const at = (address: string, transport: 'udp' | 'tcp' = 'udp') => ({ transport, remote: { address, port: 5060 } });

test('an address that authenticated is P1 for an hour, a connection P0, and everybody else P2', () => {
  const clock = new SimulatedClock();
  const guard = new SourceGuard(clock);
  guard.authenticated('192.0.2.1');
  assert.deepEqual(
    [guard.proofOf(at('192.0.2.1')), guard.proofOf(at('192.0.2.2')), guard.proofOf(at('192.0.2.2', 'tcp'))],
    ['P1', 'P2', 'P0'],
  );
  clock.advance(3600 * 1000);
  assert.equal(guard.proofOf(at('192.0.2.1')), 'P2');
});

test('every packet is counted by the proof of its source', () => {
  const guard = new SourceGuard(new SimulatedClock());
  for (const transport of ['udp', 'tcp', 'udp'] as const) {
    assert.equal(
      guard.admit({ ...at('192.0.2.1', transport), localPort: 5060, octets: 400, connectionId: 0 }),
      'serve',
    );
  }
  assert.deepEqual(guard.counts, { P0: 1, P1: 0, P2: 2 });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { systemRandom } from '../../src/base/random/random.ts';
import { simulate } from './simulate.ts';

const fixedSeeds = 30;

// Each seed lives through a day of calls in virtual time; what must hold at its end is in checks.ts. A failure is
// repeated with `node test/simulation/run.ts --seeds 1 --from SEED --verbose`.
describe('the whole server in virtual time: calls, faults, crashes and a stranger', () => {
  const causes = new Set<string>();

  for (let seed = 1; seed <= fixedSeeds; seed++) {
    it(`keeps its promises with seed ${seed}`, async () => {
      const report = await simulate(seed);
      assert.equal(report.failure, '');
      for (const cause of report.causes.keys()) causes.add(cause);
    });
  }

  it('keeps its promises with a fresh seed', async (context) => {
    const seed = 1_000_000 + systemRandom().below(1_000_000);
    context.diagnostic(`seed ${seed}`);
    assert.equal((await simulate(seed)).failure, '');
  });

  it('does the same thing twice for the same seed', async () => {
    const [one, other] = [await simulate(4711), await simulate(4711)];
    assert.deepEqual(other, one);
  });

  it('has reached every way to end a call that chance can bring about', () => {
    const expected = [
      ...['answered', 'busy', 'call init timeout', 'cancelled', 'declined', 'early timeout', 'failed', 'media refused'],
      ...['media timeout', 'no answer', 'not found', 'refused', 'server restart', 'server stopped', 'unreachable'],
      ...['account disabled', 'credit used up', 'limit reached'],
    ];
    assert.deepEqual(
      expected.filter((cause) => !causes.has(cause)),
      [],
    );
  });
});

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { GuardBench } from '../../test/kit/guard-bench.ts';
import { silentLog } from '../base/log/log.ts';
import { systemRandom } from '../base/random/random.ts';
import { systemClock } from '../base/time/system-clock.ts';
import { type Ban, banKey } from '../guard/bans/ban.ts';
import { openStore } from './open-store.ts';
import type { Store } from './store.ts';

const hourMs = 3_600_000;

function manual(action: 'ban' | 'allow', scope: Ban['scope'], subject: string): Ban {
  const said = { rule: 'manual', reason: 'asked for', evidence: '', count: 1, by: 'anna', atMs: 1, untilMs: undefined };
  return { key: banKey(scope, subject), action, scope, subject, ...said };
}

test('over restarts on the real database bans, escalation and what is allowed stay, and sheds, reports and counts do not', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'ringfence-bans-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  let passedMs = 0;
  /** A life of the server: a guard on the stored bans, in its own time, which goes on where the last one ended. */
  const live = async (work: (bench: GuardBench) => void): Promise<void> => {
    const opened = await openStore(folder, {
      clock: systemClock,
      log: silentLog,
      random: systemRandom(),
      realm: 'home',
    });
    assert.ok(opened.ok);
    const store: Store = opened.value.store;
    const { bans } = await store.loadSnapshot();
    const bench = new GuardBench({}, 'default', { store: store.bans });
    bench.guard.stop();
    bench.clock.advance(passedMs);
    bench.guard.start(bans);
    work(bench);
    bench.guard.stop();
    passedMs = bench.clock.monotonicMs();
    await store.close();
  };

  await live((bench) => {
    bench.see('honeypot', { transport: 'tcp' });
    bench.see('honeypot', { address: '203.0.113.10', evidence: 'none' });
    bench.see('wrong password', { address: '203.0.113.11', times: 9, isRegister: true });
    bench.see('wrong password', { address: '203.0.113.12', times: 10, isRegister: true });
    bench.see('honeypot', { address: '192.0.2.50', transport: 'tcp' });
    bench.guard.put(manual('ban', 'prefix', '198.51.100.0/24'));
    bench.guard.put(manual('ban', 'user agent', 'badphone'));
    bench.guard.put(manual('allow', 'address', '198.51.100.7'));
    assert.equal(bench.listed().length, 7);
  });
  await live((bench) => {
    assert.deepEqual([...bench.listed()].sort(), [
      'allow 198.51.100.7 [manual]',
      'ban 198.51.100.0/24 [manual]',
      'ban 203.0.113.9 [honeypot_numbers]',
      'ban alice from 203.0.113.12 [sip_register_failed_times]',
      'ban badphone [manual]',
    ]);
    assert.deepEqual(
      ['203.0.113.9', '198.51.100.8', '198.51.100.7', '203.0.113.10'].map((address) => bench.packet(address)),
      ['drop', 'drop', 'serve', 'serve'],
    );
    assert.equal(bench.guard.look({ address: '203.0.113.12', port: 5060 }, 'alice', ''), 'refuse');
    assert.equal(bench.guard.countOf('maxwrongauthfromip', '203.0.113.11'), 0);
    bench.clock.advance(7 * hourMs);
    assert.equal(bench.packet(), 'serve', 'six hours after it began, whatever was between');
  });
  await live((bench) => {
    assert.ok(!bench.listed().includes('ban 203.0.113.9 [honeypot_numbers]'));
    bench.see('honeypot', { transport: 'tcp' });
    const again = bench.guard.bans.get('address', '203.0.113.9');
    assert.deepEqual([again?.count, ((again?.untilMs ?? 0) - bench.clock.wallMs()) / hourMs], [2, 12]);
  });
  await live((bench) => {
    assert.equal(bench.guard.bans.get('address', '203.0.113.9')?.count, 2);
    assert.ok(bench.guard.lift(banKey('address', '203.0.113.9')) !== undefined);
    assert.ok(bench.guard.lift(banKey('address', '198.51.100.7')) !== undefined);
  });
  await live((bench) => {
    assert.deepEqual([...bench.listed()].sort(), ['ban 198.51.100.0/24 [manual]', 'ban badphone [manual]']);
    bench.see('honeypot', { transport: 'tcp' });
    assert.equal(bench.guard.bans.get('address', '203.0.113.9')?.count, 1, 'who is set free begins anew');
  });
});

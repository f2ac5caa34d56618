import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { GuardBench } from '../../../test/kit/guard-bench.ts';
import type { FirewallDriver, FirewallEntry } from '../ports.ts';
import { type Ban, type BanAction, banKey, type BanScope } from './ban.ts';

/** A packet filter in memory, which says what it was told. */
class MemoryFirewall implements FirewallDriver {
  readonly calls: string[] = [];
  entries = new Map<string, FirewallEntry>();
  fault: Error | undefined;
  #held: Promise<void> = Promise.resolve();

  /** Nothing is done until what comes back is called. */
  hold(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#held = promise;
    return resolve;
  }

  async #told(call: string): Promise<void> {
    this.calls.push(call);
    await this.#held;
    if (this.fault !== undefined) throw this.fault;
  }

  async replaceAll(entries: readonly FirewallEntry[]): Promise<void> {
    await this.#told(`replace ${entries.map(text).join(', ')}`.trim());
    this.entries = new Map(entries.map((entry) => [text(entry), entry]));
  }

  async add(entry: FirewallEntry): Promise<void> {
    await this.#told(`add ${text(entry)}`);
    this.entries.set(text(entry), entry);
  }

  async remove(entry: FirewallEntry): Promise<void> {
    await this.#told(`remove ${text(entry)}`);
    this.entries.delete(text(entry));
  }

  list(): Promise<readonly FirewallEntry[]> {
    return Promise.resolve([...this.entries.values()]);
  }

  take(): readonly string[] {
    return this.calls.splice(0);
  }
}

function text({ action, source, port }: FirewallEntry): string {
  return `${action} ${source}${port === undefined ? '' : ` port ${port}`}`;
}

function entry(scope: BanScope, subject: string, action: BanAction = 'ban', untilMs?: number): Ban {
  const said = { rule: 'manual', reason: '', evidence: '', count: 1, by: 'root', atMs: 0, untilMs };
  return { key: banKey(scope, subject), action, scope, subject, ...said };
}

function withFirewall(): { bench: GuardBench; firewall: MemoryFirewall } {
  const firewall = new MemoryFirewall();
  return { bench: new GuardBench({}, 'default', { firewall }), firewall };
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('a packet filter before the server', () => {
  test('gets each ban at once, in whichever moment of the last one it comes', async () => {
    for (let turns = 0; turns < 12; turns++) {
      const { bench, firewall } = withFirewall();
      await settle();
      bench.guard.put(entry('address', '203.0.113.1'));
      for (let turn = 0; turn < turns; turn++) await Promise.resolve();
      bench.guard.put(entry('address', '203.0.113.2'));
      await settle();
      assert.deepEqual([...firewall.entries.keys()], ['drop 203.0.113.1', 'drop 203.0.113.2'], `after ${turns} turns`);
    }
  });

  test('gets at start what is banned, and nothing that only the guard can judge', async () => {
    const { bench, firewall } = withFirewall();
    await settle();
    assert.deepEqual(firewall.take(), ['replace']);
    for (const one of [
      entry('address', '203.0.113.9'),
      entry('prefix', '198.51.100.0/24'),
      entry('address and port', '[2001:db8::1]:5060'),
      entry('address', '198.51.100.7', 'allow'),
      ...[entry('address', '203.0.113.10', 'shed'), entry('address', '203.0.113.11', 'report')],
      ...[entry('user', 'alice'), entry('user at address', 'bob from 203.0.113.9'), entry('user agent', 'friendly')],
      entry('caller number', '431234567'),
    ])
      bench.guard.put(one);
    await settle();
    assert.deepEqual(firewall.take(), [
      'add drop 203.0.113.9',
      'add drop 198.51.100.0/24',
      'add drop 2001:db8::1 port 5060',
      'add pass 198.51.100.7',
    ]);
  });

  test('hears of each change in its order: bans of detections with their end, expiry, lifting and lifting all [blacklist.dynamic-ip-block-list]', async () => {
    const { bench, firewall } = withFirewall();
    bench.settings = { ...bench.settings, honeypot_numbers: ['911'], sip_register_failed_times: 0 };
    await settle();
    firewall.take();
    bench.see('honeypot', { evidence: 'connection', transport: 'tcp' });
    await settle();
    assert.deepEqual(firewall.take(), ['add drop 203.0.113.9']);
    assert.equal(firewall.entries.get('drop 203.0.113.9')?.untilMs, bench.clock.wallMs() + 21_600_000);
    bench.clock.advance(21_620_000);
    await settle();
    assert.deepEqual(firewall.take(), ['remove drop 203.0.113.9']);
    bench.guard.put(entry('address', '203.0.113.1'));
    bench.guard.put(entry('address', '203.0.113.1', 'ban', bench.clock.wallMs() + 60_000));
    bench.guard.put(entry('address', '203.0.113.2'));
    bench.guard.lift(banKey('address', '203.0.113.1'));
    bench.guard.liftAll();
    await settle();
    assert.deepEqual(firewall.take(), [
      'add drop 203.0.113.1',
      'remove drop 203.0.113.1',
      'add drop 203.0.113.1',
      'add drop 203.0.113.2',
      'remove drop 203.0.113.1',
      'remove drop 203.0.113.2',
    ]);
  });

  test('that is slow makes nobody wait: the guard drops at once, and one call follows the other', async () => {
    const { bench, firewall } = withFirewall();
    await settle();
    firewall.take();
    const go = firewall.hold();
    bench.guard.put(entry('address', '203.0.113.9'));
    bench.guard.put(entry('address', '203.0.113.10'));
    assert.equal(bench.packet('203.0.113.9'), 'drop');
    await settle();
    assert.deepEqual(firewall.take(), ['add drop 203.0.113.9']);
    go();
    await settle();
    assert.deepEqual(firewall.take(), ['add drop 203.0.113.10']);
  });

  test('that fails is given everything ten seconds later, with what changed meanwhile', async () => {
    const { bench, firewall } = withFirewall();
    await settle();
    firewall.fault = new Error('no permission');
    bench.guard.put(entry('address', '203.0.113.9'));
    await settle();
    bench.guard.put(entry('address', '203.0.113.10'));
    firewall.fault = undefined;
    firewall.take();
    bench.clock.advance(9999);
    await settle();
    assert.deepEqual(firewall.take(), []);
    bench.clock.advance(1);
    await settle();
    assert.deepEqual(firewall.take(), ['replace drop 203.0.113.9, drop 203.0.113.10']);
    bench.guard.put(entry('address', '203.0.113.11'));
    await settle();
    assert.deepEqual(firewall.take(), ['add drop 203.0.113.11']);
  });

  test('that does not keep up with 10,000 changes gets the whole list instead', async () => {
    const { bench, firewall } = withFirewall();
    await settle();
    const go = firewall.hold();
    for (let index = 0; index <= 10_001; index++) bench.guard.put(entry('address', `9.9.${index >> 8}.${index & 255}`));
    go();
    await settle();
    assert.equal(firewall.calls.length, 3);
    assert.match(firewall.calls[2] ?? '', /^replace drop 9\.9\.0\.0, /);
    assert.equal(firewall.entries.size, 10_002);
  });

  test('from which somebody took our entries gets them back within five minutes', async () => {
    const { bench, firewall } = withFirewall();
    bench.guard.put(entry('address', '203.0.113.9'));
    await settle();
    bench.clock.advance(300_000);
    await settle();
    firewall.take();
    firewall.entries.clear();
    bench.clock.advance(300_000);
    await settle();
    assert.deepEqual(firewall.take(), ['replace drop 203.0.113.9']);
  });
});

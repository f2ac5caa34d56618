import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SimulatedClock } from '../../../test/kit/simulated-clock.ts';
import { ScriptedDns } from '../../../test/kit/scripted-dns.ts';
import { HostsBefore, readHostsFile, readResolvConf } from './configuration.ts';
import { DnsCache } from './dns-cache.ts';
import type { DnsAnswer } from './records.ts';

function build(ttlS = 60): { clock: SimulatedClock; dns: ScriptedDns; cache: DnsCache } {
  const clock = new SimulatedClock();
  const dns = new ScriptedDns().a('carrier.test', '192.0.2.1');
  dns.ttlS = ttlS;
  return { clock, dns, cache: new DnsCache(dns, clock) };
}

function shown(answer: DnsAnswer): string {
  if (answer.kind !== 'records') return answer.kind;
  return `${answer.records.map((each) => ('address' in each ? each.address : '?')).join(' ')} for ${answer.ttlS}`;
}

describe('the DNS cache', () => {
  test('an answer is kept for its TTL, and told with what is left of it', async () => {
    const { clock, dns, cache } = build();
    assert.equal(shown(await cache.ask('A', 'carrier.test')), '192.0.2.1 for 60');
    clock.advance(59_000);
    assert.equal(shown(await cache.ask('A', 'CARRIER.test.')), '192.0.2.1 for 1');
    assert.equal(dns.asked.length, 1);
    dns.a('carrier.test', '192.0.2.2');
    clock.advance(1000);
    assert.equal(shown(await cache.ask('A', 'carrier.test')), '192.0.2.2 for 60');
    assert.equal(dns.asked.length, 2);
  });

  test('a no is kept too, and for five minutes at most', async () => {
    const { clock, dns, cache } = build(86_400);
    assert.equal(shown(await cache.ask('A', 'nobody.test')), 'none');
    clock.advance(299_000);
    await cache.ask('A', 'nobody.test');
    assert.equal(dns.asked.length, 1);
    clock.advance(1000);
    await cache.ask('A', 'nobody.test');
    assert.equal(dns.asked.length, 2);
  });

  test('a question that failed is not asked again for 5 s', async () => {
    const { clock, dns, cache } = build();
    dns.fail('A', 'carrier.test');
    assert.equal(shown(await cache.ask('A', 'carrier.test')), 'failed');
    clock.advance(4999);
    await cache.ask('A', 'carrier.test');
    assert.equal(dns.asked.length, 1);
    dns.a('carrier.test', '192.0.2.1');
    clock.advance(1);
    assert.equal(shown(await cache.ask('A', 'carrier.test')), '192.0.2.1 for 60');
  });

  test('when the servers fail, the last good answer stands in for a day, and a no takes it away', async () => {
    const { clock, dns, cache } = build();
    await cache.ask('A', 'carrier.test');
    dns.fail('A', 'carrier.test');
    for (let hour = 0; hour < 24; hour++) {
      clock.advance(3_600_000 - 10_000);
      assert.equal(shown(await cache.ask('A', 'carrier.test')), '192.0.2.1 for 30', `hour ${hour}`);
    }
    clock.advance(3_600_000);
    assert.equal(shown(await cache.ask('A', 'carrier.test')), 'failed');
    const second = build();
    await second.cache.ask('A', 'carrier.test');
    second.dns.remove('A', 'carrier.test');
    second.clock.advance(60_000);
    assert.equal(shown(await second.cache.ask('A', 'carrier.test')), 'none');
    second.dns.fail('A', 'carrier.test');
    second.clock.advance(60_000);
    assert.equal(shown(await second.cache.ask('A', 'carrier.test')), 'failed');
  });

  test('one question is asked once for all who want to know, and another name does not wait for it', async () => {
    const clock = new SimulatedClock();
    const slow = Promise.withResolvers<DnsAnswer>();
    const asked: string[] = [];
    const cache = new DnsCache(
      {
        ask: (_type, name) => {
          asked.push(name);
          return name === 'slow.test' ? slow.promise : Promise.resolve({ kind: 'none', ttlS: 9 });
        },
      },
      clock,
    );
    const both = Promise.all([cache.ask('A', 'slow.test'), cache.ask('A', 'slow.test')]);
    assert.equal(shown(await cache.ask('A', 'quick.test')), 'none');
    slow.resolve({ kind: 'failed', reason: 'late' });
    assert.deepEqual((await both).map(shown), ['failed', 'failed']);
    assert.deepEqual(asked, ['slow.test', 'quick.test']);
  });

  test('a record without a TTL is kept for a second, so that a burst of calls asks once', async () => {
    const { clock, dns, cache } = build(0);
    await cache.ask('A', 'carrier.test');
    clock.advance(999);
    await cache.ask('A', 'carrier.test');
    assert.equal(dns.asked.length, 1);
  });

  test('the cache never holds more than 10,000 answers', async () => {
    const { cache } = build();
    for (let at = 0; at < 10_500; at++) await cache.ask('A', `n${at}.test`);
    assert.ok(cache.size <= 10_000);
  });
});

describe('the configuration of name service', () => {
  test('servers come from resolv.conf in their order, without those that need a zone', () => {
    const text =
      '# made by hand\nnameserver 192.0.2.53\n nameserver\t2001:db8::53\nnameserver fe80::1%eth0\nsearch x\nnameserver no\n';
    assert.deepEqual(readResolvConf(text), [
      { address: '192.0.2.53', port: 53 },
      { address: '2001:db8::53', port: 53 },
    ]);
    assert.deepEqual(readResolvConf('options edns0\n'), [{ address: '127.0.0.1', port: 53 }]);
  });

  test('the hosts file answers for the addresses of its names, and for nothing else', async () => {
    const hosts = readHostsFile(
      '127.0.0.1 localhost # here\n192.0.2.5  Carrier.Test alias\n2001:db8::5 carrier.test\nbad line\n',
    );
    const dns = new ScriptedDns().srv('_sip._udp.carrier.test', '0 1 5060 carrier.test');
    const source = new HostsBefore(() => hosts, dns);
    assert.equal(shown(await source.ask('A', 'carrier.test.')), '192.0.2.5 for 60');
    assert.equal(shown(await source.ask('AAAA', 'CARRIER.test')), '2001:db8::5 for 60');
    assert.equal(shown(await source.ask('AAAA', 'alias')), 'none');
    assert.equal((await source.ask('SRV', '_sip._udp.carrier.test')).kind, 'records');
    assert.deepEqual(dns.asked, ['SRV _sip._udp.carrier.test']);
  });
});

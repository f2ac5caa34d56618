import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { GuardBench } from '../../test/kit/guard-bench.ts';
import { type Ban, banKey } from './bans/ban.ts';

const hourMs = 3_600_000;

function manual(address: string, untilMs?: number): Ban {
  const said = { rule: 'manual', reason: 'asked for', evidence: '', count: 1, by: 'anna', atMs: 0, untilMs };
  return { key: banKey('address', address), action: 'ban', scope: 'address', subject: address, ...said };
}

describe('budgets', () => {
  test('strangers have their burst and then their rate, each source and all together', () => {
    const bench = new GuardBench();
    assert.equal(bench.served(1000), 300);
    bench.clock.advance(1000);
    assert.equal(bench.served(1000), 30);
    let served = 0;
    for (let source = 0; source < 5000; source++) served += bench.served(1, `198.51.${source >> 8}.${source & 255}`);
    assert.ok(served <= 3000 && served > 2600, String(served));
  });

  test('a flood of strangers takes nothing from those who are known or prove themselves', () => {
    const bench = new GuardBench();
    bench.marks.add('our-nonce').add('our-tag').add('z9hG4bKours');
    bench.see('authenticated', { address: '198.51.100.7' });
    for (let source = 0; source < 60_000; source++)
      bench.packet(`203.${source >> 16}.${(source >> 8) & 255}.${source & 255}`);
    assert.equal(bench.packet('203.0.200.1'), 'drop');
    assert.equal(bench.served(500, '198.51.100.7'), 500);
    const proofs = [
      'REGISTER sip:x SIP/2.0\r\nAuthorization: Digest cnonce="x", nonce="our-nonce"',
      'BYE sip:x SIP/2.0\r\nFrom: <sip:a>;tag=theirs\r\nTo: <sip:b>;tag=our-tag\r\n',
      'SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKours;rport\r\n',
    ];
    for (const proof of proofs) assert.equal(bench.packet('203.0.200.1', 5060, proof), 'serve', proof);
    for (const forged of [
      'x cnonce="our-nonce"',
      'SIP/2.0 200 OK\r\nTo: x;tag=our-tag',
      'nonce="theirs"',
      'branch=z9hG4bKours',
    ])
      assert.equal(bench.packet('203.0.200.1', 5060, forged), 'drop', forged);
  });

  test('a flood in the name of a known phone takes nothing from what it proves, nor from other known phones', () => {
    const bench = new GuardBench();
    bench.marks.add('our-nonce');
    for (const address of ['198.51.100.7', '198.51.100.8']) bench.see('authenticated', { address });
    assert.equal(bench.served(20_000, '198.51.100.7'), 1000);
    assert.equal(bench.packet('198.51.100.7', 5060, 'nonce="our-nonce"'), 'serve');
    assert.equal(bench.served(100, '198.51.100.8'), 100);
  });

  test('who proves its address may still not send without end, and its neighbours are not held back', () => {
    const bench = new GuardBench({ maxsubsmscount: 0 });
    bench.marks.add('our-nonce');
    bench.served(400);
    assert.equal(bench.served(5000, '203.0.113.9', 5060, 'nonce="our-nonce"'), 2000);
    assert.equal(bench.packet('203.0.113.9', 5061, 'nonce="our-nonce"'), 'serve');
  });

  test('a SIP server may send ten times as much as a phone', () => {
    const bench = new GuardBench({ maxsubsmscount: 0 });
    assert.equal(bench.served(30_000, '192.0.2.50'), 20_000 + 300);
  });

  test('while signalling cannot keep up, packets without proof have a tenth together, and those with proof what they had', () => {
    const bench = new GuardBench({ maxsubsmscount: 0 });
    bench.marks.add('our-nonce');
    const strangersInASecond = (): number => {
      bench.clock.advance(2000);
      let served = 0;
      for (let source = 0; source < 8000; source++) {
        served += bench.served(1, `203.${source >> 16}.${(source >> 8) & 255}.${source & 255}`);
      }
      return served;
    };
    assert.equal(strangersInASecond(), 3000);
    bench.load = 1;
    bench.clock.advance(10_000);
    assert.equal(strangersInASecond(), 300);
    bench.see('authenticated', { address: '198.51.100.7' });
    assert.equal(bench.served(3000, '198.51.100.7', 5060, 'nonce="our-nonce"'), 1000 + 2000);
    bench.load = 0.5;
    bench.clock.advance(20_000);
    assert.equal(strangersInASecond(), 3000);
  });

  test('a source that comes to be trusted has its budget within a second', () => {
    let reason: string | undefined;
    const bench = new GuardBench({ maxsubsmscount: 0 }, 'default', { trustOf: () => reason });
    assert.equal(bench.served(1000), 300);
    reason = 'listed';
    bench.clock.advance(1000);
    assert.ok(bench.served(5000) >= 4000);
  });

  test('a connection is P0 from its first octet', () => {
    const bench = new GuardBench();
    bench.packet('203.0.113.9', 5060, '', 'tcp');
    bench.packet();
    assert.deepEqual(bench.guard.served, { P0: 1, P1: 0, P2: 1 });
  });
});

test('only listed addresses are served where there is a whitelist, the others get no reply and are counted [network.sip-whitelist]', () => {
  const bench = new GuardBench({ sip_whitelist: ['192.0.2.10', '192.0.2.11', '2001:db8::/32'] });
  const rows = [
    ['192.0.2.10', 'serve'],
    ['192.0.2.12', 'drop'],
    ['2001:db8::7', 'serve'],
    ['2001:db9::7', 'drop'],
  ] as const;
  for (const [address, expected] of rows) assert.equal(bench.packet(address), expected, address);
  assert.equal(bench.guard.lost.whitelist, 2);
});

test('a flood of 100 Mbit/s is accepted at no more than 80, and what is dropped is counted [network.maxnetworkspeed]', () => {
  const bench = new GuardBench({
    ...{ maxnetworkspeed: 80_000, stranger_rate: 0, stranger_rate_per_source: 0, maxsubsmscount: 0 },
  });
  let accepted = 0;
  // 300 octets each: 41,666 packets a second are 100 Mbit/s.
  for (let packet = 0; packet < 41_666 * 3; packet++) {
    if (packet % 42 === 0) bench.clock.advance(1);
    if (bench.packet() === 'serve') accepted++;
  }
  const mbit = (accepted * 300 * 8) / 2.976 / 1e6;
  assert.ok(mbit <= 81 && mbit > 72, String(mbit));
  assert.equal(bench.guard.lost['network speed'], 41_666 * 3 - accepted);
});

describe('bans', () => {
  test('of a banned source everything is lost in silence until its ban ends, six hours after it began [autoban.silent-drop-while-banned] [network.reenabledosblocked]', () => {
    const bench = new GuardBench({}, 'seeds');
    bench.see('honeypot');
    bench.clock.advance(6 * hourMs - 1000);
    assert.deepEqual([bench.packet(), bench.packet('203.0.113.9', 1, '', 'tcp')], ['drop', 'close']);
    bench.clock.advance(2000);
    assert.equal(bench.packet(), 'serve');
    bench.clock.advance(10_000);
    assert.deepEqual(bench.listed(), []);
    bench.clock.advance(30 * 24 * hourMs);
    assert.equal(bench.stored.size, 0, 'its row stays for a month, for repeaters');
  });

  test('each further ban of a source is twice as long', () => {
    const bench = new GuardBench({ ban_unproven: true });
    const lengths: number[] = [];
    for (let time = 0; time < 3; time++) {
      bench.see('honeypot');
      const [ban] = [...bench.guard.bans.all()];
      lengths.push(((ban?.untilMs ?? 0) - bench.clock.wallMs()) / hourMs);
      bench.clock.advance(7 * 24 * hourMs);
    }
    assert.deepEqual(lengths, [6, 12, 24]);
  });

  test('one address is set free with its counts, and the other bans stay [autoban.delbanned-ip]', () => {
    const bench = new GuardBench({ ban_unproven: true });
    bench.see('honeypot');
    bench.see('honeypot', { address: '203.0.113.10' });
    assert.equal(bench.guard.lift(banKey('address', '203.0.113.9'))?.rule, 'honeypot_numbers');
    assert.deepEqual([bench.packet(), bench.packet('203.0.113.10')], ['serve', 'drop']);
    assert.equal(bench.guard.countOf('honeypot_numbers', '203.0.113.9'), 0);
    assert.equal(bench.guard.lift(banKey('address', '203.0.113.9')), undefined);
  });

  test('an IPv6 address is set free with the network that the guard stopped, and a range of an operator stays', () => {
    const bench = new GuardBench();
    for (let name = 0; name < 60; name++) {
      const address = `2001:db8:7::${1 + (name % 4)}`;
      bench.see('unknown user', { address, user: `name${name}`, evidence: 'none' });
    }
    assert.deepEqual(bench.listed(), ['shed 2001:db8:7::/64 [blockscanning_treshold]']);
    bench.guard.put({ ...manual('2001:db8::/32'), key: 'prefix 2001:db8::/32', scope: 'prefix' });
    assert.deepEqual(bench.guard.liftAbout('2001:db8:7::1'), ['prefix 2001:db8:7::/64']);
    assert.deepEqual(bench.listed(), ['ban 2001:db8::/32 [manual]']);
  });

  test('a user, or a port, that is set free may fail as often as before from the first [autoban.delbanned-ip]', () => {
    const bench = new GuardBench({ maxfailedauthenabledipport: 5 });
    const failOnce = (): void => bench.see('wrong password', { isRegister: true });
    for (let time = 0; time < 10; time++) failOnce();
    const keys = [banKey('user at address', 'alice from 203.0.113.9'), banKey('address and port', '203.0.113.9:5060')];
    for (const key of keys) assert.equal(bench.guard.lift(key)?.action, 'ban', key);
    for (let time = 0; time < 5; time++) failOnce();
    assert.deepEqual(bench.listed(), []);
    failOnce();
    assert.deepEqual(bench.listed(), ['ban 203.0.113.9:5060 [maxfailedauthenabledipport]']);
  });

  test('a user whom too many guess at gets in again when an operator lifts the report, or all [autoban.delbanned-all]', () => {
    const bench = new GuardBench();
    const look = (): string => bench.guard.look({ address: '198.51.100.7', port: 5060 }, 'alice', 'phone');
    const guess = (): void => {
      for (let source = 0; source < 30; source++) bench.see('wrong password', { address: `203.0.113.${source}` });
      assert.equal(look(), 'ask');
    };
    guess();
    assert.equal(bench.guard.lift(banKey('user', 'alice'))?.rule, 'max_guesses_per_user');
    assert.equal(look(), 'verify');
    guess();
    bench.guard.liftAll();
    assert.equal(look(), 'verify');
  });

  test('all are set free with all counts, and what an operator allows stays [autoban.delbanned-all]', () => {
    const bench = new GuardBench({ ban_unproven: true });
    bench.see('honeypot');
    bench.see('wrong password', { address: '203.0.113.11', times: 5 });
    bench.guard.put({ ...manual('203.0.113.12'), action: 'allow' });
    bench.guard.put(manual('203.0.113.13'));
    assert.equal(bench.guard.liftAll(), 2);
    assert.deepEqual(bench.listed(), ['allow 203.0.113.12 [manual]']);
    assert.deepEqual([...bench.stored.keys()], ['address 203.0.113.12'], 'no repeater is left for the next start');
    assert.equal(bench.guard.countOf('maxwrongauthfromip', '203.0.113.11'), 0);
  });

  test('bans outlive a restart, sheds do not', () => {
    const first = new GuardBench();
    first.see('honeypot', { transport: 'tcp' });
    first.see('honeypot', { address: '203.0.113.10', evidence: 'none' });
    const second = new GuardBench();
    second.guard.stop();
    second.guard.start([...first.stored.values()]);
    assert.deepEqual(second.listed(), ['ban 203.0.113.9 [honeypot_numbers]']);
    assert.equal(second.packet(), 'drop');
  });
});

test('a million forged sources in an hour leave the memory of the guard as it was, below 64 MB', () => {
  const bench = new GuardBench();
  const before = bench.guard.octets;
  const heap = process.memoryUsage().heapUsed;
  for (let source = 0; source < 1_000_000; source++) {
    const address = `${11 + (source >> 16)}.${(source >> 8) & 255}.${source & 255}.7`;
    bench.packet(address);
    if (source % 20 === 0) bench.see('challenged', { address, user: `u${source}`, evidence: 'none' });
    if (source % 50 === 0) bench.see('honeypot', { address, user: `u${source}`, evidence: 'none' });
    if (source % 250 === 0) bench.clock.advance(900);
  }
  assert.equal(bench.guard.octets, before);
  assert.ok(before <= 48e6, `${before} octets of tables`);
  globalThis.gc?.();
  const grownMb = (process.memoryUsage().heapUsed - heap) / 1e6;
  assert.ok(before / 1e6 + grownMb <= 96, `${grownMb} MB of heap, garbage included`);
  assert.ok(bench.guard.bans.size <= 20_000, 'sheds are bounded');
});

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { GuardBench } from '../../test/kit/guard-bench.ts';
import type { FindingKind } from './findings.ts';

const hourMs = 3_600_000;
const trunk = '192.0.2.50';
const noRows = { maxsubsipauthrequest: 0, sip_register_failed_times: 0, maxfailedauthenabledipport: 0 };

/** Whether credentials would be looked at. */
function look(bench: GuardBench, address: string, user: string, userAgent = '', port = 5060): string {
  return bench.guard.look({ address, port }, user, userAgent);
}

describe('what a stranger sends in the name of others', () => {
  test('takes nothing from what a SIP server proves, and is bounded over all its ports together', () => {
    const bench = new GuardBench({ maxsubsmscount: 0 });
    bench.marks.add('our-tag');
    let served = 0;
    for (let port = 1; port <= 60_000; port++) if (bench.packet(trunk, port) === 'serve') served++;
    assert.equal(served, 300 + 20_000);
    assert.equal(bench.served(5000, trunk, 5060, 'To: <sip:b>;tag=our-tag'), 5000);
  });

  test('does not lift what is shed by a sign that is only observed', () => {
    const bench = new GuardBench({ 'mode.max_scanner_messages': 'observe' });
    bench.see('honeypot', { evidence: 'none' });
    bench.see('blocked device', { evidence: 'none', times: 10 });
    assert.deepEqual(bench.listed(), ['shed 203.0.113.9 [honeypot_numbers]']);
  });

  test('guesses a hundred tech prefixes a second of a listed sender, once its challenges have gone unanswered', () => {
    const bench = new GuardBench({ maxsubsmscount: 0 }, 'default', { trustOf: () => undefined });
    bench.see('challenged', { address: trunk, times: 301, evidence: 'none' });
    bench.clock.advance(6000);
    assert.deepEqual(bench.listed(), [`shed ${trunk} [fastauthsubswrongusermsg]`]);
    bench.served(30_000, trunk);
    bench.clock.advance(1000);
    assert.equal(bench.served(30_000, trunk), 101);
  });

  test('makes no later ban longer', () => {
    const bench = new GuardBench();
    for (let day = 0; day < 5; day++) {
      bench.see('honeypot', { evidence: 'none' });
      bench.clock.advance(24 * hourMs);
    }
    bench.see('honeypot', { transport: 'tcp' });
    const [ban] = [...bench.guard.bans.all()];
    assert.deepEqual([ban?.action, ban?.count], ['ban', 1]);
  });

  test('hides nothing of what it does over a connection of its own', () => {
    const bench = new GuardBench({ blockscanning_treshold: 10 });
    for (let name = 0; name <= 10; name++) {
      bench.see('unknown number', { user: `x${name}`, evidence: 'none' });
      bench.see('unknown number', { user: `x${name}`, transport: 'tcp' });
    }
    assert.deepEqual(bench.listed(), ['ban 203.0.113.9 [blockscanning_treshold]']);
  });

  test('a name asked for without proof and then with it is one name', () => {
    const bench = new GuardBench({ blockscanning_treshold: 10 });
    for (let name = 0; name < 10; name++) {
      bench.see('unknown number', { user: `x${name}`, evidence: 'none' });
      bench.see('unknown user', { user: `x${name}` });
    }
    bench.see('unknown number', { user: 'x0', evidence: 'none' });
    assert.deepEqual(bench.listed(), []);
  });
});

describe('what a proven source can do', () => {
  test('ports of one address at which nobody has logged in have a bound together, and one that is known keeps its own', () => {
    const bench = new GuardBench({ maxsubsmscount: 0 });
    bench.marks.add('our-nonce');
    bench.see('authenticated', { port: 9 });
    let served = 0;
    for (let port = 10_000; port < 10_040; port++)
      served += bench.served(2000, '203.0.113.9', port, 'nonce="our-nonce"');
    assert.equal(served, 1000 + 20_000, 'those of the known address, and those of ten ports');
    assert.equal(bench.served(500, '203.0.113.9', 9, 'nonce="our-nonce"'), 500);
  });

  test('a flood that carries our nonce is proven and banned, one that carries a tag of ours is a carrier that is busy', () => {
    const flood = (mark: string): readonly string[] => {
      const bench = new GuardBench({ maxsubsmscount: 3000 });
      bench.marks.add('ours');
      for (let second = 0; second < 100; second++) {
        bench.served(100, '203.0.113.9', 5060, mark);
        bench.clock.advance(1000);
      }
      return bench.listed();
    };
    const shed = 'shed 203.0.113.9 [maxsubsmscount]';
    assert.deepEqual(flood('nonce="ours"'), [shed, 'ban 203.0.113.9:5060 [maxsubsmscount]']);
    assert.deepEqual(flood(';tag=ours'), [shed]);
  });

  test('three addresses of one /64 are its /64, and not the networks of its neighbours', () => {
    const bench = new GuardBench({ ...noRows, maxfailedauthenabledip: 30 });
    for (let round = 0; round < 600; round++) {
      bench.see('wrong password', { address: `2001:db8:1:2::${(round % 3) + 1}`, port: 5060 + (round % 3) });
    }
    assert.ok(bench.listed().includes('ban 2001:db8:1:2::/64 [maxfailedauthenabledip]'));
    assert.equal(bench.packet('2001:db8:1:3::7'), 'serve');
  });

  test('a /64 in which a SIP server of ours stands is not banned for its neighbours', () => {
    const bench = new GuardBench({ ...noRows, maxfailedauthenabledip: 30 });
    for (let round = 0; round < 60; round++) {
      bench.see('wrong password', { address: `2001:db8:50::${(round % 3) + 1}`, transport: 'tcp' });
    }
    assert.ok(bench.listed().includes('report 2001:db8:50::/64 [maxfailedauthenabledip]'), bench.listed().join());
    assert.equal(bench.packet('2001:db8:50::5060'), 'serve');
  });

  test('a /64 in which a phone of ours is known is not banned as a whole', () => {
    const bench = new GuardBench({ ...noRows, maxfailedauthenabledip: 30 });
    bench.see('authenticated', { address: '2001:db8:1:2::abcd' });
    for (let round = 0; round < 90; round++) {
      const address = `2001:db8:1:2::${(round % 3) + 1}`;
      bench.see('wrong password', { address, port: 6000, user: `u${round}`, transport: 'tcp' });
    }
    assert.equal(bench.packet('2001:db8:1:2::abcd'), 'serve');
    assert.ok(!bench.listed().some((line) => line.includes('/64')), bench.listed().join());
  });

  test('names that it makes up are cut before they are kept, and push out no banned address', () => {
    const bench = new GuardBench({ maxsubsipauthrequest: 0, blockscanning_treshold: 0, max_guesses_per_user: 0 });
    bench.see('honeypot', { address: '198.51.100.1', transport: 'tcp' });
    const long = `\u001b[31m${'x'.repeat(60_000)}`;
    bench.see('unknown user', { user: long, isRegister: true, times: 10 });
    const subjects = [...bench.guard.bans.all()].map(({ subject }) => subject);
    assert.ok(
      subjects.every((subject) => subject.length < 100 && /^[\x20-\x7e]*$/.test(subject)),
      subjects.join(),
    );
    assert.equal(look(bench, '203.0.113.9', long), 'refuse');
    for (let name = 0; name < 20_500; name++) {
      bench.see('unknown user', { user: `n${name}`, isRegister: true, times: 10, port: name });
    }
    assert.ok(bench.guard.bans.size <= 20_001, `${bench.guard.bans.size} entries`);
    assert.equal(bench.packet('198.51.100.1'), 'drop');
  });
});

describe('one cheap account', () => {
  test('makes as many addresses known as it has bindings, and four more', () => {
    const bench = new GuardBench();
    bench.bindings = 2;
    for (let host = 0; host < 200; host++)
      bench.see('authenticated', { address: `198.51.100.${host}`, user: 'mallory' });
    const known = Array.from({ length: 200 }, (_, host) => bench.guard.hasProven(`198.51.100.${host}`));
    assert.equal(known.filter(Boolean).length, 6);
    bench.clock.advance(2 * hourMs);
    bench.see('authenticated', { address: '198.51.100.199', user: 'mallory' });
    assert.ok(bench.guard.hasProven('198.51.100.199'), 'a user that moves on is known where it is');
  });

  test('pushes out no device of others, whatever it calls its own', () => {
    const bench = new GuardBench({ max_guesses_per_user: 1 });
    bench.see('authenticated', { address: '198.51.100.7', userAgent: 'Phone 1' });
    for (let name = 0; name < 200_000; name++) bench.see('authenticated', { user: 'mallory', userAgent: `M ${name}` });
    bench.see('wrong password', { user: 'alice', times: 5 });
    assert.equal(look(bench, '198.51.100.7', 'alice', 'Phone 1'), 'verify');
  });
});

describe('the user who is guessed at', () => {
  const guessed = (): GuardBench => {
    const bench = new GuardBench();
    bench.see('authenticated', { address: '198.51.100.7', port: 7, userAgent: 'Phone 1' });
    for (let guess = 0; guess < 20; guess++) bench.see('wrong password', { address: `203.0.113.${guess}` });
    return bench;
  };

  test('gets a new device in from an address where it is logged in, or from one that an operator allows', () => {
    const bench = guessed();
    assert.equal(look(bench, '203.0.113.99', 'alice', 'New'), 'ask');
    assert.equal(look(bench, '198.51.100.7', 'alice', 'New'), 'verify');
    const said = { rule: 'manual', reason: '', evidence: '', count: 1, by: 'anna', atMs: 0, untilMs: undefined };
    const subject = '203.0.113.99';
    bench.guard.put({ key: `address ${subject}`, action: 'allow', scope: 'address', subject, ...said });
    assert.equal(look(bench, '203.0.113.99', 'alice', 'New'), 'verify');
  });

  test('is told of to the operator, and a name that nobody has is not', () => {
    const bench = guessed();
    look(bench, '203.0.113.99', 'alice');
    for (let guess = 0; guess < 20; guess++)
      bench.see('unknown user', { address: `203.0.113.${guess}`, user: 'nobody' });
    assert.equal(look(bench, '203.0.113.99', 'nobody'), 'ask');
    assert.deepEqual(bench.listed(), ['report alice [max_guesses_per_user]']);
  });

  test('is only reported where the limit is observed', () => {
    const bench = guessed();
    bench.settings = { ...bench.settings, 'mode.max_guesses_per_user': 'observe' };
    assert.equal(look(bench, '203.0.113.99', 'alice', 'New'), 'verify');
    assert.deepEqual(bench.listed(), ['report alice [max_guesses_per_user]']);
  });

  test('is guessed at 20 times an hour too by a device of the same name in the same network', () => {
    const bench = guessed();
    let looked = 0;
    for (let guess = 0; guess < 500; guess++) {
      if (look(bench, '198.51.100.200', 'alice', 'Phone 1') !== 'verify') continue;
      looked++;
      bench.see('wrong password', { address: '198.51.100.200', userAgent: 'Phone 1' });
    }
    assert.equal(looked, 20);
    assert.equal(look(bench, '198.51.100.7', 'alice', 'Phone 1', 8), 'verify', 'and the true one still logs in');
  });

  test('is served at its own port when a neighbour has failed in its name, until it fails itself', () => {
    const bench = new GuardBench();
    bench.see('authenticated', { port: 7 });
    bench.see('wrong password', { port: 666, isRegister: true, times: 10 });
    assert.deepEqual(
      [look(bench, '203.0.113.9', 'alice', '', 666), look(bench, '203.0.113.9', 'alice', '', 7)],
      ['refuse', 'verify'],
    );
    bench.see('wrong password', { port: 7, isRegister: true });
    assert.equal(look(bench, '203.0.113.9', 'alice', '', 7), 'refuse');
  });

  test('fails on its own device as often as it likes without its address being stopped', () => {
    const bench = new GuardBench({ ...noRows, maxsubsipauthrequest: 50 });
    for (let user = 0; user < 4; user++) bench.see('authenticated', { user: `u${user}`, port: user, userAgent: 'P' });
    bench.clock.advance(3 * hourMs);
    for (let round = 0; round < 200; round++) {
      bench.see('wrong password', { user: `u${round % 4}`, port: round % 4, userAgent: 'P' });
    }
    assert.deepEqual(bench.listed(), []);
  });
});

test('a port behind which many accounts are logged in is a gateway: reported, not banned', () => {
  const kinds: readonly FindingKind[] = ['wrong password', 'address not permitted'];
  for (const kind of kinds) {
    const bench = new GuardBench({ max_guesses_per_user: 0 });
    for (const user of ['a', 'b', 'c', 'd', 'e']) bench.see('authenticated', { user });
    bench.see(kind, { user: 'f', times: 60 });
    assert.deepEqual(bench.listed(), ['report 203.0.113.9:5060 [maxfailedauthenabledipport]'], kind);
  }
});

test('of a source that is shed a REGISTER gets through beside whatever else comes from there', () => {
  const bench = new GuardBench();
  bench.see('honeypot', { evidence: 'none' });
  assert.equal(bench.served(100, '203.0.113.9', 5060, 'OPTIONS sip:x SIP/2.0'), 3);
  assert.equal(bench.served(100, '203.0.113.9', 5060, 'REGISTER sip:x SIP/2.0'), 3);
});

test('a source that is banned again after a restart is a repeater, also where its first ban was over by then', () => {
  const first = new GuardBench();
  first.see('honeypot', { transport: 'tcp' });
  first.clock.advance(7 * hourMs);
  assert.deepEqual(first.listed(), []);
  const second = new GuardBench();
  second.guard.stop();
  second.clock.advance(8 * hourMs);
  second.guard.start([...first.stored.values()]);
  assert.deepEqual(second.listed(), []);
  second.see('honeypot', { transport: 'tcp' });
  assert.equal([...second.guard.bans.all()][0]?.count, 2);
});

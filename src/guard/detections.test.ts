import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { GuardBench } from '../../test/kit/guard-bench.ts';

const hourMs = 3_600_000;
const noRates = { stranger_rate: 0, stranger_rate_per_source: 0 };

describe('flood', () => {
  test('message 39,001 of an address within 3 minutes bans it in the profile seeds, whatever its port, and nobody else [network.maxsubsmscount]', () => {
    const bench = new GuardBench(noRates, 'seeds');
    for (let message = 0; message < 39_000; message++) {
      assert.equal(bench.packet('203.0.113.9', 5060 + (message % 7)), 'serve');
      bench.clock.advance(message % 13 === 0 ? 50 : 0);
    }
    assert.deepEqual(bench.listed(), []);
    bench.packet();
    assert.deepEqual(bench.listed(), ['ban 203.0.113.9 [maxsubsmscount]']);
    assert.deepEqual([bench.packet('203.0.113.9', 9), bench.packet('203.0.113.10')], ['drop', 'serve']);
  });

  test('39,000 messages in every 3 minutes never ban [network.maxsubsmscount] [network.maxsubsmsperiod]', () => {
    const bench = new GuardBench(noRates, 'seeds');
    for (let message = 0; message < 39_000 * 3; message++) {
      bench.packet();
      // 39,000 in 180 s are one each 4.615 ms.
      if (message % 13 === 0) bench.clock.advance(60);
    }
    assert.deepEqual(bench.listed(), []);
  });

  test('a flood that proves nothing is shed: some challenges still go out, and what proves itself is read', () => {
    const bench = new GuardBench();
    bench.marks.add('our-nonce');
    bench.served(40_000);
    assert.deepEqual(bench.listed(), ['shed 203.0.113.9 [maxsubsmscount]']);
    bench.clock.advance(10_000);
    assert.equal(bench.served(1000), 3);
    assert.equal(bench.packet('203.0.113.9', 5060, 'Authorization: Digest nonce="our-nonce"'), 'serve');
  });

  test('of a phone that has logged in only what fails counts, but not of its neighbours, unless the setting says so [network.treatusersasknownip]', () => {
    for (const [treatusersasknownip, expected] of [
      [false, 1],
      [true, 0],
    ] as const) {
      const bench = new GuardBench({ maxsubsmscount: 100, treatusersasknownip });
      bench.see('authenticated');
      bench.served(500);
      assert.deepEqual(bench.listed(), []);
      bench.served(500, '203.0.113.9', 6000);
      assert.equal(bench.listed().length, expected, String(treatusersasknownip));
    }
  });
});

test('wrong message 4,001 within an hour bans, and keeps no record of those an hour old [network.maxwrongmsgallowed] [network.maxwrongmsgperiod]', () => {
  const bench = new GuardBench({}, 'seeds');
  bench.see('malformed', { times: 2000, evidence: 'none' });
  bench.see('stray response', { times: 2000, evidence: 'none' });
  assert.deepEqual(bench.listed(), []);
  bench.clock.advance(hourMs);
  bench.see('stray request', { times: 4000, evidence: 'none' });
  assert.deepEqual(bench.listed(), []);
  bench.see('unknown method', { evidence: 'none' });
  assert.deepEqual(bench.listed(), ['ban 203.0.113.9 [maxwrongmsgallowed]']);
});

describe('failed authentication', () => {
  const off = { sip_register_failed_times: 0, maxsubsipauthrequest: 0 };

  test('failure 51 of one address and port bans that pair, and the other ports still work [network.maxfailedauthenabledipport]', () => {
    const bench = new GuardBench(off);
    bench.see('wrong password', { address: '198.51.100.7', times: 50 });
    assert.deepEqual(bench.listed(), []);
    bench.see('wrong password', { address: '198.51.100.7' });
    assert.deepEqual(bench.listed(), ['ban 198.51.100.7:5060 [maxfailedauthenabledipport]']);
    assert.deepEqual([bench.packet('198.51.100.7', 5060), bench.packet('198.51.100.7', 5061)], ['drop', 'serve']);
  });

  test('800 failures over 16 ports trip neither limit, and the next one trips that of the address [network.maxfailedauthenabledip]', () => {
    const bench = new GuardBench(off);
    for (let port = 1; port <= 16; port++) bench.see('wrong password', { port, times: 50 });
    assert.deepEqual(bench.listed(), []);
    bench.see('wrong password', { port: 17 });
    assert.deepEqual(bench.listed(), ['ban 203.0.113.9 [maxfailedauthenabledip]']);
  });

  test('a failure older than the period counts no more in any of the three [network.maxsubfailauthperiod]', () => {
    const bench = new GuardBench(off);
    bench.see('wrong password', { times: 50 });
    bench.clock.advance(hourMs);
    bench.see('wrong password', { times: 50 });
    assert.deepEqual(bench.listed(), []);
    assert.equal(bench.guard.countOf('maxfailedauthenabledip', '203.0.113.9'), 50);
    assert.equal(bench.guard.countOf('maxwrongauthfromip', '203.0.113.9'), 50);
  });

  test('who goes on and on in the name of a refused user is banned with its port, and a phone that asks each minute is not', () => {
    const bench = new GuardBench();
    for (let minute = 0; minute < 24 * 60; minute++) {
      bench.see('refused user', { address: '198.51.100.7', isRegister: true });
      bench.clock.advance(60_000);
    }
    bench.see('refused user', { times: 2500, isRegister: true });
    assert.deepEqual(bench.listed(), []);
    bench.see('refused user', { isRegister: true });
    assert.deepEqual(bench.listed(), ['ban 203.0.113.9:5060 [maxwrongauthfromip]']);
  });

  test('refused requests of every kind count for the address, 2,501 ban it [network.maxwrongauthfromip]', () => {
    const bench = new GuardBench({ ...off, blockscanning_treshold: 0 }, 'seeds');
    for (const kind of ['unknown user', 'account disabled', 'not authorised'] as const) bench.see(kind, { times: 800 });
    bench.see('wrong password', { times: 49 });
    bench.see('address not permitted', { port: 9, times: 50 });
    bench.see('unknown user');
    assert.deepEqual(bench.listed(), []);
    bench.see('unknown user');
    assert.deepEqual(bench.listed(), ['ban 203.0.113.9 [maxwrongauthfromip]']);
  });

  test('failure 21 in a row bans, and a success begins the row anew for its own user only [network.maxsubsipauthrequest]', () => {
    const set = { maxsubsipauthrequest: 20, sip_register_failed_times: 0 };
    const inRow = new GuardBench(set, 'seeds');
    inRow.see('wrong password', { times: 20 });
    assert.deepEqual(inRow.listed(), []);
    inRow.see('wrong password');
    assert.deepEqual(inRow.listed(), ['ban 203.0.113.9 [maxsubsipauthrequest]']);
    const broken = new GuardBench(set, 'seeds');
    broken.see('wrong password', { times: 20 });
    broken.see('authenticated');
    broken.see('wrong password', { times: 20 });
    assert.deepEqual(broken.listed(), []);
    const cheap = new GuardBench(set, 'seeds');
    cheap.see('wrong password', { times: 20 });
    cheap.see('authenticated', { user: 'mallory' });
    cheap.see('wrong password');
    assert.deepEqual(cheap.listed(), ['ban 203.0.113.9 [maxsubsipauthrequest]']);
  });

  test('the limit of a row follows the load where nobody set it, and is shown [network.maxsubsipauthrequest]', () => {
    const bench = new GuardBench();
    const limits = [0, 0.5, 1].map((load) => {
      bench.load = load;
      return bench.guard.rowLimit();
    });
    assert.deepEqual(limits, [400, 250, 100]);
  });
});

describe('challenges that nobody answers', () => {
  test('301 to one address within 90 s stop it, one that is answered within 5 s does not count [network.fastauthsubswrongusermsg]', () => {
    const bench = new GuardBench({ blockscanning_treshold: 0 });
    bench.see('challenged', { times: 300, evidence: 'none' });
    bench.see('challenged', { times: 400, port: 6000, evidence: 'none' });
    bench.clock.advance(3000);
    bench.see('authenticated', { port: 6000 });
    bench.clock.advance(3000);
    assert.deepEqual(bench.listed(), []);
    bench.see('challenged', { evidence: 'none' });
    bench.clock.advance(6000);
    assert.deepEqual(bench.listed(), ['shed 203.0.113.9 [fastauthsubswrongusermsg]']);
  });

  test('3,001 of all addresses hold strangers back, and nobody who proves itself, until it is less [network.fastauthsubswrongusermsg]', () => {
    const bench = new GuardBench({ blockscanning_treshold: 0, stranger_rate: 100 });
    bench.see('authenticated', { address: '198.51.100.1' });
    for (let source = 0; source < 3001; source++) {
      bench.see('challenged', { address: `203.0.${source >> 8}.${source & 255}`, evidence: 'none' });
    }
    bench.clock.advance(7000);
    assert.equal(bench.served(100, '198.51.100.99'), 20);
    assert.equal(bench.served(100, '198.51.100.1'), 100);
    bench.clock.advance(91_000);
    assert.equal(bench.served(150, '198.51.100.99'), 150);
  });
});

describe('failed registrations', () => {
  const failed = { isRegister: true, user: 'alice' } as const;
  const look = (bench: GuardBench, user = 'alice', address = '203.0.113.9'): string =>
    bench.guard.look({ address, port: 5060 }, user, '');

  test('after the tenth the user is refused from that address, and nobody else there, nor that user elsewhere [auth.sip-register-failed-times]', () => {
    const bench = new GuardBench();
    for (const kind of ['wrong password', 'address not permitted', 'wrong transport'] as const) {
      bench.see(kind, { ...failed, times: 3 });
    }
    assert.equal(look(bench), 'verify');
    bench.see('wrong password', failed);
    assert.deepEqual(
      [look(bench), look(bench, 'bob'), look(bench, 'alice', '203.0.113.10')],
      ['refuse', 'verify', 'verify'],
    );
  });

  test('nine failures and a success begin anew [auth.sip-register-failed-times]', () => {
    const bench = new GuardBench();
    bench.see('wrong password', { ...failed, times: 9 });
    bench.see('authenticated', failed);
    bench.see('wrong password', { ...failed, times: 9 });
    assert.equal(look(bench), 'verify');
  });

  test('refused at 12:00:00, the user is refused at 12:29:59 and looked at again at 12:30:01 [auth.block-time-min]', () => {
    const bench = new GuardBench({ max_guesses_per_user: 0 });
    bench.see('wrong password', { ...failed, times: 10 });
    bench.clock.advance(29 * 60_000 + 59_000);
    assert.equal(look(bench), 'refuse');
    bench.clock.advance(2000);
    assert.equal(look(bench), 'verify');
  });
});

describe('looking around', () => {
  test('the eleventh name that nobody has stops, the same names again do not [autoban.blockscanning-treshold]', () => {
    const bench = new GuardBench({ blockscanning_treshold: 10 }, 'seeds');
    const ask = (name: number): void => bench.see('unknown user', { user: String(name), evidence: 'none' });
    for (let round = 0; round < 5; round++) for (let name = 100; name < 110; name++) ask(name);
    bench.see('wrong password', { times: 9 });
    assert.deepEqual(bench.listed(), []);
    ask(110);
    assert.deepEqual(bench.listed(), ['ban 203.0.113.9 [blockscanning_treshold]']);
    bench.guard.liftAll();
    bench.settings = { ...bench.settings, blockscanning_treshold: 0 };
    for (let name = 0; name < 100; name++) ask(name);
    assert.deepEqual(bench.listed(), []);
  });

  test('whoever tries a name that nobody should know is stopped at once', () => {
    const bench = new GuardBench();
    bench.see('honeypot', { evidence: 'none' });
    assert.deepEqual(bench.listed(), ['shed 203.0.113.9 [honeypot_numbers]']);
  });

  test('a detection that is only observed stops nobody and says what it would have done', () => {
    const bench = new GuardBench({ 'mode.honeypot_numbers': 'observe' });
    bench.see('honeypot', { evidence: 'none' });
    assert.deepEqual(bench.listed(), ['report 203.0.113.9 [honeypot_numbers]']);
    assert.equal(bench.served(10), 10);
  });
});

describe('evidence', () => {
  const off = { maxsubsipauthrequest: 0, maxfailedauthenabledipport: 0, sip_register_failed_times: 0 };

  test('one proven port is banned alone, three are the address, and a connection is the address', () => {
    const onePort = new GuardBench({ ...off, maxfailedauthenabledip: 30 });
    onePort.see('wrong password', { times: 31 });
    assert.deepEqual(onePort.listed(), ['ban 203.0.113.9:5060 [maxfailedauthenabledip]']);
    const connection = new GuardBench({ ...off, maxfailedauthenabledip: 30 });
    connection.see('wrong password', { times: 31, transport: 'tcp' });
    assert.deepEqual(connection.listed(), ['ban 203.0.113.9 [maxfailedauthenabledip]']);
  });

  test('an address at which a phone of ours is known is never banned as a whole', () => {
    const bench = new GuardBench({ ...off, maxfailedauthenabledip: 30 });
    bench.see('authenticated', { port: 7000 });
    for (const port of [1, 2, 3, 4]) bench.see('wrong password', { port, times: 10 });
    assert.equal(bench.packet('203.0.113.9', 7000), 'serve');
    assert.ok(bench.listed().every((line) => line.startsWith('ban 203.0.113.9:')));
  });

  test('what others send in the name of a source adds nothing to what it has proven', () => {
    const bench = new GuardBench({ ...off, maxfailedauthenabledip: 30 });
    bench.see('wrong password', { times: 100, evidence: 'none' });
    bench.see('wrong password', { times: 5 });
    assert.deepEqual(bench.listed(), ['shed 203.0.113.9 [maxfailedauthenabledip]']);
  });

  test('an address that many accounts share is reported, not banned', () => {
    const bench = new GuardBench({ ...off, maxfailedauthenabledip: 30 });
    for (const user of ['a', 'b', 'c', 'd', 'e']) bench.see('authenticated', { user });
    bench.clock.advance(2 * hourMs);
    bench.see('wrong password', { times: 31, transport: 'tcp' });
    assert.deepEqual(bench.listed(), ['report 203.0.113.9 [maxfailedauthenabledip]']);
  });

  test('a trusted address, and one that an operator allows, are reported, not banned [network.allowtrustedip]', () => {
    const bench = new GuardBench();
    bench.see('honeypot', { address: '192.0.2.50', transport: 'tcp' });
    assert.deepEqual(bench.listed(), ['report 192.0.2.50 [honeypot_numbers]']);
    assert.equal(bench.packet('192.0.2.50'), 'serve');
  });

  test('three addresses of an IPv6 /64 that offend together are banned together', () => {
    const bench = new GuardBench({ ...off, maxfailedauthenabledip: 30 });
    const fail = (host: number, times: number): void =>
      bench.see('wrong password', { address: `2001:db8::${host}`, port: host, times });
    fail(1, 15);
    fail(2, 15);
    assert.deepEqual(bench.listed(), []);
    fail(3, 1);
    assert.deepEqual(bench.listed(), ['ban 2001:db8::/64 [maxfailedauthenabledip]']);
    assert.equal(bench.packet('2001:db8::abcd'), 'drop');
  });
});

describe('guesses at one user from everywhere', () => {
  test('after 20 in an hour only the devices of the user are looked at, whoever exists', () => {
    const bench = new GuardBench();
    bench.see('authenticated', { address: '198.51.100.7', userAgent: 'Phone 1' });
    for (const user of ['alice', 'nobody']) {
      for (let guess = 0; guess < 20; guess++) {
        assert.equal(bench.guard.look({ address: `203.0.113.${guess}`, port: 5060 }, user, 'x'), 'verify');
        bench.see(user === 'alice' ? 'wrong password' : 'unknown user', { address: `203.0.113.${guess}`, user });
      }
    }
    const look = (address: string, user: string, agent: string): string =>
      bench.guard.look({ address, port: 5060 }, user, agent);
    assert.equal(look('203.0.113.99', 'alice', 'x'), 'ask');
    assert.equal(look('203.0.113.99', 'nobody', 'x'), 'ask');
    assert.equal(look('198.51.100.8', 'alice', 'Phone 1'), 'verify');
    bench.clock.advance(hourMs);
    assert.equal(look('203.0.113.99', 'alice', 'x'), 'verify');
  });

  test('one cheap account buys ten users an hour to guess at, and no more', () => {
    const bench = new GuardBench();
    bench.see('authenticated', { user: 'mallory', userAgent: 'M' });
    for (let user = 0; user < 10; user++) bench.see('wrong password', { user: `user${user}`, userAgent: 'M' });
    const look = (user: string): string => bench.guard.look({ address: '203.0.113.9', port: 9 }, user, 'M');
    assert.deepEqual([look('alice'), look('mallory')], ['ask', 'verify']);
  });
});

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ScriptedPeer } from './scripted-peer.ts';
import { sdp } from './scripted-peer.ts';
import { password, Stage } from './stage.ts';

async function statusesOf(stage: Stage, peer: ScriptedPeer, method: string, uri: string, user = 'alice') {
  const before = peer.statuses(method).length;
  peer.send(peer.build(method, uri, user, method === 'INVITE' ? { body: sdp(peer.local.address) } : {}));
  await stage.run(20);
  return peer.statuses(method).slice(before);
}

const bob = 'sip:bob@server.example';
const reuse = { reuseepauth: 1, cacheregistrations: 0 } as const;

describe('what one request may take over from another', () => {
  test('at 0 an INVITE from the address and port of a registration is challenged [protocol.reuseepauth]', async () => {
    const stage = await Stage.open();
    const alice = await stage.phone('alice', '192.0.2.21');
    assert.deepEqual(await statusesOf(stage, alice, 'INVITE', bob), [407]);
  });

  test('at 1 it is taken without a challenge, for the registered user only [protocol.reuseepauth]', async () => {
    const stage = await Stage.open({ settings: reuse });
    const alice = await stage.phone('alice', '192.0.2.21');
    await stage.phone('bob', '192.0.2.22');
    assert.deepEqual(await statusesOf(stage, alice, 'INVITE', bob), [100]);
    assert.deepEqual(await statusesOf(stage, alice, 'INVITE', 'sip:alice@server.example', 'bob'), [407]);
  });

  test('a call from the place of another user inherits nothing of it [protocol.reuseep]', async () => {
    const stage = await Stage.open();
    const phone = await stage.phone('alice', '192.0.2.21');
    await stage.register(phone, 'bob');
    const invite = phone.build('INVITE', 'sip:alice@server.example', 'bob', { body: sdp('192.0.2.21') });
    phone.send(invite);
    await stage.run(20);
    phone.send(phone.authorised(invite, phone.response('INVITE', 407), 'bob', password));
    await stage.run(20);
    assert.equal(stage.store.rows[0]?.cdr.callerName, 'bob');
  });

  for (const [level, status] of [
    [0, 407],
    [1, 100],
  ] as const) {
    test(`at ${level} another port of a registered address gets ${status} [protocol.reusedifferentportreg]`, async () => {
      const stage = await Stage.open({ settings: { ...reuse, reusedifferentportreg: level } });
      await stage.phone('alice', '192.0.2.21');
      await stage.phone('bob', '192.0.2.22');
      const neighbour = await stage.peer('192.0.2.21', 6000);
      assert.deepEqual(await statusesOf(stage, neighbour, 'INVITE', bob), [status]);
    });
  }

  test('what fits no account is not attributed to the sender that shares its address [protocol.reuseuppergep]', async () => {
    const sender = { name: 'gate', kind: 'trafficsender', needAuth: 3, authIp: ['192.0.2.50'], techPrefix: '12345678' };
    const stage = await Stage.open({ accounts: [{ ...sender, kind: 'trafficsender', needAuth: 3 }] });
    const gate = await stage.peer('192.0.2.50');
    assert.deepEqual(await statusesOf(stage, gate, 'INVITE', bob, 'gate'), [407]);
    assert.equal(stage.store.cdrs.length, 0);
  });

  for (const [authfastusers, status] of [
    [1, 401],
    [0, 200],
  ] as const) {
    test(`at ${authfastusers} a REGISTER that a cache would take gets ${status} [auth.authfastusers]`, async () => {
      const stage = await Stage.open({ settings: { cacheregistrations: 1, authfastusers } });
      const alice = await stage.phone('alice', '192.0.2.21');
      assert.deepEqual(await statusesOf(stage, alice, 'REGISTER', 'sip:server.example'), [status]);
    });
  }
});

describe('which contacts ring', () => {
  const lax = { ...reuse, reusedifferentportreg: 1, authfastusers: 0 } as const;

  /** bob has proven one contact; another one came from a neighbour's port without a password. */
  async function forked(allownoauthfork: 0 | 1 | 2 | 3 | 4) {
    const stage = await Stage.open({ settings: { ...lax, allownoauthfork } });
    const alice = await stage.phone('alice', '192.0.2.21');
    const proven = await stage.phone('bob', '192.0.2.22');
    const unproven = await stage.peer('192.0.2.22', 6000);
    assert.deepEqual(await statusesOf(stage, unproven, 'REGISTER', 'sip:server.example', 'bob'), [200]);
    await statusesOf(stage, alice, 'INVITE', bob);
    return [proven, unproven].map((phone) => phone.requests('INVITE').length);
  }

  for (const [level, rings] of [
    [0, [1, 1]],
    [1, [1, 1]],
    [2, [1, 1]],
    [3, [1, 0]],
    [4, [1, 0]],
  ] as const) {
    const what = rings[1] === 1 ? 'rings too' : 'does not ring';
    test(`at ${level} a contact that proved nothing ${what} [protocol.allownoauthfork]`, async () => {
      assert.deepEqual(await forked(level), rings);
    });
  }

  for (const [level, rings] of [
    [3, 1],
    [4, 0],
  ] as const) {
    test(`at ${level} a contact that moved since it was proven rings ${rings} times, and again once proven anew [protocol.allownoauthfork]`, async () => {
      const stage = await Stage.open({ settings: { ...lax, allownoauthfork: level } });
      const alice = await stage.phone('alice', '192.0.2.21');
      const contact = '<sip:bob@192.0.2.22>';
      const before = await stage.peer('192.0.2.22');
      const register = before.build('REGISTER', 'sip:server.example', 'bob', { contact, callId: 'one' });
      before.send(register);
      await stage.run(20);
      before.send(before.authorised(register, before.response('REGISTER', 401), 'bob', password));
      await stage.run(20);
      const moved = await stage.peer('192.0.2.22', 6000);
      moved.send(moved.build('REGISTER', 'sip:server.example', 'bob', { contact }));
      await stage.run(20);
      assert.deepEqual(moved.statuses('REGISTER'), [200]);
      await statusesOf(stage, alice, 'INVITE', bob);
      assert.equal(moved.requests('INVITE').length, rings);
      stage.settings = { ...stage.settings, authfastusers: 1 };
      await stage.register(moved, 'bob', { contact });
      await statusesOf(stage, alice, 'INVITE', bob);
      assert.equal(moved.requests('INVITE').length, rings + 1);
    });
  }
});

describe('unknown users', () => {
  test('an unknown user that registers is refused, counted, and no account is made [auth.autocreatereguserstrict]', async () => {
    const stage = await Stage.open();
    const stranger = await stage.peer('192.0.2.66');
    const before = stage.server.directory.size.accounts;
    const register = stranger.build('REGISTER', 'sip:server.example', 'mallory');
    stranger.send(register);
    await stage.run(20);
    const challenge = stranger.response('REGISTER', 401);
    stranger.send(stranger.authorised(register, challenge, 'mallory', 'Very.Good.Pass.42'));
    await stage.run(20);
    assert.deepEqual(stranger.statuses('REGISTER'), [401, 403]);
    assert.equal(stage.server.directory.size.accounts, before);
    assert.equal(stage.server.guard.findings.counts['unknown user'], 1);
  });

  test('an unknown user and a wrong password get the same octets but for nonce and tags [auth.uauthverifypwd]', async () => {
    const stage = await Stage.open();
    const stranger = await stage.peer('192.0.2.66');
    const answers: Record<string, string> = {};
    for (const user of ['alice', 'nobody']) {
      const register = stranger.build('REGISTER', 'sip:server.example', user, { callId: 'same' });
      stranger.send(register);
      await stage.run(20);
      stranger.send(stranger.authorised(register, stranger.response('REGISTER', 401), user, 'a wrong password'));
      await stage.run(20);
      answers[user] = (stranger.datagrams.at(-1) ?? '')
        .replaceAll(/(branch|tag)=[\w.]+/g, '')
        .replaceAll(user, 'user')
        .replace(/CSeq: \d+/i, '');
    }
    assert.match(answers['alice'] ?? '', /^SIP\/2\.0 403 /);
    assert.equal(answers['alice'], answers['nobody']);
  });
});

describe('domains', () => {
  const named = { localdomain: ['sip.company.com'] };

  test('a call to a foreign domain is refused, and nobody asks DNS or sends there [protocol.fwdtootherdomains]', async () => {
    for (const settings of [named, {}]) {
      const stage = await Stage.open({ settings });
      const alice = await stage.phone('alice', '192.0.2.21');
      const invite = alice.build('INVITE', 'sip:x@evil.example', 'alice', { body: sdp('192.0.2.21') });
      alice.send(invite);
      await stage.run(20);
      if ('localdomain' in settings) assert.deepEqual(alice.statuses('INVITE'), [403]);
      else {
        alice.send(alice.authorised(invite, alice.response('INVITE', 407), 'alice', password));
        await stage.run(20);
        assert.deepEqual(alice.statuses('INVITE'), [407, 404]);
      }
      assert.deepEqual(stage.dns.asked, []);
    }
  });

  for (const [level, uri, status] of [
    [1, 'sip:other.example', 403],
    [1, 'sip:sip.company.com', 401],
    [1, 'sip:192.0.2.9', 401],
    [1, 'sip:server.example', 401],
    [0, 'sip:other.example', 401],
  ] as const) {
    test(`at ${level} REGISTER ${uri} gets ${status} where the domain is sip.company.com [protocol.blockotherdomains]`, async () => {
      const stage = await Stage.open({ settings: { ...named, blockotherdomains: level } });
      const phone = await stage.peer('192.0.2.66');
      assert.deepEqual(await statusesOf(stage, phone, 'REGISTER', uri), [status]);
      assert.equal(stage.server.guard.findings.counts['other domain'], status === 403 ? 1 : 0);
    });
  }
});

describe('input', () => {
  for (const [level, status] of [
    [1, 401],
    [3, 400],
  ] as const) {
    test(`at ${level} a From user that is SQL gets ${status} and does no harm [protocol.validateinput]`, async () => {
      const stage = await Stage.open({ settings: { validateinput: level } });
      const stranger = await stage.peer('192.0.2.66');
      assert.deepEqual(await statusesOf(stage, stranger, 'REGISTER', 'sip:server.example', "1'%20OR%201=1--"), [
        status,
      ]);
      assert.equal(stage.server.guard.findings.counts['bad value'], status === 400 ? 1 : 0);
    });
  }
});

describe('ports', () => {
  test('with the SIP port at 5070 nothing answers on 5060, on UDP or TCP [network.non-standard-sip-port]', async () => {
    const stage = await Stage.open({ settings: { udp_port: 5070, tcp_port: 5071 } });
    const scanner = await stage.peer('192.0.2.66');
    scanner.send(scanner.build('OPTIONS', 'sip:100@192.0.2.9', 'scanner'));
    await stage.run(100);
    assert.equal(scanner.received.length, 0);
    scanner.send(scanner.build('OPTIONS', 'sip:100@192.0.2.9', 'scanner'), { address: '192.0.2.9', port: 5070 });
    await stage.run(100);
    assert.deepEqual(scanner.statuses('OPTIONS'), [200]);
  });
});

describe('how an account proves itself', () => {
  test('it has one way at a time, and a change holds from the next request on [auth.authtype]', async () => {
    const sender = { name: 'bulk', kind: 'trafficsender', needAuth: 1, authIp: ['192.0.2.60'] } as const;
    const stage = await Stage.open({ accounts: [sender] });
    await stage.phone('bob', '192.0.2.22');
    const bulk = await stage.peer('192.0.2.60');
    assert.deepEqual(await statusesOf(stage, bulk, 'INVITE', bob, 'bulk'), [100]);
    for (const [needAuth, status] of [
      [4, 407],
      [1, 100],
      [3, 407],
    ] as const) {
      const account = stage.server.directory.accountByName('bulk');
      assert.ok(account);
      const changed = { ...account, needAuth, techPrefix: needAuth === 3 ? '12345678' : '' };
      const origin = { by: 'anna', atMs: stage.clock.wallMs() };
      stage.server.directory.apply({ kind: 'account put', account: changed, fields: ['needauth'], origin });
      assert.deepEqual(await statusesOf(stage, bulk, 'INVITE', bob, 'bulk'), [status], `needauth ${needAuth}`);
    }
  });
});

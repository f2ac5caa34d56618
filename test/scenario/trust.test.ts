import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Ban, banKey, type BanScope } from '../../src/guard/bans/ban.ts';
import type { Settings } from '../../src/settings/index.ts';
import { sdp } from './scripted-peer.ts';
import { Stage } from './stage.ts';

describe('trust is about detections, never about who somebody is', () => {
  const everything = { trustlanip: true, trustsubnet: true, trustauthip: true } as const;
  const trusted = ['192.168.1.5', '198.51.100.7'];
  for (const allowtrustedip of [0, 1, 2, 3, 4] as const) {
    for (const address of [...trusted, '192.0.2.50', '192.168.1.50']) {
      test(`at allowtrustedip ${allowtrustedip} a phone at ${address} needs its password to register, call and write [network.allowtrustedip] [network.trustlanip]`, async () => {
        const settings: Partial<Settings> = { allowtrustedip, ...everything, trusted_addresses: trusted };
        const stage = await Stage.open({ settings });
        await stage.phone('bob', '203.0.113.22');
        const phone = await stage.peer(address);
        const uri = 'sip:bob@server.example';
        phone.send(phone.build('REGISTER', 'sip:server.example', 'alice'));
        phone.send(phone.build('INVITE', uri, 'alice', { body: sdp(address) }));
        phone.send(phone.build('MESSAGE', uri, 'alice'));
        await stage.run(20);
        assert.deepEqual(
          ['REGISTER', 'INVITE', 'MESSAGE'].map((method) => phone.statuses(method)[0]),
          [401, 407, 407],
        );
        const register = phone.build('REGISTER', 'sip:server.example', 'alice');
        phone.send(register);
        await stage.run(20);
        phone.send(phone.authorised(register, phone.response('REGISTER', 401), 'alice', 'a wrong password'));
        await stage.run(20);
        assert.equal(phone.statuses('REGISTER').at(-1), 403);
      });
    }
  }

  test('the address of a traffic sender calls as that sender, and as nobody else [network.trustauthip]', async () => {
    const sender = {
      name: 'bulk',
      kind: 'trafficsender',
      needAuth: 3,
      authIp: ['198.51.100.7'],
      techPrefix: '12345678',
    } as const;
    const settings = { trustauthip: true, allowtrustedip: 4 } as const;
    const stage = await Stage.open({ settings, accounts: [sender], numbers: [{ number: '4312345', accountId: 2 }] });
    await stage.phone('bob', '203.0.113.22');
    const gateway = await stage.peer('198.51.100.7');
    for (const [uri, status] of [
      ['sip:12345678004312345@server.example', 100],
      ['sip:004312345@server.example', 407],
    ] as const) {
      gateway.send(gateway.build('INVITE', uri, 'alice', { body: sdp('198.51.100.7') }));
      await stage.run(20);
      assert.equal(gateway.statuses('INVITE').at(status === 100 ? 0 : -1), status, uri);
    }
    assert.equal(stage.store.rows[0]?.cdr.callerName, 'bulk');
  });
});

describe('calls that run when their source is banned', () => {
  const rows: readonly (readonly [scope: BanScope, subject: string, isHit: boolean])[] = [
    ['address', '198.51.100.7', true],
    ['address', '198.51.100.8', false],
    ['prefix', '198.51.100.0/24', true],
    ['prefix', '198.51.101.0/24', false],
    ['address and port', '198.51.100.7:5060', true],
    ['address and port', '198.51.100.7:5061', false],
    ['user', 'alice', false],
    ['user agent', 'friendly', false],
  ];
  for (const [scope, subject, isHit] of rows) {
    for (const end_calls_of_banned of [false, true]) {
      const left = end_calls_of_banned && isHit ? 0 : 1;
      test(`${end_calls_of_banned ? 'with' : 'without'} end_calls_of_banned the ${scope} ${subject} leaves ${left} of one [own.end-calls-of-banned]`, async () => {
        const stage = await Stage.open({ settings: { end_calls_of_banned } });
        const caller = await stage.phone('alice', '198.51.100.7');
        const bob = await stage.phone('bob', '192.0.2.22');
        const invite = await stage.invite(caller, 'alice', 'sip:bob@server.example');
        bob.respond(bob.request('INVITE'), 200, { body: sdp('192.0.2.22') });
        await stage.run(40);
        caller.ack(invite, caller.response('INVITE', 200));
        await stage.run(40);
        const said = { rule: 'manual', reason: '', evidence: '', count: 1, by: 'root', atMs: 0, untilMs: undefined };
        const ban: Ban = { key: banKey(scope, subject), action: 'ban', scope, subject, ...said };
        stage.server.guard.put(ban);
        await stage.run(40);
        for (const bye of bob.requests('BYE')) bob.respond(bye, 200);
        // A banned caller's answer to our BYE is not read: its line is held for 32 s.
        await stage.run(left === 0 ? 33_000 : 40);
        assert.equal(stage.server.calls.count, left);
        // The other side hears of it, whether the banned one does or not.
        assert.equal(bob.requests('BYE').length, 1 - left);
      });
    }
  }

  test('a call of an allowed address goes on, also when the range around it is banned [own.end-calls-of-banned]', async () => {
    const stage = await Stage.open({ settings: { end_calls_of_banned: true } });
    const caller = await stage.phone('alice', '198.51.100.7');
    const bob = await stage.phone('bob', '192.0.2.22');
    await stage.invite(caller, 'alice', 'sip:bob@server.example');
    const said = { rule: 'manual', reason: '', evidence: '', count: 1, by: 'root', atMs: 0, untilMs: undefined };
    for (const [action, scope, subject] of [
      ['allow', 'address', '198.51.100.7'],
      ['ban', 'prefix', '198.51.100.0/24'],
    ] as const) {
      stage.server.guard.put({ key: banKey(scope, subject), action, scope, subject, ...said });
    }
    await stage.run(40);
    assert.deepEqual([bob.requests('CANCEL').length, stage.server.calls.count], [0, 1]);
  });
});
